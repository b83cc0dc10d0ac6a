//! The format of the items: a run, request or thread as its type is written by serde, and the attributes that the
//! indexes need.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

use super::{Item, string, tables};
use crate::{
    domain::{notice::Notice, refused::Refused, run::Run},
    engine::ports::{Request, StoreError},
    projection::thread::Thread,
};

/// What the refresh's approval is bound to, where it stands, and until when it is good, in milliseconds since 1970: beside
/// the approval itself, so that a condition can be put on them.
pub(super) const APPROVAL_DIGEST: &str = "approval_digest";
pub(super) const APPROVAL_STATE: &str = "approval_state";
pub(super) const APPROVAL_GOOD_UNTIL: &str = "approval_good_until";

/// Attributes of a run that are left out when there is nothing to say: an update removes them.
pub(super) const OPTIONAL: [&str; 26] = [
    "approval",
    APPROVAL_DIGEST,
    APPROVAL_GOOD_UNTIL,
    APPROVAL_STATE,
    "break_glass",
    "canceled_by",
    "error",
    "export_removed",
    "failures",
    "finished_at",
    "first_published",
    "next_attempt",
    "only",
    "overtaken",
    "past_approvals",
    "past_marks",
    "past_rollbacks",
    "question",
    "requested_by",
    "retries",
    "rollback",
    "rolled_back_to",
    "slack",
    "succeeded_at",
    "undone",
    "warnings",
];

/// How long a request is kept after it came: longer than anything can be delivered again.
const KEEP_REQUEST: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How long it is kept that an event was answered: Slack sends one again for some minutes.
const KEEP_EVENT: SignedDuration = SignedDuration::from_hours(24 * 2);

/// How long an attempt that was refused is kept.
const KEEP_REFUSED: SignedDuration = SignedDuration::from_hours(24 * 90);

/// How long a notice is kept after its end: longer than a queue keeps a message.
const KEEP_NOTICE: SignedDuration = SignedDuration::from_hours(24 * 90);

pub(super) fn read<T: DeserializeOwned>(what: &str, item: Item) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(|it| StoreError::Unreadable(what.to_owned(), it.to_string()))
}

pub(super) fn write(value: &impl Serialize) -> Result<Item, StoreError> {
    serde_dynamo::to_item(value).map_err(|it: serde_dynamo::Error| StoreError::Refused(it.to_string()))
}

/// Returns the item of a run. It is open until its end is shown: see `settle`.
pub(super) fn run(run: &Run) -> Result<Item, StoreError> {
    let mut item = write(run)?;
    item.insert(tables::OPEN.to_owned(), string(tables::IS_OPEN));
    if let Some(approval) = &run.approval {
        item.insert(APPROVAL_DIGEST.to_owned(), string(&approval.digest));
        item.insert(APPROVAL_STATE.to_owned(), string(approval.state.as_str()));
        item.insert(APPROVAL_GOOD_UNTIL.to_owned(), moment(approval.good_until()));
    }
    Ok(item)
}

/// Returns a time as it can be compared in a condition.
pub(super) fn moment(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_millisecond().to_string())
}

pub(super) fn state(pk: &str, value: &impl Serialize) -> Result<Item, StoreError> {
    let mut item = write(value)?;
    item.insert(tables::PK.to_owned(), string(pk));
    Ok(item)
}

pub(super) fn request(request: &Request) -> Result<Item, StoreError> {
    let mut item = state(&tables::request_key(&request.id), request)?;
    item.insert(tables::OPEN.to_owned(), string(tables::IS_OPEN));
    item.extend([expiry(request.received_at + KEEP_REQUEST)]);
    Ok(item)
}

/// Returns the item of an event that is answered at `at`.
pub(super) fn event(id: &str, at: Timestamp) -> Item {
    Item::from([(tables::PK.to_owned(), string(&tables::event_key(id))), expiry(at + KEEP_EVENT)])
}

/// Returns the item of an attempt that was refused. It is never open; the index of what is lists it apart.
pub(super) fn refused(refused: &Refused) -> Result<Item, StoreError> {
    let mut item = state(&tables::refused_key(&refused.id), refused)?;
    item.insert(tables::OPEN.to_owned(), string(tables::IS_REFUSED));
    item.insert(tables::RECEIVED_AT.to_owned(), string(&refused.at.to_string()));
    item.extend([expiry(refused.at + KEEP_REFUSED)]);
    Ok(item)
}

/// Returns the attribute by which DynamoDB deletes an item at `at`, or some time later.
fn expiry(at: Timestamp) -> (String, AttributeValue) {
    (tables::EXPIRES_AT.to_owned(), AttributeValue::N(at.as_second().to_string()))
}

/// Returns the item of a notice. It is open until its end is shown: see `settle_notice`.
pub(super) fn notice(notice: &Notice) -> Result<Item, StoreError> {
    let mut item = state(&tables::notice_key(&notice.id), notice)?;
    item.insert(tables::OPEN.to_owned(), string(tables::IS_OPEN));
    item.insert(tables::RECEIVED_AT.to_owned(), string(&notice.since.to_string()));
    // What is over long ago need not be kept; what is not is written again when it is solved.
    if notice.is_over() {
        item.extend([expiry(notice.solved_at.unwrap_or(notice.since) + KEEP_NOTICE)]);
    }
    Ok(item)
}

pub(super) fn thread(thread: &Thread) -> Result<Item, StoreError> {
    state(&tables::thread_key(&thread.of), thread)
}
