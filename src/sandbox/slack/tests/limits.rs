//! Rate limits.

use serde_json::json;

use super::{CHANNEL, world};
use crate::sandbox::slack::Limits;

#[tokio::test]
async fn posting_is_limited_by_channel_and_updating_by_method() {
    let world = world().await;
    world.slack.set_limits(Limits::default());
    let post = async |channel| world.call("chat.postMessage", &json!({ "channel": channel, "text": "x" })).await;
    let ts = post(CHANNEL).await["ts"].clone();
    for _ in 1..5 {
        assert_eq!(post(CHANNEL).await["ok"], true);
    }
    assert_eq!(post(CHANNEL).await["error"], "ratelimited");
    assert_eq!(post("C0ALERTS0001").await["ok"], true);
    world.pass(5);
    assert_eq!(post(CHANNEL).await["ok"], true);

    let update = async || world.call("chat.update", &json!({ "channel": CHANNEL, "ts": ts, "text": "y" })).await;
    for _ in 0..50 {
        assert_eq!(update().await["ok"], true);
    }
    assert_eq!(update().await["error"], "ratelimited");
    world.pass(60);
    assert_eq!(update().await["ok"], true);
}
