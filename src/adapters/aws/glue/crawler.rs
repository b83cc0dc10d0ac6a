//! The stages `normal.catalog` and `sensitive.catalog`: a crawl.
//!
//! A crawl has no name of ours, and a crawler makes one at a time. What makes a crawl ours is that it began after our
//! data was in place. So a look that finds the crawler free notes when its last crawl began: the marker, which goes
//! into the intent. Every crawl with another beginning began after that look, hence after the stages before were done,
//! and will do, whoever started it. A crawl that runs *before* there is an intent may have read S3 before our data was
//! there: it is waited out, never taken for ours.

use aws_sdk_glue::{
    Client,
    types::{Crawler, CrawlerState, LastCrawlInfo, LastCrawlStatus},
};

use super::{
    super::{error::Trouble, time::timestamp},
    once,
};
use crate::domain::{
    failure::{Class, Failure, codes},
    seen::{Seen, Started},
    stage::{Detail, Intent, WaitOn},
};

/// The marker of a crawler that has never crawled.
const NEVER: &str = "none";

/// Returns what has become of the crawl that `intent` is for.
pub(super) async fn look(glue: &Client, name: &str, intent: Option<&Intent>) -> Seen {
    match describe(glue, name).await {
        Ok(crawler) => seen(&crawler, name, intent),
        Err(trouble) if trouble.is("CrawlerNotFound") => Seen::Failed(trouble.into()),
        Err(trouble) => trouble.seen(),
    }
}

/// Starts a crawl, once: a repeated call may be heard when the first one's crawl has ended already. If one runs it began
/// after our look, which found the crawler free: it will do.
pub(super) async fn start(glue: &Client, name: &str) -> Started {
    let call = glue.start_crawler().name(name).customize().config_override(once());
    match call.send().await.map_err(|it| missing_crawler(it.into())) {
        Ok(_) => acted(name),
        Err(trouble) if trouble.is("CrawlerRunning") => acted(name),
        Err(trouble) => trouble.started(),
    }
}

/// Stops the crawl that is under way, if there is one.
pub(super) async fn stop(glue: &Client, name: &str) -> Result<(), Failure> {
    match glue.stop_crawler().name(name).send().await.map_err(|it| missing_crawler(it.into())) {
        Ok(_) => Ok(()),
        Err(trouble) if trouble.is("CrawlerNotRunning") || trouble.is("CrawlerStopping") => Ok(()),
        Err(trouble) => Err(trouble.into()),
    }
}

/// Returns the crawler as it is.
pub(super) async fn describe(glue: &Client, name: &str) -> Result<Crawler, Trouble> {
    let found = glue.get_crawler().name(name).send().await.map_err(|it| missing_crawler(it.into()))?;
    Ok(found.crawler.unwrap_or_else(|| Crawler::builder().build()))
}

fn missing_crawler(trouble: Trouble) -> Trouble {
    if trouble.is("EntityNotFound") { trouble.renamed("CrawlerNotFound") } else { trouble }
}

/// A crawl has no id that `StartCrawler` would tell: the crawler's name says that it was started.
fn acted(name: &str) -> Started {
    Started::Acted { handle: Some(name.to_owned()) }
}

fn seen(crawler: &Crawler, name: &str, intent: Option<&Intent>) -> Seen {
    let ready = crawler.state() == Some(&CrawlerState::Ready);
    let marker = marker(crawler.last_crawl());
    match intent {
        None if ready => Seen::Absent { marker: Some(marker) },
        None => Seen::Busy(WaitOn::CrawlerFree),
        Some(intent) if ready && intent.marker.as_ref() == Some(&marker) => Seen::Absent { marker: Some(marker) },
        Some(_) if ready => ended(crawler.last_crawl(), name),
        Some(_) => running(name, crawler.state().map_or("", CrawlerState::as_str)),
    }
}

