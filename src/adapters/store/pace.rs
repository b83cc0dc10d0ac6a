//! The marks of the shared pace: one small item per lane in the state table.

use async_trait::async_trait;

use super::{DynamoStore, Replaced, item, tables};
use crate::engine::ports::{Lane, Mark, PaceMarks, StoreError, Swap};

#[async_trait]
impl PaceMarks for DynamoStore {
    async fn swap(&self, lane: &Lane, was: u64, next: &Mark) -> Result<Swap, StoreError> {
        let pk = tables::pace_key(&lane.name());
        match self.replace(item::state(&pk, next)?, was).await? {
            Replaced::Done => Ok(Swap::Done),
            Replaced::Lost(found) => found.map(|it| item::read(&pk, it)).transpose().map(Swap::Lost),
        }
    }
}
