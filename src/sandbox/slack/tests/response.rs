//! `response_url`.

use serde_json::{Value, json};

use super::{ANA, CHANNEL, World, bot};

async fn respond(world: &World, url: &str, body: Value) -> (u16, Value) {
    world.send(url, &[("content-type", "application/json; charset=utf-8")], &body.to_string()).await
}

async fn typed(world: &World) -> String {
    world.slack.slash(ANA, CHANNEL, "/datalake").await.unwrap();
    bot::last_field(world, "response_url")
}

#[tokio::test]
async fn it_is_good_for_five_uses_and_thirty_minutes() {
    let world = bot::world().await;
    let url = typed(&world).await;
    assert_eq!(respond(&world, &url, json!({})).await, (400, json!({ "ok": false, "error": "no_text" })));
    for _ in 0..5 {
        assert_eq!(respond(&world, &url, json!({ "text": "x" })).await.0, 200);
    }
    assert_eq!(respond(&world, &url, json!({ "text": "x" })).await, (404, json!({ "ok": false, "error": "used_url" })));
    let url = typed(&world).await;
    world.pass(30 * 60 + 1);
    assert_eq!(respond(&world, &url, json!({ "text": "x" })).await.1["error"], "expired_url");
}

#[tokio::test]
async fn it_answers_one_person_or_the_channel_even_without_the_bot() {
    let world = bot::world().await;
    world.slack.invite_bot(CHANNEL, false);
    let url = typed(&world).await;
    respond(&world, &url, json!({ "text": "for you" })).await;
    respond(&world, &url, json!({ "text": "for all", "response_type": "in_channel" })).await;
    let seen: Vec<_> = world.slack.messages(CHANNEL).into_iter().map(|it| (it.text, it.only_for)).collect();
    assert_eq!(seen, [("for you".to_owned(), Some(ANA.to_owned())), ("for all".to_owned(), None)]);
    let notes = world.front.history.effects("slack", "response_url");
    assert_eq!((&notes[0].note["text"], &notes[0].note["ephemeral"]), (&json!("for you"), &json!(true)));
}

#[tokio::test]
async fn it_replaces_and_deletes_the_message_that_was_pressed() {
    let world = bot::world().await;
    let ts = world.post_blocks(&bot::buttons()).await;
    world.slack.press(ANA, CHANNEL, &ts, "run.retry").await.unwrap();
    let url = bot::last_payload(&world)["response_url"].as_str().unwrap().to_owned();
    respond(&world, &url, json!({ "text": "done", "replace_original": true })).await;
    let message = world.slack.messages(CHANNEL).pop().unwrap();
    assert_eq!((message.ts.as_str(), message.text.as_str(), message.blocks.len()), (ts.as_str(), "done", 0));
    respond(&world, &url, json!({ "delete_original": true })).await;
    assert_eq!(world.slack.messages(CHANNEL), []);
}
