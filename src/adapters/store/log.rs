//! Reading the log back, for those who check it: its entries as they stand in the table, and where its chains end. And the
//! witness that they have in the process's own log.
//!
//! Both tables are scanned, which the bot itself never does: it takes rights of its own (`deploy/audit-policy.json`).

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize as _;
use serde_json::Value;

use super::{DynamoStore, Item, error::trouble, item, string, tables};
use crate::{
    domain::audit::{
        DOOR, Entry,
        verify::{Found, Head},
    },
    engine::ports::{Change, StoreError},
};

/// Entries that are read at a time, one by one.
const AT_ONCE: usize = 10;

/// A chain as it stands in the tables.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    /// In the order of their places.
    pub found: Vec<Found>,
    pub heads: Vec<Head>,
}

/// Where a chain ends, in whatever form.
#[derive(Default, serde::Deserialize)]
struct Trail {
    seq: u64,
    hash: String,
}

impl DynamoStore {
    /// Returns the records of all runs, as they stand in the table.
    ///
    /// # Errors
    /// DynamoDB refused or did not answer.
    pub async fn records(&self) -> Result<Vec<Value>, StoreError> {
        self.scan(&self.runs, None).await?.into_iter().map(|it| item::read("a run", it)).collect()
    }

    /// Returns the items of all requests that are kept, open and ended, as they stand in the table.
    ///
    /// # Errors
    /// DynamoDB refused or did not answer.
    pub async fn requests(&self) -> Result<Vec<Value>, StoreError> {
        self.scan(&self.state, Some(tables::REQUEST)).await?.into_iter().map(|it| item::read("a request", it)).collect()
    }

    /// Returns all chains, by name. The heads are read first: what is added meanwhile is one too many, not one too few,
    /// and a second look tells the one from the other.
    ///
    /// # Errors
    /// DynamoDB refused or did not answer, or where the chain ends that belongs to no run cannot be read.
    pub async fn log(&self) -> Result<BTreeMap<String, Chain>, StoreError> {
        let mut chains = BTreeMap::<String, Chain>::new();
        for head in self.records().await?.iter().filter_map(head).chain(self.door_head().await?) {
            chains.entry(head.chain.clone()).or_default().heads.push(head);
        }
        for item in self.scan(&self.state, Some(tables::AUDIT)).await? {
            let Some((chain, found)) = found(item) else { continue };
            chains.entry(chain).or_default().found.push(found);
        }
        chains.values_mut().for_each(|it| it.found.sort_by_key(|it| it.place));
        Ok(chains)
    }

    /// Returns one chain up to the end that `records` say, and one entry more if there is one.
    ///
    /// # Errors
    /// DynamoDB refused or did not answer.
    pub async fn chain(&self, name: &str, records: &[Value]) -> Result<Chain, StoreError> {
        let heads: Vec<Head> = records.iter().filter_map(head).filter(|it| it.chain == name).collect();
        let last = heads.iter().map(|it| it.seq).max().unwrap_or_default();
        let keys = (1..=last + 1).map(|seq| tables::entry_key(name, seq));
        let items = stream::iter(keys).map(async |pk| self.get(&self.state, (tables::PK, &pk)).await).buffered(AT_ONCE);
        let items: Vec<_> = items.try_collect().await?;
        Ok(Chain { found: items.into_iter().flatten().filter_map(found).map(|(_, it)| it).collect(), heads })
    }

    async fn door_head(&self) -> Result<Option<Head>, StoreError> {
        let end = self.state::<Trail>(tables::DOOR_HEAD).await?;
        Ok(end.map(|Trail { seq, hash }| Head { chain: DOOR.to_owned(), seq, hash, by: DOOR.to_owned() }))
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

/// Says in the process's own log what has been added to which chain: a second place, which whoever rewrites the tables
/// does not reach.
pub(super) fn witness(changes: &[Change<'_>]) {
    for Entry { chain, seq, kind, hash, .. } in changes.iter().flat_map(Change::entries) {
        tracing::info!(chain, seq, kind, hash, "Logged");
    }
}

/// Returns where the chain of a run ends, by its record. A record without it is older than the log; one that says it in
/// another way says nothing, so that its chain has no head.
fn head(record: &Value) -> Option<Head> {
    let text = |name: &str| Some(record.get(name)?.as_str()?.to_owned());
    let Trail { seq, hash } = match record.get("audit") {
        Some(audit) => Trail::deserialize(audit).ok()?,
        None => Trail::default(),
    };
    Some(Head { chain: text("run_id")?, seq, hash, by: text("export_task")? })
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
