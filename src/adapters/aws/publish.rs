//! The stage `latest`: an export's data is copied under a fixed prefix, and what it replaces is removed.
//!
//! The order is what makes it safe to be killed anywhere and begun again. Both sides are listed side by side, and copying
//! begins with the first page ([`plan`], [`diff`], [`copy`]). When every copy has succeeded, the target is listed where
//! something was copied ([`check`]); then what does not belong is removed ([`remove`]), and only then the manifest is
//! written, which says whose data is there ([`manifest`]). Readers that only know the prefix may see old and new data
//! together for a while, never too little.
//!
//! Of several that publish to one prefix at the same time one wins the manifest. None may leave it untrue without a word:
//! before anything is removed the manifest must still be the one of the beginning, and the winner looks once more.

mod calls;
#[cfg(test)]
mod canned;
mod check;
mod copy;
mod diff;
mod list;
mod manifest;
mod meter;
mod names;
mod objects;
mod pace;
mod plan;
mod pointer;
mod remove;
mod trouble;
mod whole;

use std::sync::Arc;

use aws_sdk_s3::Client;
use futures_util::future::try_join;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc::channel;
use tokio_util::sync::CancellationToken;

use self::{
    calls::Calls,
    copy::Copier,
    list::Listing,
    manifest::{Before, Draft, Manifest},
    meter::Meter,
    plan::Plan,
    trouble::{Side, contested},
};
use super::s3::Content;
use crate::{
    clock::Clock,
    domain::{
        failure::{Class, Failure, codes},
        forecast::Holding,
        run::Run,
        seen::{Seen, Started},
        source::{Location, Publish, Source},
        stage::Detail,
    },
    engine::ports::{Progress, Removed},
};

/// Objects that are found before they are copied.
const AHEAD: usize = 1000;

/// What the published data is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Name of the export task.
    pub export_task: String,
    /// When the snapshot was taken. `None`: nobody knows; then nothing is newer.
    pub snapshot_time: Option<Timestamp>,
    /// The export task that may be replaced though its snapshot is newer: somebody rolls back from it.
    pub replaces: Option<String>,
}

/// What publishing has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Published {
    /// Objects of the export.
    pub objects: u64,
    /// Their size, in bytes.
    pub bytes: u64,
    /// Objects that were copied; the others were there already.
    pub copied: u64,
    /// Objects that were removed.
    pub removed: u64,
    /// Calls to S3, each attempt counted.
    pub calls: u64,
    /// Calls that S3 has refused because they came too fast, and that were sent again.
    pub refused: u64,
}

/// Makes `to` hold the data of the export at `from` (its prefix with the task's name), and nothing else but the
/// manifest.
///
/// Repeating it does no harm, and finishes what was cut off. `s3` is a client of
/// [`publish_client`](super::publish_client).
///
/// # Errors
/// `LatestIsNewer`: `to` holds data of a newer snapshot, and `stamp` does not say that it is to be replaced.
/// `ManifestUnreadable`: nobody knows what it holds. `NotOneExport`, `TargetOfOthers`: `from` holds several exports, or
/// somebody else's data is published below `to`; something may have been copied, nothing was removed.
/// `CopyIncomplete`: there is nothing to publish, or after the copy an object was missing or had another size; nothing was
/// removed. `LatestContested`, which is transient: somebody else publishes there at the same time. `Stopped`: `stop` was
/// canceled while objects were copied; uploads that were begun are given up. Otherwise what S3 said, with the action and
/// the side; a transient one asks to be tried again.
pub async fn publish(
    s3: &Client,
    clock: &dyn Clock,
    from: &Location,
    to: &Location,
    stamp: &Stamp,
    progress: &Progress,
    stop: &CancellationToken,
) -> Result<Published, Failure> {
    refuse_overlap(from, to)?;
    let calls = &Calls::new(s3);
    let mut before = manifest::read(calls, to).await?;
    refuse_older(&before, to, stamp)?;

    let target = Listing { calls, at: to, side: Side::Target };
    let source = Listing { at: from, side: Side::Source, ..target };
    let meter = &Meter::new(progress, clock);
    let Plan { mut wanted, stale } = copied((source, target), before.manifest.take(), meter, stop).await?;
    let (copied, removed) = (count(wanted.unseen().count()), count(stale.len()));
    if wanted.len() == 0 {
        return Err(nothing(from));
    }
    // Who has begun these before the manifest is won cannot win it any more, or is dead: both give them up.
    let left_over = async { Ok(if copied > 0 { copy::open(calls, to).await } else { Vec::new() }) };
    let ((), left_over) = try_join(check::all(target, &mut wanted, &stale), left_over).await?;
    if removed > 0 {
        // What was stale at the beginning may be the fresh copy of somebody who was faster.
        before.is_still_there(calls, to).await?;
        remove::all(calls, to, &stale).await?;
    }
    // The manifest is made beside what is still held.
    drop(stale);

    let draft = Draft { stamp, published_at: clock.now(), removed, location: None, wanted: &wanted };
    manifest::write(calls, to, &draft, &before.expected).await?;
    copy::give_up(calls, to, &left_over).await;
    if copied + removed > 0 && !check::is_in_place(target, &wanted).await? {
        return Err(contested(to, "after the manifest was written, what is there is not what it names"));
    }
    let (objects, bytes) = (count(wanted.len()), wanted.bytes());
    Ok(Published { objects, bytes, copied, removed, calls: calls.sent(), refused: calls.refused() })
}

