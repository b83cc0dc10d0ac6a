//! Writing several changes together, each under its condition.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use jiff::Timestamp;

use super::{DynamoStore, Item, error::trouble, item, string, tables};
use crate::{
    domain::{
        approval::ApprovalState,
        audit::{Entry, Trail},
        name::ExportTask,
        run::Run,
    },
    engine::ports::{Change, Conflict, StoreError},
};

/// Names the write in the items that it writes: a retry of the SDK that fails against its own success is recognised.
const WRITE_ID: &str = "write_id";

/// The refresh's approval is given in the record, for the plan that is written, and good now.
const UNDER_APPROVAL: &str = "#version = :was AND #approval_digest = :approval_digest \
                              AND (#approval_state = :approved OR #approval_state = :overridden) \
                              AND #approval_good_until > :now";

/// Return the item that was in the way.
const ALL_OLD: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

/// Why a transaction was not carried out.
pub(super) enum Refusal {
    /// Another transaction over the same items is under way; nothing was written.
    InTheWay,
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl DynamoStore {
    pub(super) async fn transact(
        &self,
        changes: &[Change<'_>],
        items: Vec<TransactWriteItem>,
        token: &str,
    ) -> Result<(), Refusal> {
        let call = self.client.transact_write_items().client_request_token(token).set_transact_items(Some(items));
        let Err(error) = call.send().await else { return Ok(()) };
        let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
            return Err(trouble(error).into());
        };
        let reasons = canceled.cancellation_reasons();
        for (change, reason) in changes.iter().zip(reasons) {
            match reason.code() {
                Some("ConditionalCheckFailed") if reason_is_own(reason, token) => return Ok(()),
                Some("ConditionalCheckFailed") => return Err(conflict(change, reason)?.into()),
                Some("TransactionConflict") => return Err(Refusal::InTheWay),
                _ => {}
            }
        }
        let entries = changes.iter().flat_map(|it| it.entries());
        for (entry, reason) in entries.zip(reasons.get(changes.len()..).unwrap_or_default()) {
            match reason.code() {
                Some("ConditionalCheckFailed") => return Err(taken(entry).into()),
                Some("TransactionConflict") => return Err(Refusal::InTheWay),
                _ => {}
            }
        }
        Err(trouble(error).into())
    }

    pub(super) fn transact_item(&self, change: &Change<'_>, token: &str) -> Result<TransactWriteItem, StoreError> {
        let item = TransactWriteItem::builder();
        let item = match change {
            Change::Create(run) => item.put(self.create_run(run, token)?),
            Change::Update { run, was, under } => item.update(self.update_run(run, *was, *under, token)?),
            Change::TakeTurn { source, run } => item.put(self.take_turn(source, run, token)?),
            Change::FreeTurn { source, run } => item.delete(self.free_turn(source, run)?),
            Change::Close { request, outcome } => {
                let outcome = serde_dynamo::to_attribute_value(outcome)
                    .map_err(|it: serde_dynamo::Error| StoreError::Refused(it.to_string()))?;
                item.update(self.close_request(request, outcome, token)?)
            }
            Change::Door { trail, was } => item.put(self.move_door(trail, *was, token)?),
        };
        Ok(item.build())
    }

    fn create_run(&self, run: &Run, token: &str) -> Result<Put, StoreError> {
        let put = Put::builder().table_name(&self.runs).set_item(Some(marked(item::run(run)?, token)));
        let put = put.condition_expression("attribute_not_exists(#key)");
        built(
            put.expression_attribute_names("#key", tables::EXPORT_TASK)
                .return_values_on_condition_check_failure(ALL_OLD)
                .build(),
        )
    }

    /// Sets what the run says and removes what it does not say any more; attributes of a newer version of the bot stay.
    fn update_run(&self, run: &Run, was: u64, under: Option<Timestamp>, token: &str) -> Result<Update, StoreError> {
        let mut item = marked(item::run(run)?, token);
        item.remove(tables::EXPORT_TASK);
        // Written by the projection alone, beside the version.
        item.remove("slack");
        let gone = item::OPTIONAL.iter().filter(|it| **it != "slack" && !item.contains_key(**it));
        let removals: Vec<&str> = gone.copied().collect();
        let sets: Vec<String> = item.keys().map(|it| format!("#{it} = :{it}")).collect();
        let mut expression = format!("SET {}", sets.join(", "));
        if !removals.is_empty() {
            let names: Vec<String> = removals.iter().map(|it| format!("#{it}")).collect();
            expression += &format!(" REMOVE {}", names.join(", "));
        }
        let mut update = Update::builder().table_name(&self.runs).update_expression(expression);
        for name in item.keys().map(String::as_str).chain(removals) {
            update = update.expression_attribute_names(format!("#{name}"), name);
        }
        for (name, value) in item {
            update = update.expression_attribute_values(format!(":{name}"), value);
        }
        let update = update
            .key(tables::EXPORT_TASK, string(run.export_task.as_str()))
            .condition_expression(if under.is_some() { UNDER_APPROVAL } else { "#version = :was" })
            .expression_attribute_values(":was", AttributeValue::N(was.to_string()));
        let update = match under {
            // What the record says now must be what is written: the digest is bound twice.
            Some(now) => update
                .expression_attribute_values(":approved", string(ApprovalState::Approved.as_str()))
                .expression_attribute_values(":overridden", string(ApprovalState::Overridden.as_str()))
                .expression_attribute_values(":now", item::moment(now)),
            None => update,
        };
        built(update.return_values_on_condition_check_failure(ALL_OLD).build())
    }

    fn take_turn(&self, source: &str, run: &ExportTask, token: &str) -> Result<Put, StoreError> {
        let turn = Item::from([
            (tables::PK.to_owned(), string(&tables::turn_key(source))),
            ("holder".to_owned(), string(run.as_str())),
        ]);
        let put = Put::builder().table_name(&self.state).set_item(Some(marked(turn, token)));
        let put = put.condition_expression("attribute_not_exists(#pk) OR holder = :run");
        let put = put.expression_attribute_names("#pk", tables::PK);
        let put = put.expression_attribute_values(":run", string(run.as_str()));
        built(put.return_values_on_condition_check_failure(ALL_OLD).build())
    }

    fn free_turn(&self, source: &str, run: &ExportTask) -> Result<Delete, StoreError> {
        let delete = Delete::builder().table_name(&self.state).key(tables::PK, string(&tables::turn_key(source)));
        let delete = delete.condition_expression("attribute_not_exists(#pk) OR holder = :run");
        let delete = delete.expression_attribute_names("#pk", tables::PK);
        let delete = delete.expression_attribute_values(":run", string(run.as_str()));
        built(delete.return_values_on_condition_check_failure(ALL_OLD).build())
    }

    fn close_request(&self, request: &str, outcome: AttributeValue, token: &str) -> Result<Update, StoreError> {
        let update = Update::builder().table_name(&self.state).key(tables::PK, string(&tables::request_key(request)));
        let update = update
            .update_expression("SET outcome = :outcome, #write = :write REMOVE #open")
            .condition_expression("attribute_exists(#pk) AND attribute_not_exists(outcome)")
            .expression_attribute_names("#write", WRITE_ID)
            .expression_attribute_names("#open", tables::OPEN)
            .expression_attribute_names("#pk", tables::PK)
            .expression_attribute_values(":outcome", outcome)
            .expression_attribute_values(":write", string(token));
        built(update.return_values_on_condition_check_failure(ALL_OLD).build())
    }
}

impl DynamoStore {
    /// Puts an entry of the log where none is. It has no mark of the write: what it is written with has one.
    pub(super) fn entry_item(&self, entry: &Entry) -> Result<TransactWriteItem, StoreError> {
        let item = item::state(&tables::entry_key(&entry.chain, entry.seq), entry)?;
        let put = Put::builder().table_name(&self.state).set_item(Some(item));
        let put =
            put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", tables::PK).build();
        Ok(TransactWriteItem::builder().put(built(put)?).build())
    }

