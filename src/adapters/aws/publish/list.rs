//! Listing a prefix: page after page, or in ranges side by side where it is known how its names are spread.

use std::{ops::ControlFlow, panic::resume_unwind, sync::Arc};

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tokio::task::JoinSet;

use super::{
    super::s3::{Object, object},
    calls::{Calls, Lane},
    names::Names,
    trouble::{Action, Side},
};
use crate::domain::{
    failure::{Class, Failure},
    source::Location,
};

/// Names on one page, the most that
/// [`ListObjectsV2`](https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html) gives.
pub(super) const PAGE: usize = 1000;
/// Names of a former listing that make a range of the next: with a few more, a range is still one page.
const RANGE: usize = 900;
/// Ranges of one prefix that are listed at the same time.
pub(super) const AT_ONCE: usize = 12;

/// The names after `after`, up to and with `until`; all where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) after: Option<String>,
    pub(super) until: Option<String>,
}

/// Returns ranges that together are everything, each of which is about a page if the names are spread like `known`.
/// It does no harm if they are not.
pub(super) fn ranges(known: &Names) -> Vec<Range> {
    let ends = (RANGE..known.len()).step_by(RANGE).map(|at| Some(known.get(at - 1))).chain([None]);
    let next = |after: &mut Option<String>, until: Option<String>| {
        Some(Range { after: std::mem::replace(after, until.clone()), until })
    };
    ends.scan(None, next).collect()
}

/// A prefix that is listed.
#[derive(Clone, Copy)]
pub(super) struct Listing<'a> {
    pub(super) calls: &'a Arc<Calls>,
    pub(super) at: &'a Location,
    pub(super) side: Side,
}

/// How far the listing of a range has come.
struct Reading {
    range: Range,
    page: Option<Vec<Object>>,
    /// Where the next page begins; `None` after the last.
    token: Option<String>,
}

impl<'a> Listing<'a> {
    /// Returns the pages of `ranges` in order. Within a range one page is asked for after the other; the first pages of
    /// ranges that follow are asked for at the same time.
    pub(super) fn pages(self, ranges: Vec<Range>) -> impl Stream<Item = Result<Vec<Object>, Failure>> + Unpin + 'a {
        let begun = stream::iter(ranges).map(move |it| self.begin(it)).buffered(AT_ONCE);
        Box::pin(begun.map_ok(move |it| self.rest(it)).try_flatten())
    }

    /// Returns the pages of one range.
    pub(super) fn range(self, range: Range) -> impl Stream<Item = Result<Vec<Object>, Failure>> + 'a {
        stream::once(self.begin(range)).map_ok(move |it| self.rest(it)).try_flatten()
    }

    async fn begin(self, range: Range) -> Result<Reading, Failure> {
        self.read(Reading { range, page: None, token: None }).await
    }

    fn rest(self, begun: Reading) -> impl Stream<Item = Result<Vec<Object>, Failure>> + 'a {
        stream::try_unfold(begun, move |mut it| async move {
            if it.page.is_none() && it.token.is_some() {
                it = self.read(it).await?;
            }
            Ok(it.page.take().map(|page| (page, it)))
        })
    }

    /// Reads the next page of a range, in a task of its own: who has begun several pages is busy with one of them, and
    /// what stands in line for its turn, or is being answered, must not wait for that.
    async fn read(self, reading: Reading) -> Result<Reading, Failure> {
        let (calls, at) = (Arc::clone(self.calls), self.at.clone());
        let mut task = JoinSet::new();
        task.spawn(async move { Listing { calls: &calls, at: &at, side: self.side }.read_here(reading).await });
        let read = task.join_next().await.expect("it was spawned");
        read.unwrap_or_else(|it| resume_unwind(it.into_panic()))
    }

    async fn read_here(self, reading: Reading) -> Result<Reading, Failure> {
        let Reading { range, token, .. } = reading;
        let after = range.after.as_deref().map(|it| self.at.key(it));
        let make = |s3: &aws_sdk_s3::Client| {
            let call = s3.list_objects_v2().bucket(&self.at.bucket).prefix(self.at.key(""));
            match &token {
                Some(token) => call.continuation_token(token),
                None => call.set_start_after(after.clone()),
            }
            .send()
        };
        let answer = self.calls.send(Lane::Read, make).await;
        let answer = answer.map_err(|it| Action::ListBucket.failed(self.side, self.at, it))?;
        let token = answer.next_continuation_token.clone();
        let (page, ended) = self.within(answer, &range)?;
        Ok(Reading { range, page: Some(page), token: token.filter(|_| !ended) })
    }

    /// Returns what of a page is in the range, and whether the range ends on it.
    ///
    /// # Errors
    /// The names are not in order, as they are in every bucket but directory buckets: nothing may be concluded from them.
    fn within(self, answer: ListObjectsV2Output, range: &Range) -> Result<(Vec<Object>, bool), Failure> {
        let prefix = self.at.key("");
        let mut page: Vec<Object> = Vec::with_capacity(answer.contents().len());
        let taken = answer.contents.into_iter().flatten().try_for_each(|it| {
            let Some(found) = object(it, &prefix) else { return ControlFlow::Continue(()) };
            if range.until.as_ref().is_some_and(|it| found.name > *it) {
                return ControlFlow::Break(None);
            }
            if page.last().is_some_and(|it| found.name <= it.name) {
                return ControlFlow::Break(Some(found.name));
            }
            if range.after.as_ref().is_none_or(|it| found.name > *it) {
                page.push(found);
            }
            ControlFlow::Continue(())
        });
        match taken {
            ControlFlow::Continue(()) => Ok((page, false)),
            ControlFlow::Break(None) => Ok((page, true)),
            ControlFlow::Break(Some(name)) => {
                let message = format!("{} is listed out of order at {name}", self.at.url());
                Err(Failure::new(Class::Config, "ListingOutOfOrder", message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_are_everything_once(count in 0_usize..5000) {
            let mut known = Names::default();
            (0..count).for_each(|it| known.push(&format!("{it:05}")));
            let ranges = ranges(&known);
            prop_assert_eq!(ranges.len(), count.saturating_sub(1) / RANGE + 1);
            prop_assert!(ranges[0].after.is_none() && ranges[ranges.len() - 1].until.is_none());
            prop_assert!(ranges.windows(2).all(|it| it[0].until.is_some() && it[0].until == it[1].after));
        }
    }
}
