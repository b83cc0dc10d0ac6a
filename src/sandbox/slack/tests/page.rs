//! The web page, as a browser asks for it.

use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};

use super::{ANA, CHANNEL, MINA, World, bot};

async fn get(world: &World, path: &str) -> String {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.get(format!("{}{path}", world.slack.page_url()).parse().unwrap()).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

async fn post(world: &World, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}sandbox/{path}", world.slack.page_url());
    world.send(&url, &[("content-type", "application/json")], &body.to_string()).await
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let world = bot::world().await;
    let page = get(&world, "").await;
    assert!(page.contains("<script>"));
    for loading in ["src=", "@import", "url(", "//cdn", "<script src"] {
        assert!(!page.contains(loading), "{loading}");
    }
}

#[tokio::test]
async fn the_state_is_what_one_person_sees() {
    let world = bot::world().await;
    world.call("chat.postEphemeral", &json!({ "channel": CHANNEL, "user": ANA, "text": "psst" })).await;
    world.call("chat.postMessage", &json!({ "channel": MINA, "text": "to you" })).await;
    let state = async |user: &str| -> Value {
        serde_json::from_str(&get(&world, &format!("sandbox/state?user={user}")).await).unwrap()
    };
    let texts = |state: &Value| -> Vec<String> {
        let channels = state["channels"].as_array().unwrap().iter();
        let messages = channels.flat_map(|it| it["messages"].as_array().unwrap());
        messages.map(|it| it["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(&state(ANA).await), ["psst"]);
    assert_eq!(texts(&state(MINA).await), ["to you"]);
}

#[tokio::test]
async fn the_page_types_presses_and_tells_what_failed() {
    let world = bot::world().await;
    let typed = post(&world, "slash", json!({ "user": ANA, "channel": CHANNEL, "text": "/datalake status" })).await;
    assert_eq!(typed, (200, json!({ "failure": null, "errors": null })));
    assert_eq!(bot::last_field(&world, "text"), "status");
    post(&world, "slash", json!({ "user": ANA, "channel": CHANNEL, "text": "hello" })).await;
    assert_eq!(world.slack.messages(CHANNEL)[0].text, "hello");

    let ts = world.post_blocks(&bot::buttons()).await;
    let press = |action: &str| json!({ "user": ANA, "channel": CHANNEL, "ts": ts, "action_id": action });
    assert_eq!(post(&world, "press", press("run.retry")).await.0, 200);
    assert_eq!(bot::last_payload(&world)["actions"][0]["action_id"], "run.retry");
    let failed = post(&world, "press", press("run.nothing")).await;
    assert_eq!(failed, (400, json!({ "failure": "there is no run.nothing to press" })));
}

#[tokio::test]
async fn a_form_from_another_page_is_not_taken() {
    let world = bot::world().await;
    let url = format!("{}sandbox/slash", world.slack.page_url());
    let body = json!({ "user": ANA, "channel": CHANNEL, "text": "hello" }).to_string();
    let patience = std::time::Duration::from_secs(10);
    let (status, _) = world.client.post(&url, &[("content-type", "text/plain")], &body, patience).await.unwrap();
    assert_eq!((status, world.slack.messages(CHANNEL).len()), (415, 0));
}
