//! DynamoDB: the table of runs, and the table of everything beside them.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use jiff::Timestamp;

use crate::{
    domain::{
        audit::Trail,
        name::ExportTask,
        notice::{Notice, NoticeId},
        refused::Refused,
        run::Run,
    },
    engine::ports::{Change, OpenRun, Request, Store, StoreError},
    projection::thread::Thread,
};

mod cleanings;
mod error;
mod good;
mod item;
mod kinds;
pub mod log;
mod pace;
mod readers;
mod refused;
pub mod tables;
mod write;

use error::trouble;

/// An item of DynamoDB.
type Item = HashMap<String, AttributeValue>;

/// Attempts at a transaction that another one is in the way of.
const ATTEMPTS: u32 = 5;

/// The records in DynamoDB.
#[derive(Clone, Debug)]
pub struct DynamoStore {
    client: Client,
    runs: String,
    state: String,
}

impl DynamoStore {
    /// Returns the store over the two tables.
    pub fn new(client: Client, runs: String, state: String) -> Self {
        Self { client, runs, state }
    }

    async fn get(&self, table: &str, key: (&str, &str)) -> Result<Option<Item>, StoreError> {
        let call = self.client.get_item().table_name(table).key(key.0, string(key.1)).consistent_read(true);
        Ok(call.send().await.map_err(trouble)?.item)
    }

    /// Reads an item of the state table.
    async fn state<T: serde::de::DeserializeOwned>(&self, pk: &str) -> Result<Option<T>, StoreError> {
        let item = self.get(&self.state, (tables::PK, pk)).await?;
        item.map(|it| item::read(pk, it)).transpose()
    }

    /// Puts an item into the state table if the one there has version `was`; 0: if there is none.
    async fn replace(&self, item: Item, was: u64) -> Result<Replaced, StoreError> {
        let call = self.client.put_item().table_name(&self.state).set_item(Some(item));
        let call = call.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let call = if was == 0 {
            call.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", tables::PK)
        } else {
            let was = AttributeValue::N(was.to_string());
            let call = call.condition_expression("#version = :was").expression_attribute_names("#version", "version");
            call.expression_attribute_values(":was", was)
        };
        let Err(error) = call.send().await else { return Ok(Replaced::Done) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => Ok(Replaced::Lost(failed.item().cloned())),
            Some(_) | None => Err(trouble(error)),
        }
    }

    /// Returns the items that a query over an index gives, of as many pages as it takes to have `limit`.
    async fn query(&self, query: Query<'_>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let call =
                self.client.query().table_name(query.table).index_name(query.index).scan_index_forward(query.forward);
            let call = call.key_condition_expression("#p = :p").expression_attribute_names("#p", query.attribute);
            let mut call = call.expression_attribute_values(":p", string(query.value)).set_exclusive_start_key(start);
            // Without it each page is a whole megabyte of records, of which the newest few are wanted.
            call = call.set_limit((query.limit != usize::MAX).then(|| page(query.limit)));
            if let Some((filter, attribute, value)) = query.filter {
                call = call.filter_expression(filter).expression_attribute_names("#f", attribute);
                if let Some(value) = value {
                    call = call.expression_attribute_values(":f", string(value));
                }
            }
            let page = call.send().await.map_err(trouble)?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() || items.len() >= query.limit {
                items.truncate(query.limit);
                return Ok(items);
            }
        }
    }
}

/// What came of an attempt to replace an item.
enum Replaced {
    Done,
    /// This one was in the way.
    Lost(Option<Item>),
}

