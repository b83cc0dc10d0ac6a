//! What people read.

use serde_json::json;

use super::{ANA, CHANNEL, MINA, world};

#[tokio::test]
async fn a_thread_reads_like_a_conversation() {
    let world = world().await;
    let text = |text: &str| json!({ "type": "plain_text", "text": text });
    let mrkdwn = |text: &str| json!({ "type": "mrkdwn", "text": text });
    let button = json!({ "type": "button", "action_id": "a", "text": text("Cancel Run") });
    let root = world
        .post_blocks(&json!([
            { "type": "header", "text": text("Run of shop") },
            { "type": "section", "text": mrkdwn("*Exporting* for <@U0ANA000001> &amp; <!subteam^S0PRIVACY01>") },
            { "type": "context", "elements": [mrkdwn("since <!date^1795320000^{date_short_pretty} {time}|then>")] },
            { "type": "actions", "elements": [button] },
        ]))
        .await;
    world.pass(60);
    let reply = json!({ "channel": CHANNEL, "thread_ts": root, "text": "see <https://example.org|the log>" });
    world.call("chat.postMessage", &reply).await;
    insta::assert_snapshot!(world.slack.thread(CHANNEL, &root), @r"
    Datalake 2026-11-22 04:00
    Run of shop
    Exporting for @ana & @privacy
    since today 04:00
    [ Cancel Run ]

      Datalake 2026-11-22 04:01
      see the log
    ");

    let message = json!({ "channel": CHANNEL, "user": MINA, "thread_ts": root, "text": "only you" });
    world.call("chat.postEphemeral", &message).await;
    let hers = world.slack.channel_as(MINA, CHANNEL);
    assert!(hers.contains("2026-11-22 13:01 (only visible to you)\n  only you"), "{hers}");
    assert!(!world.slack.channel_as(ANA, CHANNEL).contains("only you"));
}
