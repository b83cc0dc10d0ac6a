//! Listing both sides, and handing out what must be copied while the rest is still being listed.

use futures_util::{Stream, TryStreamExt as _, future::try_join3};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{
    super::s3::Object,
    diff::{self, Diff, Step},
    list::{Listing, Range},
    manifest::{self, Keys},
    meter::Meter,
    names::Names,
    objects::Wanted,
};
use crate::domain::{
    failure::{Class, Failure, codes},
    source::Location,
};

/// What is to be below `latest/`, and what is there beside it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) wanted: Wanted,
    pub(super) stale: Names,
}

/// Lists both sides, and sends what must be copied to `copies`, in the order of names. `ranges` are those that the names
/// of both are expected to be spread over, `before` what the manifest in place names.
///
/// # Errors
/// `NotOneExport`, `TargetOfOthers`: one of the prefixes is another one than was meant. Otherwise what S3 said.
pub(super) async fn draw(
    (source, target): (Listing<'_>, Listing<'_>),
    ranges: Vec<Range>,
    before: &Keys,
    copies: Sender<Object>,
    meter: &Meter<'_>,
) -> Result<Plan, Failure> {
    let (found, sources) = channel(1);
    let (there, targets) = channel(1);
    let diff = Diff::new(before, target.at.key(""));
    let listed = (pump(source.pages(ranges.clone()), found), pump(target.pages(ranges), there));
    let merged = merge((diff, source.at, target.at), sources, targets, copies, meter);
    let (plan, (), ()) = try_join3(merged, listed.0, listed.1).await?;
    Ok(plan)
}

/// Sends pages on for as long as somebody takes them, so that both sides are listed at the same time.
async fn pump(
    mut pages: impl Stream<Item = Result<Vec<Object>, Failure>> + Unpin,
    to: Sender<Vec<Object>>,
) -> Result<(), Failure> {
    // The next page is waited for when there is room for it, so that no more than those begun are held beside it.
    while let Ok(room) = to.reserve().await {
        let Some(page) = pages.try_next().await? else { break };
        room.send(page);
    }
    Ok(())
}

async fn merge(
    (mut diff, from, to): (Diff<'_>, &Location, &Location),
    mut sources: Receiver<Vec<Object>>,
    mut targets: Receiver<Vec<Object>>,
    copies: Sender<Object>,
    meter: &Meter<'_>,
) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    loop {
        match diff.step() {
            Step::NeedSource => {
                let page = sources.recv().await;
                refuse_exports_below(from, page.as_deref().unwrap_or_default())?;
                diff.source(page);
            }
            Step::NeedTarget => diff.target(targets.recv().await),
            Step::Same(object, etag) => {
                meter.found(object.size, true);
                plan.wanted.push(&object, Some(etag));
            }
            Step::Copy(object) => {
                meter.found(object.size, false);
                plan.wanted.push(&object, None);
                // Who copies takes everything, or has failed and ends the whole.
                let _ = copies.send(object).await;
            }
            Step::Stale(name) => {
                refuse_others(to, &name)?;
                plan.stale.push(&name);
            }
            Step::End => break,
        }
    }
    meter.all_found();
    Ok(plan)
}

/// Refuses a source of which a folder is an export: together they are none.
fn refuse_exports_below(from: &Location, page: &[Object]) -> Result<(), Failure> {
    let is_below = |it: &&Object| it.name.rsplit_once('/').is_some_and(|(_, file)| diff::is_info(file));
    let Some(found) = page.iter().find(is_below) else { return Ok(()) };
    let message = format!("{} is no export, but holds one: {}", from.url(), found.name);
    Err(Failure::new(Class::Config, codes::NOT_ONE_EXPORT, message))
}

/// Refuses to remove what somebody has published below the target.
fn refuse_others(to: &Location, stale: &str) -> Result<(), Failure> {
    if stale.rsplit_once('/').is_none_or(|(_, file)| file != manifest::NAME) {
        return Ok(());
    }
    let message = format!("{} would lose what is published below it, by {stale}", to.url());
    Err(Failure::new(Class::Config, codes::TARGET_OF_OTHERS, message))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::{
        super::{
            calls::Calls,
            canned::{Answer, Canned, fine, refusal},
            list::ranges,
            trouble::Side,
        },
        *,
    };
    use crate::{clock::System, engine::ports::Progress};

    /// Names on either side, and those of a range.
    const NAMES: usize = 7200;
    const RANGE: usize = 900;

    /// Lists the thousand names after the one that the call begins after.
    fn listed(call: &str) -> Answer {
        let prefix = if call.contains("prefix=raw") { "raw/" } else { "latest/" };
        let from = begins(call);
        let row = |it| format!("<Contents><Key>{prefix}{it:05}</Key><Size>1</Size><ETag>e</ETag></Contents>");
        let rows: String = (from..NAMES.min(from + 1000)).map(row).collect();
        fine(format!("<ListBucketResult>{rows}</ListBucketResult>"))
    }

    /// Returns the number of the first name that the call asks for.
    fn begins(call: &str) -> usize {
        let after = call.split_once("start-after=").map(|(_, it)| it.split(['&', ' ']).next().unwrap());
        after.map_or(0, |it| it[it.len() - 5..].parse::<usize>().unwrap() + 1)
    }

    /// One side has all that it may hold, and has begun what follows; that the other one's page is refused for its pace is
    /// nothing that the two may wait for each other for.
    #[tokio::test]
    async fn a_page_that_nobody_waits_for_yet_holds_up_no_other() {
        let server = Canned::start(|call, before| {
            let refusals = match (call.contains("prefix=raw"), begins(call) / RANGE) {
                (_, 0) => 0,
                (true, 1 | 2) => 1,
                (true, _) | (false, 1) => 4,
                (false, _) => 0,
            };
            Some(if before < refusals { refusal(503, "SlowDown") } else { listed(call) })
        })
        .await;
        let calls = Calls::new(&server.client);
        let at = |prefix: &str| Location { bucket: "lake".to_owned(), prefix: prefix.to_owned() };
        let (from, to) = (at("raw"), at("latest"));
        let target = Listing { calls: &calls, at: &to, side: Side::Target };
        let source = Listing { at: &from, side: Side::Source, ..target };
        let mut names = Names::default();
        (0..NAMES).for_each(|it| names.push(&format!("{it:05}")));
        let (before, progress) = (Keys::default(), Progress::default());
        let (copies, _taken) = channel(NAMES);
        let meter = Meter::new(&progress, &System);
        let drawn = Box::pin(draw((source, target), ranges(&names), &before, copies, &meter));
        let plan = timeout(Duration::from_secs(60), drawn).await.expect("they wait for each other").unwrap();
        assert_eq!((plan.wanted.len(), plan.stale.len()), (NAMES, 0));
    }
}