fn marker(last: Option<&LastCrawlInfo>) -> String {
    let began = last.and_then(LastCrawlInfo::start_time).and_then(timestamp);
    began.map_or_else(|| NEVER.to_owned(), |it| it.to_string())
}

fn ended(last: Option<&LastCrawlInfo>, name: &str) -> Seen {
    let status = last.and_then(LastCrawlInfo::status).map_or("", LastCrawlStatus::as_str);
    match status {
        // `COMPLETED` is what moto says, and what `ListCrawls` calls it.
        "SUCCEEDED" | "COMPLETED" => Seen::Done { detail: detail(status), warnings: Vec::new() },
        "CANCELLED" => Seen::Stopped,
        "FAILED" => {
            let message = last.and_then(LastCrawlInfo::error_message).filter(|it| !it.is_empty()).unwrap_or(status);
            Seen::Failed(Failure::new(Class::NewAttempt, codes::CRAWL_FAILED, message))
        }
        _ => running(name, status),
    }
}

fn running(name: &str, state: &str) -> Seen {
    Seen::Running { handle: Some(name.to_owned()), detail: detail(state) }
}

fn detail(state: &str) -> Detail {
    Detail { state: Some(state.to_owned()), ..Detail::default() }
}

#[cfg(test)]
mod tests {
    use aws_sdk_glue::primitives::DateTime;
    use jiff::Timestamp;

    use super::*;

    fn crawler(state: &str, last: Option<(i64, &str)>) -> Crawler {
        let last = last.map(|(began, status)| {
            LastCrawlInfo::builder().start_time(DateTime::from_secs(began)).status(status.into()).build()
        });
        Crawler::builder().state(state.into()).set_last_crawl(last).build()
    }

    fn intent(marker: &str) -> Intent {
        Intent { owner: "me".to_owned(), until: Timestamp::UNIX_EPOCH, marker: Some(marker.to_owned()), handle: None }
    }

    fn look(crawler: &Crawler, intent: Option<&Intent>) -> Seen {
        seen(crawler, "shop", intent)
    }

    #[test]
    fn a_free_crawler_is_marked_by_its_last_crawl() {
        let absent = |marker: &str| Seen::Absent { marker: Some(marker.to_owned()) };
        assert_eq!(look(&crawler("READY", None), None), absent("none"));
        assert_eq!(look(&crawler("READY", Some((60, "SUCCEEDED"))), None), absent("1970-01-01T00:01:00Z"));
        // The old crawl is still the last one: ours has not begun.
        let same = look(&crawler("READY", Some((60, "FAILED"))), Some(&intent("1970-01-01T00:01:00Z")));
        assert_eq!(same, absent("1970-01-01T00:01:00Z"));
        assert_eq!(look(&crawler("READY", None), Some(&intent("none"))), absent("none"));
    }

    #[test]
    fn somebody_elses_crawl_is_waited_out_and_one_after_the_intent_is_ours() {
        for state in ["RUNNING", "STOPPING"] {
            let crawler = crawler(state, Some((60, "SUCCEEDED")));
            assert_eq!(look(&crawler, None), Seen::Busy(WaitOn::CrawlerFree));
            assert_eq!(look(&crawler, Some(&intent("none"))), running("shop", state));
        }
    }

    #[test]
    fn a_crawl_with_another_beginning_tells_how_it_ended() {
        let ended = |status| look(&crawler("READY", Some((60, status))), Some(&intent("none")));
        assert_eq!(ended("SUCCEEDED"), Seen::Done { detail: detail("SUCCEEDED"), warnings: Vec::new() });
        assert!(matches!(ended("COMPLETED"), Seen::Done { .. }));
        assert_eq!(ended("CANCELLED"), Seen::Stopped);
        assert!(matches!(ended("FAILED"), Seen::Failed(it) if it.code == codes::CRAWL_FAILED));
        assert_eq!(ended("RESTING"), running("shop", "RESTING"));
    }
}
