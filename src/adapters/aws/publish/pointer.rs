//! Publishing without a copy: the manifest says that the export itself is what is published, and where it lies.
//!
//! Nothing is copied, and nothing is removed: what lies below `latest/` besides, of a time when the source was copied, is
//! nobody's any more. Readers are turned to the new data by their catalogs.

use super::{
    super::s3::{Object, S3},
    Published, Stamp, count, diff,
    manifest::{self, Key, Manifest},
    nothing, refuse_older, refuse_overlap,
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
    s3: &S3<'_>,
    clock: &dyn Clock,
    from: &Location,
    to: &Location,
    stamp: &Stamp,
) -> Result<Published, Failure> {
    refuse_overlap(from, to)?;
    let data = data(s3, from).await?;
    if data.is_empty() {
        return Err(nothing(from));
    }
    let before = manifest::read(s3, to).await?;
    refuse_older(&before, to, stamp)?;
    let keys = data.iter().map(|it| key(it, from)).collect();
    let manifest = Manifest { location: Some(from.url()), ..Manifest::new(stamp, clock.now(), 0, keys) };
    manifest::write(s3, to, &manifest, before.expected).await?;
    let bytes = data.iter().map(|it| it.size).sum();
    Ok(Published { objects: count(data.len()), bytes, copied: 0, removed: 0, calls: s3.calls() })
}

/// Returns the manifest, and whether it is the run's, names the export itself, and is true.
pub(super) async fn look_at(s3: &S3<'_>, run: &Run, source: &Source) -> Result<(Option<Manifest>, bool), Failure> {
    let Some(manifest) = manifest::read(s3, &source.latest).await?.manifest else { return Ok((None, false)) };
    let from = source.export_of(&run.export_task);
    if manifest.export_task != run.export_task.as_str() || manifest.location != Some(from.url()) {
        return Ok((Some(manifest), false));
    }
    let complete = diff::is_complete(&manifest, &data(s3, &from).await?, &from);
    Ok((Some(manifest), complete))
}

/// Returns the export's data, without its status files.
async fn data(s3: &S3<'_>, from: &Location) -> Result<Vec<Object>, Failure> {
    Ok(s3.list(from).await?.into_iter().filter(|it| diff::is_data(&it.name)).collect())
}

fn key(object: &Object, from: &Location) -> Key {
    let (key, etag) = (from.key(&object.name), object.etag.clone());
    Key { key, size: object.size, source_etag: etag.clone(), etag }
}