    fn move_door(&self, trail: &Trail, was: u64, token: &str) -> Result<Put, StoreError> {
        let item = marked(item::state(tables::DOOR_HEAD, trail)?, token);
        let put = Put::builder().table_name(&self.state).set_item(Some(item));
        let put = if was == 0 {
            put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", tables::PK)
        } else {
            let put = put.condition_expression("seq = :was");
            put.expression_attribute_values(":was", AttributeValue::N(was.to_string()))
        };
        built(put.return_values_on_condition_check_failure(ALL_OLD).build())
    }
}

fn marked(mut item: Item, token: &str) -> Item {
    item.insert(WRITE_ID.to_owned(), string(token));
    item
}

fn built<T>(result: Result<T, aws_sdk_dynamodb::error::BuildError>) -> Result<T, StoreError> {
    result.map_err(|it| StoreError::Refused(it.to_string()))
}

fn reason_is_own(reason: &CancellationReason, token: &str) -> bool {
    let written = reason.item().and_then(|it| it.get(WRITE_ID)).and_then(|it| it.as_s().ok());
    written.is_some_and(|it| it == token)
}

/// Returns what was in the way of `change`.
fn conflict(change: &Change<'_>, reason: &CancellationReason) -> Result<StoreError, StoreError> {
    let old = reason.item().cloned().unwrap_or_default();
    Ok(StoreError::Conflict(match change {
        Change::Create(run) | Change::Update { run, .. } => {
            if old.is_empty() {
                return Err(StoreError::Refused(format!("run {} is gone from the table", run.export_task)));
            }
            Conflict::Run(Box::new(item::read(run.export_task.as_str(), old)?))
        }
        Change::TakeTurn { source, .. } | Change::FreeTurn { source, .. } => {
            let holder = old.get("holder").and_then(|it| it.as_s().ok()).and_then(|it| it.parse().ok());
            let unreadable = || StoreError::Unreadable(tables::turn_key(source), "no holder".to_owned());
            Conflict::Turn { holder: holder.ok_or_else(unreadable)? }
        }
        Change::Close { .. } => Conflict::Closed,
        Change::Door { .. } if old.is_empty() => return Err(gone()),
        Change::Door { .. } => Conflict::Door(item::read(tables::DOOR_HEAD, old)?),
    }))
}

/// The place of an entry is taken: writing over it would hide what was there.
fn taken(entry: &Entry) -> StoreError {
    let why = "it is in the log already, and the record that it is to be written with does not know it: \
               `datalake-bot audit verify` tells more";
    StoreError::Unreadable(tables::entry_key(&entry.chain, entry.seq), why.to_owned())
}

fn gone() -> StoreError {
    StoreError::Unreadable(tables::DOOR_HEAD.to_owned(), "it is gone".to_owned())
}