impl DynamoStore {
    /// Puts an item into the state table. Returns `false` if there is one of its key.
    async fn put_new(&self, item: Item) -> Result<bool, StoreError> {
        let call = self.client.put_item().table_name(&self.state).set_item(Some(item));
        let call = call.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", tables::PK);
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) if error::is_condition(&error) => Ok(false),
            Err(error) => Err(trouble(error)),
        }
    }

    /// Returns the keys of the state table's items that are open, oldest first.
    async fn open_keys(&self) -> Result<Vec<String>, StoreError> {
        let query = Query {
            table: &self.state,
            index: tables::OPEN_REQUESTS,
            attribute: tables::OPEN,
            value: tables::IS_OPEN,
            filter: None,
            forward: true,
            limit: usize::MAX,
        };
        Ok(self.query(query).await?.into_iter().filter_map(|it| it.get(tables::PK)?.as_s().ok().cloned()).collect())
    }

    /// Writes an item of the state table whose version was `was`; 0: that was not there. Returns `false` if it has
    /// another one.
    async fn put_versioned(&self, item: Item, was: u64) -> Result<bool, StoreError> {
        Ok(match self.replace(item.clone(), was).await? {
            Replaced::Done => true,
            // A retry of the SDK fails against its own success.
            Replaced::Lost(found) => found.is_some_and(|it| it == item),
        })
    }

    /// Takes an item at `version` from the open ones.
    async fn close(&self, table: &str, key: (&str, &str), version: u64) -> Result<(), StoreError> {
        let call = self.client.update_item().table_name(table).key(key.0, string(key.1));
        let call = call.update_expression("REMOVE #open").expression_attribute_names("#open", tables::OPEN);
        let call = call.condition_expression("#version = :version").expression_attribute_names("#version", "version");
        let call = call.expression_attribute_values(":version", AttributeValue::N(version.to_string()));
        match call.send().await {
            Err(error) if !error::is_condition(&error) => Err(trouble(error)),
            // Changed meanwhile: it is open for a reason.
            _ => Ok(()),
        }
    }
}

/// Returns how many items one page holds: some more than are wanted, for a filter may leave some out.
fn page(limit: usize) -> i32 {
    i32::try_from(limit.saturating_mul(2).clamp(10, 1000)).expect("a thousand fits")
}

/// A query over one partition of an index.
struct Query<'a> {
    table: &'a str,
    index: &'a str,
    attribute: &'a str,
    value: &'a str,
    /// An expression over `#f` and `:f`, the attribute, and the value if the expression takes one.
    filter: Option<(&'a str, &'a str, Option<&'a str>)>,
    forward: bool,
    limit: usize,
}

