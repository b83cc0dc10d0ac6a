//! The operations of Glue that go over the wire.

mod crawlers;
mod jobs;
mod tables;

use serde_json::{Map, Value, json};

use super::Glue;
use crate::sandbox::aws::{paging, refusal::Refusal};

/// The parameters that the history keeps, by the names it gives them.
const NOTED: [(&str, &str); 10] = [
    ("JobName", "job"),
    ("Arguments", "arguments"),
    ("RunId", "run_id"),
    ("JobRunIds", "run_ids"),
    ("CrawlerName", "crawler"),
    ("DatabaseName", "database"),
    ("Name", "name"),
    ("TableInput", "table"),
    ("VersionId", "version"),
    ("SkipArchive", "skip_archive"),
];

/// Returns what the history says of a request.
pub(super) fn note(params: &Value) -> Value {
    let noted = NOTED.iter().filter_map(|(name, noted)| Some(((*noted).to_owned(), params.get(name)?.clone())));
    Value::Object(noted.collect::<Map<_, _>>())
}

/// Carries an operation out.
///
/// # Errors
/// Glue would refuse it; or this stand-in does not know it (`UnknownOperationException`).
pub(super) fn call(glue: &Glue, operation: &str, params: &Value) -> Result<Value, Refusal> {
    match operation {
        "GetJob" => jobs::get(glue, params),
        "StartJobRun" => jobs::start(glue, params),
        "GetJobRun" => jobs::get_run(glue, params),
        "GetJobRuns" => jobs::get_runs(glue, params),
        "BatchStopJobRun" => jobs::stop(glue, params),
        "StartCrawler" => crawlers::start(glue, params),
        "StopCrawler" => crawlers::stop(glue, params),
        "GetCrawler" => crawlers::get(glue, params),
        "ListCrawls" => crawlers::list_crawls(glue, params),
        "GetDatabase" => tables::get_database(glue, params),
        "GetTable" => tables::get(glue, params),
        "GetTables" => tables::list(glue, params),
        "CreateTable" => tables::create(glue, params),
        "UpdateTable" => tables::update(glue, params),
        "DeleteTable" => tables::delete(glue, params),
        _ => Err(Refusal::new("UnknownOperationException", format!("Unknown operation {operation}"))),
    }
}

/// Returns a parameter that must be given.
///
/// # Errors
/// `InvalidInputException`.
fn required<'a>(params: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    params[name].as_str().filter(|it| !it.is_empty()).ok_or_else(|| invalid(format!("{name} must not be empty")))
}

/// Returns the page that is asked for of `items`, under `name`; `most` is the largest page and the default.
///
/// # Errors
/// `InvalidInputException`.
fn page(name: &str, items: Vec<Value>, params: &Value, most: usize) -> Result<Value, Refusal> {
    let size = match params.get("MaxResults") {
        None => most,
        Some(size) => size
            .as_u64()
            .and_then(|it| usize::try_from(it).ok())
            .filter(|size| (1..=most).contains(size))
            .ok_or_else(|| invalid(format!("MaxResults must be between 1 and {most}")))?,
    };
    let (items, next) = paging::page(items, params["NextToken"].as_str(), size)
        .ok_or_else(|| invalid("The pagination token is not valid".to_owned()))?;
    let mut answer = json!({ name: items });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

fn invalid(message: String) -> Refusal {
    Refusal::new("InvalidInputException", message)
}

fn not_found(message: String) -> Refusal {
    Refusal::new("EntityNotFoundException", message)
}
