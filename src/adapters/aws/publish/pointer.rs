//! Publishing without a copy: the manifest says that the export itself is what is published, and where it lies.
//!
//! Nothing is copied, and nothing is removed: what lies below `latest/` besides, of a time when the source was copied, is
//! nobody's any more. Readers are turned to the new data by their catalogs.

use std::sync::Arc;

use aws_sdk_s3::Client;
use futures_util::TryStreamExt as _;

use super::{
    Published, Stamp,
    calls::Calls,
    check, count, diff,
    list::{Listing, ranges},
    manifest::{self, Draft, Manifest},
    names::Names,
    nothing,
    objects::Wanted,
    refuse_older, refuse_overlap,
    trouble::Side,
};
use crate::{
    clock::Clock,
    domain::{
        failure::Failure,
        run::Run,
        source::{Location, Source},
    },
};

/// Makes the manifest at `to` name the data of the export at `from` (its prefix with the task's name). Repeating it does
/// no harm.
///
/// # Errors
/// `LatestIsNewer`: the manifest names data of a newer snapshot. `CopyIncomplete`: there is nothing to publish. Otherwise
/// what S3 said; a transient one asks to be tried again.
pub(super) async fn publish(
    s3: &Client,
    clock: &dyn Clock,
    from: &Location,
    to: &Location,
    stamp: &Stamp,
) -> Result<Published, Failure> {
    refuse_overlap(from, to)?;
    let calls = &Calls::new(s3);
    let before = manifest::read(calls, to).await?;
    refuse_older(&before, to, stamp)?;
    let wanted = &data(calls, from).await?;
    if wanted.len() == 0 {
        return Err(nothing(from));
    }
    let draft = Draft { stamp, published_at: clock.now(), removed: 0, location: Some(from), wanted };
    manifest::write(calls, to, &draft, &before.expected).await?;
    let (objects, bytes) = (count(wanted.len()), wanted.bytes());
    Ok(Published { objects, bytes, copied: 0, removed: 0, calls: calls.sent(), refused: calls.refused() })
}

/// Returns the manifest, and whether it is the run's, names the export itself, and is true.
pub(super) async fn look_at(
    calls: &Arc<Calls>,
    run: &Run,
    source: &Source,
) -> Result<(Option<Manifest>, bool), Failure> {
    let Some(manifest) = manifest::read(calls, &source.latest).await?.manifest else { return Ok((None, false)) };
    let from = source.export_of(&run.export_task);
    if manifest.export_task != run.export_task.as_str() || manifest.location != Some(from.url()) {
        return Ok((Some(manifest), false));
    }
    let complete = check::is_complete(listing(calls, &from), &manifest, diff::is_data).await?;
    Ok((Some(manifest), complete))
}

/// Returns the export's data, without its status files; all of it is in place.
async fn data(calls: &Arc<Calls>, from: &Location) -> Result<Wanted, Failure> {
    let mut wanted = Wanted::default();
    let mut pages = listing(calls, from).pages(ranges(&Names::default()));
    while let Some(page) = pages.try_next().await? {
        let data = page.iter().filter(|it| diff::is_data(&it.name));
        data.for_each(|it| wanted.push(it, Some(it.etag.as_str().into())));
    }
    Ok(wanted)
}

fn listing<'a>(calls: &'a Arc<Calls>, at: &'a Location) -> Listing<'a> {
    Listing { calls, at, side: Side::Source }
}
