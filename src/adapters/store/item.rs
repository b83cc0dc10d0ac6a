//! The format of the items: a run, request or thread as its type is written by serde, and the attributes that the
//! indexes need.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;
use serde::{Serialize, de::DeserializeOwned};

use super::{Item, string, tables};
use crate::{
    domain::{notice::Notice, run::Run},
    engine::ports::{Request, StoreError},
    projection::thread::Thread,
};

/// Attributes of a run that are left out when there is nothing to say: an update removes them.
pub(super) const OPTIONAL: [&str; 13] = [
    "approval",
    "canceled_by",
    "error",
    "failures",
    "finished_at",
    "next_attempt",
    "only",
    "overtaken",
    "past_approvals",
    "requested_by",
    "retries",
    "slack",
    "warnings",
];

/// How long a request is kept after it came: longer than anything can be delivered again.
const KEEP_REQUEST: SignedDuration = SignedDuration::from_hours(24 * 30);

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
    Ok(item)
}

pub(super) fn state(pk: &str, value: &impl Serialize) -> Result<Item, StoreError> {
    let mut item = write(value)?;
    item.insert(tables::PK.to_owned(), string(pk));
    Ok(item)
}

pub(super) fn request(request: &Request) -> Result<Item, StoreError> {
    let mut item = state(&tables::request_key(&request.id), request)?;
    item.insert(tables::OPEN.to_owned(), string(tables::IS_OPEN));
    let expires = (request.received_at + KEEP_REQUEST).as_second();
    item.insert(tables::EXPIRES_AT.to_owned(), AttributeValue::N(expires.to_string()));
    Ok(item)
}

/// Returns the item of a notice. It is open until its end is shown: see `settle_notice`.
pub(super) fn notice(notice: &Notice) -> Result<Item, StoreError> {
    let mut item = state(&tables::notice_key(&notice.id), notice)?;
    item.insert(tables::OPEN.to_owned(), string(tables::IS_OPEN));
    item.insert(tables::RECEIVED_AT.to_owned(), string(&notice.since.to_string()));
    // What is over long ago need not be kept; what is not is written again when it is solved.
    if notice.is_over() {
        let expires = (notice.solved_at.unwrap_or(notice.since) + KEEP_NOTICE).as_second();
        item.insert(tables::EXPIRES_AT.to_owned(), AttributeValue::N(expires.to_string()));
    }
    Ok(item)
}

pub(super) fn thread(thread: &Thread) -> Result<Item, StoreError> {
    state(&tables::thread_key(&thread.of), thread)
}
