//! Whether an export that is published again is still what it was when it was published first. What expires, or is removed by
//! hand, goes object by object, and nothing of RDS's own files tells it.

use std::sync::Arc;

use aws_sdk_s3::Client;
use futures_util::TryStreamExt as _;

use super::{
    calls::Calls,
    count, diff,
    list::{Listing, ranges},
    names::Names,
    trouble::Side,
};
use crate::domain::{
    failure::{Class, Failure, Found, codes},
    run::Run,
    source::Location,
    stage::Extent,
};

/// Looks, before anything is replaced, at whether the export at `from` has all that was published of it, where that was
/// before.
///
/// # Errors
/// `ExportInPart`: it has less. Otherwise what S3 said of the listing.
pub(super) async fn check(s3: &Client, from: &Location, run: &Run) -> Result<(), Failure> {
    let Some(was) = run.first_published else { return Ok(()) };
    let is = extent(&Calls::new(s3), from).await?;
    if is.lacks(was) {
        Err(Failure::found(Class::Data, codes::EXPORT_IN_PART, Found::InPart { is, was }))
    } else {
        Ok(())
    }
}

async fn extent(calls: &Arc<Calls>, at: &Location) -> Result<Extent, Failure> {
    let mut extent = Extent { objects: 0, bytes: 0 };
    let mut pages = Listing { calls, at, side: Side::Source }.pages(ranges(&Names::default()));
    while let Some(page) = pages.try_next().await? {
        let data: Vec<u64> = page.iter().filter(|it| diff::is_data(&it.name)).map(|it| it.size).collect();
        extent.objects += count(data.len());
        extent.bytes += data.iter().sum::<u64>();
    }
    Ok(extent)
}
