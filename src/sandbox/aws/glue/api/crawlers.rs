//! `StartCrawler`, `StopCrawler`, `GetCrawler`, `ListCrawls`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{invalid, not_found, page, required};
use crate::{
    clock::Clock as _,
    sandbox::aws::{
        glue::{
            Glue, State,
            crawlers::{Crawl, Crawler, Outcome},
        },
        json::seconds,
        refusal::Refusal,
    },
};

/// Starts a crawl.
///
/// # Errors
/// `EntityNotFoundException`, `CrawlerRunningException`.
pub(super) fn start(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let name = required(params, "Name")?;
    crawler(&mut glue.state(), name)?.start(name, &glue.world)?;
    Ok(json!({}))
}

/// Stops a crawl.
///
/// # Errors
/// `EntityNotFoundException`, `CrawlerNotRunningException`, `CrawlerStoppingException`.
pub(super) fn stop(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let name = required(params, "Name")?;
    crawler(&mut glue.state(), name)?.stop(name, glue.world.clock.now())?;
    Ok(json!({}))
}

/// Describes a crawler.
///
/// # Errors
/// `EntityNotFoundException`.
pub(super) fn get(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let name = required(params, "Name")?;
    let mut state = glue.state();
    let crawler = crawler(&mut state, name)?;
    let current = crawler.crawls.iter().find(|it| it.ended.is_none());
    let elapsed = current.map(|it| glue.world.clock.now().duration_since(it.started).as_millis());
    let mut described = json!({
        "Name": name,
        "Role": "arn:aws:iam::123456789012:role/glue",
        "State": crawler.state().to_string(),
        "DatabaseName": crawler.database,
        "Targets": { "S3Targets": [{ "Path": crawler.path.to_string() }] },
        "CrawlElapsedTime": elapsed.and_then(|it| i64::try_from(it).ok()).unwrap_or_default(),
    });
    if let Some(last) = crawler.last() {
        described["LastCrawl"] = last_crawl(name, last);
    }
    Ok(json!({ "Crawler": described }))
}

/// Lists the crawls of a crawler, the newest first. Of the filters only those on `START_TIME` are known.
///
/// # Errors
/// `EntityNotFoundException`, `InvalidInputException`.
pub(super) fn list_crawls(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let name = required(params, "CrawlerName")?;
    let filters = params["Filters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let filters = filters.iter().map(filter).collect::<Result<Vec<_>, _>>()?;
    let mut state = glue.state();
    let crawls = crawler(&mut state, name)?.crawls.iter().rev();
    let listed = crawls.filter(|it| filters.iter().all(|passes| passes(it.started))).map(|it| list_entry(name, it));
    page("Crawls", listed.collect(), params, 100)
}

/// Returns what a filter lets pass.
fn filter(filter: &Value) -> Result<impl Fn(Timestamp) -> bool + use<>, Refusal> {
    let refused = || invalid(format!("The filter {filter} is not valid"));
    let value: i64 = filter["FieldValue"].as_str().and_then(|it| it.parse().ok()).ok_or_else(refused)?;
    let compare: fn(&i64, &i64) -> bool = match (filter["FieldName"].as_str(), filter["FilterOperator"].as_str()) {
        (Some("START_TIME"), Some("GT")) => i64::gt,
        (Some("START_TIME"), Some("GE")) => i64::ge,
        (Some("START_TIME"), Some("LT")) => i64::lt,
        (Some("START_TIME"), Some("LE")) => i64::le,
        (Some("START_TIME"), Some("EQ")) => i64::eq,
        (Some("START_TIME"), Some("NE")) => i64::ne,
        _ => return Err(refused()),
    };
    Ok(move |started: Timestamp| compare(&started.as_millisecond(), &value))
}

fn crawler<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Crawler, Refusal> {
    state.crawlers.get_mut(name).ok_or_else(|| not_found(format!("Crawler entry with name {name} does not exist")))
}

fn last_crawl(name: &str, crawl: &Crawl) -> Value {
    let status = match &crawl.outcome {
        Some(Outcome::Succeeded(_)) => "SUCCEEDED",
        Some(Outcome::Failed(_)) => "FAILED",
        Some(Outcome::Cancelled) | None => "CANCELLED",
    };
    let mut described = json!({
        "Status": status,
        "StartTime": seconds(crawl.started),
        "LogGroup": "/aws-glue/crawlers",
        "LogStream": name,
        "MessagePrefix": crawl.id,
    });
    if let Some(Outcome::Failed(message)) = &crawl.outcome {
        described["ErrorMessage"] = message.as_str().into();
    }
    described
}

fn list_entry(name: &str, crawl: &Crawl) -> Value {
    let state = match (&crawl.outcome, crawl.ended) {
        (_, None) => "RUNNING",
        (Some(Outcome::Succeeded(_)), Some(_)) => "COMPLETED",
        (Some(Outcome::Failed(_)), Some(_)) => "FAILED",
        (Some(Outcome::Cancelled) | None, Some(_)) => "STOPPED",
    };
    let mut described = json!({
        "CrawlId": crawl.id,
        "State": state,
        "StartTime": seconds(crawl.started),
        "LogGroup": "/aws-glue/crawlers",
        "LogStream": name,
        "MessagePrefix": crawl.id,
    });
    if let Some(ended) = crawl.ended {
        described["EndTime"] = seconds(ended).into();
    }
    if let Some(Outcome::Failed(message)) = &crawl.outcome {
        described["ErrorMessage"] = message.as_str().into();
    }
    if let Some(Outcome::Succeeded(changes)) = &crawl.outcome {
        let counts = json!({ "ADD": changes.created, "UPDATE": changes.updated, "DELETE": changes.deleted });
        described["Summary"] = json!({ "TABLE": counts }).to_string().into();
    }
    described
}
