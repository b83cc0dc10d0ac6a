//! Limits of blocks, as a bot meets them.

use serde_json::{Value, json};

use super::{CHANNEL, world};

#[tokio::test]
async fn a_refusal_says_what_and_where() {
    let world = world().await;
    let section = |text: &str| json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } });
    let post = async |blocks: Value| {
        world.call("chat.postMessage", &json!({ "channel": CHANNEL, "text": "x", "blocks": blocks })).await
    };
    let refused = post(json!([section("fine"), section(&"x".repeat(3_001))])).await;
    assert_eq!(refused["error"], "invalid_blocks");
    let message = "must be less than 3001 characters [json-pointer:/blocks/1/text/text]";
    assert_eq!(refused["errors"], json!([message]));
    assert_eq!(refused["response_metadata"]["messages"], json!([format!("[ERROR] {message}")]));

    let long: Vec<Value> = (0..5).map(|_| section(&"x".repeat(2_700))).collect();
    assert_eq!(post(json!(long)).await["error"], "msg_blocks_too_long");

    world.slack.refuse_block("plan", true);
    let plan = json!([{ "type": "plan", "title": "Run", "tasks": [{ "type": "task_card", "task_id": "1", "title": "Export" }] }]);
    assert_eq!(post(plan.clone()).await["errors"][0], "unsupported type: plan [json-pointer:/blocks/0/type]");
    world.slack.refuse_block("plan", false);
    assert_eq!(post(plan).await["ok"], true);
}