/// Lists both sides and copies what is not in place, both at the same time. Returns what was wanted and what is stale.
async fn copied(
    (source, target): (Listing<'_>, Listing<'_>),
    before: Option<Manifest>,
    meter: &Meter<'_>,
    stop: &CancellationToken,
) -> Result<Plan, Failure> {
    let ranges = list::ranges(&before.as_ref().map(|it| it.names(target.at)).unwrap_or_default());
    let keys = before.map(|it| it.keys).unwrap_or_default();
    let copier = &Copier::new(target.calls, source.at, target.at);
    let (found, objects) = channel(AHEAD);
    let drawn = plan::draw((source, target), ranges, &keys, found, meter);
    match Box::pin(try_join(drawn, copy::all(copier, objects, meter, stop))).await {
        Ok((plan, ())) => Ok(plan),
        Err(failure) => {
            copier.give_up().await;
            Err(failure)
        }
    }
}

/// Returns whether the run's data is what `latest/` holds: the manifest is the run's, and what is there is what the
/// manifest names. The second tells a later run's half-done copy from ours. The marker is the export task whose data
/// is there.
pub(super) async fn look(s3: &Client, run: &Run, source: &Source) -> Seen {
    let calls = &Calls::new(s3);
    let found = match source.publish {
        Publish::Copy => look_at(calls, run, &source.latest).await,
        Publish::Pointer => pointer::look_at(calls, run, source).await,
    };
    match found {
        Ok((Some(manifest), true)) => Seen::Done { detail: manifest.detail(), warnings: Vec::new() },
        Ok((manifest, _)) => Seen::Absent { marker: manifest.map(|it| it.export_task) },
        Err(failure) => Seen::Unclear(failure),
    }
}

/// Removes everything below `at`, and returns what that was. Repeating it finishes what was cut off.
pub(super) async fn empty(s3: &Client, at: &Location) -> Result<Removed, Failure> {
    remove::everything(&Calls::new(s3), at).await
}

/// Returns what the manifest says of `latest`.
///
/// # Errors
/// `ManifestUnreadable`: that cannot be told. Otherwise what S3 said.
pub(super) async fn holding(s3: &Client, latest: &Location) -> Result<Holding, Failure> {
    let Before { manifest, unreadable, .. } = manifest::read(&Calls::new(s3), latest).await?;
    match (manifest, unreadable) {
        (Some(manifest), _) => manifest.held(latest).map(Holding::Published),
        (None, Some(unreadable)) => Err(unreadable),
        (None, None) => Ok(Holding::Unpublished),
    }
}

/// Returns `name` of the export at `at`. `None`: it is not there.
pub(super) async fn of_export(s3: &Client, at: &Location, name: &str) -> Result<Option<Content>, Failure> {
    Calls::new(s3).get(Side::Source, at, name).await
}

