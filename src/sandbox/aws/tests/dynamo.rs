//! DynamoDB as the SDK sees it.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, Put,
    ReturnValuesOnConditionCheckFailure, ScalarAttributeType, TransactWriteItem,
};

use super::World;
use crate::sandbox::aws::Pace;

async fn world() -> World {
    let world = World::start(Pace::instant()).await;
    let key = KeySchemaElement::builder().attribute_name("export_task").key_type(KeyType::Hash).build().unwrap();
    let attribute = AttributeDefinition::builder().attribute_name("export_task");
    let attribute = attribute.attribute_type(ScalarAttributeType::S).build().unwrap();
    let request = world.dynamodb.create_table().table_name("runs").key_schema(key).attribute_definitions(attribute);
    request.billing_mode(BillingMode::PayPerRequest).send().await.unwrap();
    world
}

#[tokio::test]
async fn a_condition_that_does_not_hold_shows_the_item() {
    let world = world().await;
    let put = || {
        let request = world.dynamodb.put_item().table_name("runs");
        request
            .item("export_task", AttributeValue::S("shop-1".to_owned()))
            .condition_expression("attribute_not_exists(export_task)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
    };
    put().await.unwrap();
    let error = put().await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failed) = error else {
        panic!("{error:?}")
    };
    assert!(failed.item().unwrap().contains_key("export_task"));

    let calls = world.front.history.calls("dynamodb", "PutItem");
    assert_eq!(calls[0].note["TableName"], "runs");
    assert_eq!(calls[0].note["ConditionExpression"], "attribute_not_exists(export_task)");
    assert_eq!(calls[1].error.as_deref(), Some("ConditionalCheckFailedException"));
}

#[tokio::test]
async fn a_transaction_is_canceled_as_a_whole() {
    let world = world().await;
    let write = |name: &str| {
        let put = Put::builder().table_name("runs").item("export_task", AttributeValue::S(name.to_owned()));
        let put = put.condition_expression("attribute_not_exists(export_task)").build().unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    world.dynamodb.transact_write_items().transact_items(write("a")).send().await.unwrap();
    let both = world.dynamodb.transact_write_items().transact_items(write("b")).transact_items(write("a"));
    assert!(both.send().await.unwrap_err().into_service_error().is_transaction_canceled_exception());
    let scan = world.dynamodb.scan().table_name("runs").send().await.unwrap();
    assert_eq!(scan.count(), 1);
}