fn string(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

#[async_trait]
impl Store for DynamoStore {
    async fn run(&self, name: &ExportTask) -> Result<Option<Run>, StoreError> {
        let item = self.get(&self.runs, (tables::EXPORT_TASK, name.as_str())).await?;
        item.map(|it| item::read(name.as_str(), it)).transpose()
    }

    async fn write(&self, changes: &[Change<'_>]) -> Result<(), StoreError> {
        let token = ulid::Ulid::generate().to_string();
        let entries = changes.iter().flat_map(|it| it.entries()).map(|it| self.entry_item(it));
        let items: Vec<TransactWriteItem> =
            changes.iter().map(|it| self.transact_item(it, &token)).chain(entries).collect::<Result<_, _>>()?;
        for attempt in 1.. {
            match self.transact(changes, items.clone(), &token).await {
                Err(write::Refusal::InTheWay) if attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(30) * attempt).await;
                }
                Err(write::Refusal::InTheWay) => break,
                Err(write::Refusal::Store(error)) => return Err(error),
                Ok(()) => {
                    log::witness(changes);
                    return Ok(());
                }
            }
        }
        Err(StoreError::Refused("other transactions are in the way".to_owned()))
    }

    async fn open_runs(&self) -> Result<Vec<OpenRun>, StoreError> {
        let query = Query {
            table: &self.runs,
            index: tables::OPEN_RUNS,
            attribute: tables::OPEN,
            value: tables::IS_OPEN,
            filter: None,
            forward: true,
            limit: usize::MAX,
        };
        self.query(query).await?.into_iter().map(|it| item::read("an open run", it)).collect()
    }

    async fn settle(&self, run: &ExportTask, version: u64) -> Result<(), StoreError> {
        self.close(&self.runs, (tables::EXPORT_TASK, run.as_str()), version).await
    }

    async fn recent(&self, source: &str, limit: usize) -> Result<Vec<Run>, StoreError> {
        let query = Query {
            table: &self.runs,
            index: tables::BY_SOURCE,
            attribute: tables::SOURCE,
            value: source,
            filter: Some(("attribute_not_exists(#f)", "next_attempt", None)),
            forward: false,
            limit,
        };
        // One that cannot be read must not hide the others; who comes upon it by its name is told.
        Ok(self.query(query).await?.into_iter().filter_map(|it| item::read(source, it).ok()).collect())
    }

    async fn last_success(&self, source: &str) -> Result<Option<Run>, StoreError> {
        self.last_good(source).await
    }

    async fn named(&self, source: &str, start: &str) -> Result<Vec<ExportTask>, StoreError> {
        let query = Query {
            table: &self.runs,
            index: tables::BY_SOURCE,
            attribute: tables::SOURCE,
            value: source,
            filter: Some(("begins_with(#f, :f)", tables::EXPORT_TASK, Some(start))),
            forward: false,
            limit: 50,
        };
        let found = self.query(query).await?.into_iter().map(|it| item::read::<OpenRun>(source, it));
        found.map(|it| it.map(|run| run.export_task)).collect()
    }

    async fn put_request(&self, request: &Request) -> Result<bool, StoreError> {
        self.put_new(item::request(request)?).await
    }

    async fn request(&self, id: &str) -> Result<Option<Request>, StoreError> {
        self.state(&tables::request_key(id)).await
    }

    async fn open_requests(&self) -> Result<Vec<String>, StoreError> {
        let keys = self.open_keys().await?;
        Ok(keys.iter().filter_map(|it| tables::request_id(it).map(str::to_owned)).collect())
    }

    async fn claim_event(&self, id: &str, at: Timestamp) -> Result<bool, StoreError> {
        self.put_new(item::event(id, at)).await
    }

    async fn put_refused(&self, refused: &Refused) -> Result<(), StoreError> {
        let call = self.client.put_item().table_name(&self.state).set_item(Some(item::refused(refused)?));
        call.send().await.map_err(trouble)?;
        Ok(())
    }

    async fn refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError> {
        self.newest_refused(limit).await
    }

    async fn door(&self) -> Result<Trail, StoreError> {
        Ok(self.state(tables::DOOR_HEAD).await?.unwrap_or_default())
    }

    async fn put_notice(&self, notice: &Notice) -> Result<bool, StoreError> {
        self.put_versioned(item::notice(notice)?, notice.version - 1).await
    }

    async fn notice(&self, id: &NoticeId) -> Result<Option<Notice>, StoreError> {
        self.state(&tables::notice_key(id)).await
    }

    async fn open_notices(&self) -> Result<Vec<NoticeId>, StoreError> {
        Ok(self.open_keys().await?.iter().filter_map(|it| tables::notice_id(it)).collect())
    }

    async fn settle_notice(&self, id: &NoticeId, version: u64) -> Result<(), StoreError> {
        self.close(&self.state, (tables::PK, &tables::notice_key(id)), version).await
    }

    async fn thread(&self, of: &str) -> Result<Thread, StoreError> {
        let found = self.state(&tables::thread_key(of)).await?;
        Ok(found.unwrap_or_else(|| Thread::empty(of)))
    }

    async fn put_thread(&self, thread: &Thread) -> Result<bool, StoreError> {
        let item = item::thread(&Thread { version: thread.version + 1, ..thread.clone() })?;
        self.put_versioned(item, thread.version).await
    }

    async fn note_root(&self, run: &ExportTask, channel: &str, ts: &str) -> Result<(), StoreError> {
        let root = HashMap::from([("channel".to_owned(), string(channel)), ("ts".to_owned(), string(ts))]);
        let call = self.client.update_item().table_name(&self.runs).key(tables::EXPORT_TASK, string(run.as_str()));
        let call = call.update_expression("SET #slack = :root").expression_attribute_names("#slack", "slack");
        let call = call.expression_attribute_values(":root", AttributeValue::M(root));
        let call =
            call.condition_expression("attribute_exists(#key)").expression_attribute_names("#key", tables::EXPORT_TASK);
        call.send().await.map_err(trouble)?;
        Ok(())
    }

    async fn watched_since(&self, source: &str, from: Timestamp) -> Result<Timestamp, StoreError> {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct Watch {
            since: Timestamp,
        }
        let pk = tables::watch_key(source);
        if let Some(watch) = self.state::<Watch>(&pk).await? {
            return Ok(watch.since);
        }
        // If another replica was faster, its `since` is a moment older: the next sweep reads it.
        self.put_new(item::state(&pk, &Watch { since: from })?).await?;
        Ok(from)
    }
}
