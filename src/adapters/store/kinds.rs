//! The kinds of blocks that a workspace takes: one small item per workspace in the state table.

use async_trait::async_trait;

use super::{DynamoStore, item, tables};
use crate::engine::ports::{Kinds, KnownKinds, StoreError};

#[async_trait]
impl KnownKinds for DynamoStore {
    async fn kinds(&self, team: &str) -> Result<Kinds, StoreError> {
        Ok(self.state(&tables::blocks_key(team)).await?.unwrap_or_default())
    }

    async fn put_kinds(&self, team: &str, kinds: &Kinds) -> Result<bool, StoreError> {
        let next = Kinds { version: kinds.version + 1, ..kinds.clone() };
        self.put_versioned(item::state(&tables::blocks_key(team), &next)?, kinds.version).await
    }
}
