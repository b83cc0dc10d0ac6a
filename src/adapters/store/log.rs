//! Reading the log back, for those who check it: its entries as they stand in the table, and where its chains end.
//!
//! Both tables are scanned, which the bot itself never does: it takes rights of its own (`deploy/audit-policy.json`).

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use super::{DynamoStore, Item, error::trouble, item, string, tables};
use crate::{
    domain::audit::{
        DOOR, Entry,
        verify::{Found, Head},
    },
    engine::ports::StoreError,
};

/// A chain as it stands in the tables.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    /// In the order of their places.
    pub found: Vec<Found>,
    pub heads: Vec<Head>,
}

/// Where the chain of a run's record ends.
#[derive(serde::Deserialize)]
struct End {
    run_id: String,
    export_task: String,
    #[serde(default)]
    audit: Trail,
}

/// Where a chain ends, in whatever form.
#[derive(Default, serde::Deserialize)]
struct Trail {
    seq: u64,
    hash: String,
}

impl DynamoStore {
    /// Returns all chains, by name. Read consistently page by page: what is written meanwhile may be seen in part.
    ///
    /// # Errors
    /// DynamoDB refused or did not answer; or a run's record is none.
    pub async fn log(&self) -> Result<BTreeMap<String, Chain>, StoreError> {
        // Heads first: an entry that is added meanwhile is then one too many, which a second look clears up, and not one
        // too few.
        let mut chains = BTreeMap::<String, Chain>::new();
        for head in self.heads().await? {
            chains.entry(head.chain.clone()).or_default().heads.push(head);
        }
        let entries = self.scan(&self.state, Some(tables::AUDIT)).await?;
        for item in entries {
            let Some((chain, found)) = found(item) else { continue };
            chains.entry(chain).or_default().found.push(found);
        }
        chains.values_mut().for_each(|it| it.found.sort_by_key(|it| it.place));
        Ok(chains)
    }

    /// Returns the records of all attempts of the run `run_id`, as they stand in the table.
    ///
    /// # Errors
    /// DynamoDB refused or did not answer.
    pub async fn attempts(&self, run_id: &str) -> Result<Vec<Value>, StoreError> {
        let items = self.scan(&self.runs, None).await?.into_iter();
        let of_run = items.filter(|it| it.get("run_id") == Some(&string(run_id)));
        of_run.map(|it| item::read(run_id, it)).collect()
    }

    async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        let mut heads = Vec::new();
        for run in self.scan(&self.runs, None).await? {
            let End { run_id, export_task, audit } = item::read("a run", run)?;
            heads.push(Head { chain: run_id, seq: audit.seq, hash: audit.hash, by: export_task });
        }
        if let Some(Trail { seq, hash }) = self.state(tables::DOOR_HEAD).await? {
            heads.push(Head { chain: DOOR.to_owned(), seq, hash, by: DOOR.to_owned() });
        }
        Ok(heads)
    }

    /// Returns the items of a table, or those of the state table whose keys begin with `start`.
    async fn scan(&self, table: &str, start: Option<&str>) -> Result<Vec<Item>, StoreError> {
        let (mut items, mut after) = (Vec::new(), None);
        loop {
            let call = self.client.scan().table_name(table).consistent_read(true).set_exclusive_start_key(after);
            let call = match start {
                Some(start) => call
                    .filter_expression("begins_with(#pk, :start)")
                    .expression_attribute_names("#pk", tables::PK)
                    .expression_attribute_values(":start", string(start)),
                None => call,
            };
            let page = call.send().await.map_err(trouble)?;
            items.extend(page.items.unwrap_or_default());
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(items);
            }
        }
    }
}

/// Returns the chain and the entry that an item is found under; `None` if its key is not one of an entry.
fn found(mut item: Item) -> Option<(String, Found)> {
    let pk = match item.remove(tables::PK) {
        Some(AttributeValue::S(pk)) => pk,
        Some(_) | None => return None,
    };
    let (chain, place) = tables::entry_place(&pk).filter(|(chain, seq)| tables::entry_key(chain, *seq) == pk)?;
    let value = item::read::<Value>(&pk, item).map_err(|it| it.to_string());
    Some((chain.to_owned(), Found { place, entry: value.and_then(|it| Entry::read(&it)) }))
}
