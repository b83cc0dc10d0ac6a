//! The readers of Homes: one item each in the state table, and a partition of its index that holds nothing else.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::{DynamoStore, Item, Query, item, string, tables};
use crate::engine::ports::{Reader, Readers, StoreError, readers::KEPT};

#[async_trait]
impl Readers for DynamoStore {
    async fn reader(&self, user: &str) -> Result<Option<Reader>, StoreError> {
        self.state(&tables::home_key(user)).await
    }

    async fn put_reader(&self, reader: &Reader) -> Result<bool, StoreError> {
        self.put_versioned(written(reader)?, reader.version - 1).await
    }

    async fn readers(&self, since: Timestamp) -> Result<Vec<String>, StoreError> {
        let query = Query {
            table: &self.state,
            index: tables::OPEN_REQUESTS,
            attribute: tables::OPEN,
            value: tables::IS_HOME,
            filter: None,
            forward: false,
            limit: usize::MAX,
        };
        let opened = |it: &Item| it.get(tables::RECEIVED_AT)?.as_s().ok()?.parse::<Timestamp>().ok();
        let items = self.query(query).await?.into_iter();
        // DynamoDB may take days to delete what has expired.
        let recent = items.filter(|it| opened(it).is_some_and(|at| at >= since));
        Ok(recent.filter_map(|it| tables::reader(it.get(tables::PK)?.as_s().ok()?).map(str::to_owned)).collect())
    }
}

fn written(reader: &Reader) -> Result<Item, StoreError> {
    let mut item = item::state(&tables::home_key(&reader.user), reader)?;
    item.insert(tables::OPEN.to_owned(), string(tables::IS_HOME));
    item.insert(tables::RECEIVED_AT.to_owned(), string(&reader.opened_at.to_string()));
    let expires = (reader.opened_at + KEPT).as_second();
    item.insert(tables::EXPIRES_AT.to_owned(), AttributeValue::N(expires.to_string()));
    Ok(item)
}
