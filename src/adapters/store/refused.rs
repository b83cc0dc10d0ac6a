//! Attempts that were refused. They stand in the index of what is open, in a part of their own.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{DynamoStore, Query, item, tables};
use crate::{domain::refused::Refused, engine::ports::StoreError};

/// Records that are read at a time.
const AT_ONCE: usize = 10;

impl DynamoStore {
    /// Returns the newest attempts that were refused, newest first. The index has their keys only.
    pub(super) async fn newest_refused(&self, limit: usize) -> Result<Vec<Refused>, StoreError> {
        let query = Query {
            table: &self.state,
            index: tables::OPEN_REQUESTS,
            attribute: tables::OPEN,
            value: tables::IS_REFUSED,
            filter: None,
            forward: false,
            limit,
        };
        let found = self.query(query).await?.into_iter();
        let keys: Vec<String> = found.filter_map(|it| it.get(tables::PK)?.as_s().ok().cloned()).collect();
        let read = keys.into_iter().map(|pk| async move { self.get(&self.state, (tables::PK, &pk)).await });
        let read = stream::iter(read).buffered(AT_ONCE);
        let items: Vec<_> = read.try_collect().await?;
        // One that has expired meanwhile, or that cannot be read, must not hide the others.
        Ok(items.into_iter().flatten().filter_map(|it| item::read("a refusal", it).ok()).collect())
    }
}
