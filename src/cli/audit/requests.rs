//! Requests beside the log. Each is an item of its own from before it is acknowledged; the write that ends it adds its entry.
//! So who asked for what is told from the first moment on, and that nothing is missing can be seen.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::Chains;

/// What the items of requests say beside the log.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Requests {
    /// Those that have not ended: one line each.
    pub(super) open: Vec<String>,
    /// Ids of those that have ended, and are not in the log.
    pub(super) unlogged: Vec<String>,
}

/// Compares the items with the log, which must have been read after them. What was asked before the log began is not in it.
pub(super) fn look(items: &[Value], chains: &Chains) -> Requests {
    let entries = || chains.values().flat_map(|it| &it.found).filter_map(|it| it.entry.as_ref().ok());
    let logged: BTreeSet<&str> = entries().filter_map(|it| it.what.get("request")).map(String::as_str).collect();
    let began = entries().map(|it| it.at).min();
    let mut requests = Requests::default();
    for item in items {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
        let (id, by, at) = (text("id"), text("by"), text("received_at"));
        if item.get("outcome").is_none() {
            requests.open.push(format!("{at} {by} {id}"));
        } else if !logged.contains(id) && began.is_some_and(|began| at.parse::<Timestamp>().is_ok_and(|it| it > began))
        {
            requests.unlogged.push(id.to_owned());
        }
    }
    requests.open.sort();
    requests
}