/// Returns the manifest, and whether it is the run's and true.
async fn look_at(calls: &Arc<Calls>, run: &Run, latest: &Location) -> Result<(Option<Manifest>, bool), Failure> {
    let Some(manifest) = manifest::read(calls, latest).await?.manifest else { return Ok((None, false)) };
    if manifest.export_task != run.export_task.as_str() {
        return Ok((Some(manifest), false));
    }
    let target = Listing { calls, at: latest, side: Side::Target };
    let complete = check::is_complete(target, &manifest, |it| it != manifest::NAME).await?;
    Ok((Some(manifest), complete))
}

/// Publishes the run's export. All of it is done when this returns.
pub(super) async fn start(s3: &Client, clock: &dyn Clock, run: &Run, source: &Source, progress: &Progress) -> Started {
    let (from, to) = (source.export_of(&run.export_task), &source.latest);
    let stamp = Stamp {
        export_task: run.export_task.as_str().to_owned(),
        snapshot_time: Some(run.snapshot_time),
        replaces: run.replaces().map(ToString::to_string),
    };
    if let Err(failure) = whole::check(s3, &from, run).await {
        return if failure.class == Class::Transient { Started::Unclear(failure) } else { Started::Failed(failure) };
    }
    let published = match source.publish {
        // When the bot stops, all of it is cut off; the next publish gives up what was begun.
        Publish::Copy => publish(s3, clock, &from, to, &stamp, progress, &CancellationToken::new()).await,
        Publish::Pointer => pointer::publish(s3, clock, &from, to, &stamp).await,
    };
    match published {
        Ok(_) => Started::Acted { handle: None },
        Err(failure) if failure.class == Class::Transient => Started::Unclear(failure),
        Err(failure) => Started::Failed(failure),
    }
}

/// Reads `bytes` as the manifest.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(bytes: &[u8]) {
    if let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) {
        let _ = manifest.detail();
    }
}

/// Refuses prefixes of which one lies in the other: what is published would be removed as stale, or the export itself.
fn refuse_overlap(from: &Location, to: &Location) -> Result<(), Failure> {
    let (a, b) = (from.url(), to.url());
    if a.starts_with(&b) || b.starts_with(&a) {
        let message = format!("one of {a} and {b} lies in the other");
        return Err(Failure::new(Class::Config, codes::OVERLAPPING_PREFIXES, message));
    }
    Ok(())
}

/// Refuses to replace a newer snapshot's data, or data of which nobody can tell whether it is.
fn refuse_older(before: &Before, to: &Location, stamp: &Stamp) -> Result<(), Failure> {
    if let Some(unreadable) = &before.unreadable {
        return Err(unreadable.clone());
    }
    let Some(newer) = before.manifest.as_ref().filter(|it| it.outranks(stamp)) else { return Ok(()) };
    let message = format!("{} holds {}", to.url(), newer.export_task);
    Err(Failure::new(Class::Data, codes::LATEST_IS_NEWER, message))
}

fn nothing(from: &Location) -> Failure {
    Failure::new(Class::Data, codes::COPY_INCOMPLETE, format!("no data files below {}", from.url()))
}

fn count(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits into 64 bits")
}

impl Manifest {
    fn detail(&self) -> Detail {
        Detail {
            objects: Some(count(self.keys.len())),
            bytes: Some(self.keys.bytes()),
            removed: Some(self.removed),
            ..Detail::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(prefix: &str) -> Location {
        Location { bucket: "lake".to_owned(), prefix: prefix.to_owned() }
    }

    #[test]
    fn prefixes_within_each_other_are_refused() {
        for (from, to, fine) in [
            ("raw/shop-a1", "latest/shop", true),
            ("raw/shop", "raw/shop-2", true),
            ("raw/shop", "raw", false),
            ("raw", "raw/latest", false),
            ("raw", "raw", false),
            ("raw", "", false),
        ] {
            assert_eq!(refuse_overlap(&location(from), &location(to)).is_ok(), fine, "{from} {to}");
        }
    }
}
