//! The evidence of one run, in one file that stands by itself: for somebody who asks a year later.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Exit, RIGHTS, say, say_wrong};
use crate::{
    adapters::store::{DynamoStore, log::Chain},
    clock::{Clock as _, System},
    domain::audit::{Entry, FORMAT, verify::verify},
};

/// What of a record says what was to be done.
const PLAN: [&str; 10] = [
    "source",
    "source_arn",
    "snapshot_id",
    "snapshot_time",
    "only",
    "layers",
    "trigger",
    "requested_by",
    "reason",
    "created_at",
];

/// Writes the evidence of the run that `name` begins to name. It is written too when the chain is broken: then the exit
/// says so, and the file tells where.
pub(super) async fn export(store: &DynamoStore, name: &str, out: Option<&Path>) -> anyhow::Result<Exit> {
    let all = store.records().await.context(RIGHTS)?;
    let named = |it: &&Value| ["export_task", "run_id"].iter().any(|key| text(it, key).starts_with(name));
    let runs: BTreeSet<&str> = all.iter().filter(named).map(|it| text(it, "run_id")).collect();
    let runs: Vec<&str> = runs.into_iter().collect();
    let [run] = runs[..] else {
        let known = if runs.is_empty() { "no run is called that".to_owned() } else { runs.join(", ") };
        say_wrong(&format!("{name} must name one run: {known}; `datalake-bot runs list` shows their names"));
        return Ok(Exit::Failed);
    };
    let mut records: Vec<&Value> = all.iter().filter(|it| text(it, "run_id") == run).collect();
    records.sort_by_key(|it| it["attempt"].as_u64());
    let chain = store.chain(run, &all).await.context(RIGHTS)?;
    let (valid, evidence) = evidence(run, &records, &chain);
    let written = serde_json::to_string_pretty(&evidence)?;
    match out {
        Some(file) => {
            std::fs::write(file, written + "\n").with_context(|| format!("{} cannot be written", file.display()))?;
            say(&format!("{}: the evidence of {run}, {} entries", file.display(), chain.found.len()));
        }
        None => say(&written),
    }
    if !valid {
        say_wrong(&format!("The chain of {run} is not as it was written: see \"verification\" in the evidence"));
    }
    Ok(if valid { Exit::Done } else { Exit::Failed })
}

/// Returns whether the chain is whole, and the file.
fn evidence(run: &str, records: &[&Value], chain: &Chain) -> (bool, Value) {
    let entries: Vec<&Entry> = chain.found.iter().filter_map(|it| it.entry.as_ref().ok()).collect();
    let unreadable: BTreeMap<u64, &String> =
        chain.found.iter().filter_map(|it| Some((it.place, it.entry.as_ref().err()?))).collect();
    let verification = match verify(run, &chain.found, &chain.heads) {
        Ok(entries) => json!({"valid": true, "entries": entries}),
        Err(broken) => json!({"valid": false, "broken": broken, "text": broken.to_string()}),
    };
    let plan: Value = records.last().map_or(Value::Null, |it| {
        PLAN.iter().filter_map(|name| Some(((*name).to_owned(), it.get(*name)?.clone()))).collect()
    });
    let people: BTreeSet<&str> = entries.iter().map(|it| it.who.as_str()).collect();
    let evidence = json!({
        "run_id": run,
        "exported_at": System.now(),
        "bot": env!("CARGO_PKG_VERSION"),
        "format": FORMAT,
        "verification": verification,
        "plan": plan,
        "approvals": approvals(records),
        "who": people,
        "entries": entries,
        "unreadable": unreadable,
        "heads": chain.heads,
        "records": records,
    });
    (evidence["verification"]["valid"] == true, evidence)
}

/// Returns every request for approval of the run, oldest first. The record of a later attempt repeats those before.
fn approvals(records: &[&Value]) -> Vec<Value> {
    let mut approvals: Vec<Value> = Vec::new();
    for record in records.iter().rev() {
        let past = record["past_approvals"].as_array().into_iter().flatten();
        let mut of_record: Vec<Value> = past
            .chain(record.get("approval"))
            .filter(|it| !approvals.iter().any(|known| known["id"] == it["id"]))
            .cloned()
            .collect();
        of_record.append(&mut approvals);
        approvals = of_record;
    }
    approvals
}

fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record[name].as_str().unwrap_or_default()
}
