//! Copying objects within S3: no byte of them comes through the bot.

mod call;
mod parts;

use std::{collections::VecDeque, time::Duration};

use futures_util::{StreamExt as _, future::ready, stream::FuturesUnordered};
use tokio::{sync::mpsc::Receiver, time::timeout};
use tokio_util::sync::CancellationToken;

use self::call::{Done, Job};
pub(super) use self::{
    call::Copier,
    parts::{give_up, open},
};
use super::{super::s3::Object, meter::Meter};
use crate::domain::failure::{Class, Failure, codes};

/// Calls that are in flight at the same time, of objects and of parts together.
const AT_ONCE: usize = 224;

/// How long calls that are in flight are waited for when copying ends early: an upload whose beginning is still to be
/// answered has no id by which it could be given up.
const LAST: Duration = Duration::from_secs(5);

/// Copies each object that comes.
///
/// # Errors
/// The first failure ends all of it, and so does `stop`, as `Stopped`. What was begun is for [`Copier::give_up`].
pub(super) async fn all(
    copier: &Copier<'_>,
    mut objects: Receiver<Object>,
    meter: &Meter<'_>,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let mut waiting: VecDeque<Job> = VecDeque::new();
    let mut calls = FuturesUnordered::new();
    let mut more = true;
    let failure = loop {
        while calls.len() < AT_ONCE
            && let Some(job) = waiting.pop_front()
        {
            calls.push(copier.run(job));
        }
        if !more && calls.is_empty() {
            return Ok(());
        }
        let done = tokio::select! {
            biased;
            () = stop.cancelled() => break stopped(),
            object = objects.recv(), if more && calls.len() < AT_ONCE => {
                more = object.is_some();
                waiting.extend(object.map(|it| copier.job(it)));
                continue;
            }
            Some(done) = calls.next() => done,
        };
        match done {
            Err(failure) => break failure,
            Ok(Done::Object { bytes }) => {
                meter.moved(bytes);
                meter.copied();
            }
            // What is begun is brought to its end first, so that few uploads are open.
            Ok(Done::Begun(upload)) => upload.parts().rev().for_each(|it| waiting.push_front(it)),
            Ok(Done::Part { upload, bytes }) => {
                meter.moved(bytes);
                waiting.extend(upload.is_whole().then_some(Job::Complete(upload)));
            }
            Ok(Done::Completed) => meter.copied(),
        }
    };
    // That they do not end in time is what the next publish mends.
    let _ = timeout(LAST, calls.for_each(|_| ready(()))).await;
    Err(failure)
}

fn stopped() -> Failure {
    Failure::new(Class::Transient, codes::STOPPED, "asked to stop before everything was copied; nothing was removed")
}

#[cfg(test)]
mod tests;
