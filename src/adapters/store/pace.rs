//! The marks of the shared pace: one small item per lane in the state table.

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};

use super::{DynamoStore, error::trouble, item, tables};
use crate::engine::ports::{Lane, Mark, PaceMarks, StoreError, Swap};

#[async_trait]
impl PaceMarks for DynamoStore {
    async fn swap(&self, lane: &Lane, was: u64, next: &Mark) -> Result<Swap, StoreError> {
        let pk = tables::pace_key(&lane.name());
        let call = self.client.put_item().table_name(&self.state).set_item(Some(item::state(&pk, next)?));
        let call = call.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let call = if was == 0 {
            call.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", tables::PK)
        } else {
            let was = AttributeValue::N(was.to_string());
            let call = call.condition_expression("#version = :was").expression_attribute_names("#version", "version");
            call.expression_attribute_values(":was", was)
        };
        let Err(error) = call.send().await else { return Ok(Swap::Done) };
        if let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() {
            let found = failed.item().cloned();
            return found.map(|it| item::read(&pk, it)).transpose().map(Swap::Lost);
        }
        Err(trouble(error))
    }
}
