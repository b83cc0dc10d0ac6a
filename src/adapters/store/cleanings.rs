//! Who cleans up after a source: one small item per source in the state table.

use async_trait::async_trait;

use super::{DynamoStore, item, tables};
use crate::engine::ports::{Cleaning, Cleanings, StoreError};

#[async_trait]
impl Cleanings for DynamoStore {
    async fn cleaning(&self, source: &str) -> Result<Option<Cleaning>, StoreError> {
        self.state(&tables::cleaning_key(source)).await
    }

    async fn put_cleaning(&self, cleaning: &Cleaning) -> Result<bool, StoreError> {
        let item = item::state(&tables::cleaning_key(&cleaning.source), cleaning)?;
        self.put_versioned(item, cleaning.version - 1).await
    }
}
