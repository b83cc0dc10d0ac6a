//! Copying objects within S3: no byte of them comes through the bot.

mod call;
mod parts;

use std::collections::VecDeque;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::sync::mpsc::Receiver;

use self::call::{Done, Job};
pub(super) use self::{call::Copier, parts::give_up_leftovers};
use super::{super::s3::Object, meter::Meter};
use crate::domain::failure::Failure;

/// Calls that are in flight at the same time, of objects and of parts together.
const AT_ONCE: usize = 192;

/// Copies each object that comes.
///
/// # Errors
/// The first failure ends all of it. What was begun is for [`Copier::give_up`].
pub(super) async fn all(copier: &Copier<'_>, mut objects: Receiver<Object>, meter: &Meter<'_>) -> Result<(), Failure> {
    let mut waiting: VecDeque<Job> = VecDeque::new();
    let mut calls = FuturesUnordered::new();
    let mut more = true;
    loop {
        while calls.len() < AT_ONCE
            && let Some(job) = waiting.pop_front()
        {
            calls.push(copier.run(job));
        }
        let done = tokio::select! {
            biased;
            object = objects.recv(), if more && calls.len() < AT_ONCE => {
                more = object.is_some();
                waiting.extend(object.map(|it| copier.job(it)));
                continue;
            }
            Some(done) = calls.next() => done,
            else => return Ok(()),
        };
        match done? {
            Done::Object { bytes } => {
                meter.moved(bytes);
                meter.copied();
            }
            // What is begun is brought to its end first, so that few uploads are open.
            Done::Begun(upload) => upload.parts().rev().for_each(|it| waiting.push_front(it)),
            Done::Part { upload, bytes } => {
                meter.moved(bytes);
                waiting.extend(upload.is_whole().then_some(Job::Complete(upload)));
            }
            Done::Completed => meter.copied(),
        }
    }
}

#[cfg(test)]
mod tests;
