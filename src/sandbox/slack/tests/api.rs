//! Methods of the Web API, and each of their refusals.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CHANNEL, MINA, World, world};
use crate::sandbox::{
    faults::{Fault, Kind, Moment},
    slack::{BOT_USER, Person},
};

#[tokio::test]
async fn the_token_decides_first() {
    let world = world().await;
    let url = format!("{}/auth.test", world.slack.base_url());
    let json = ("content-type", "application/json; charset=utf-8");
    let cases = [
        (vec![json], "{}", "not_authed"),
        (vec![json, ("authorization", "Bearer wrong")], "{}", "invalid_auth"),
        (vec![json], r#"{"token":"xoxb-sandbox-token"}"#, "not_authed"),
        (vec![json, ("authorization", "Bearer xoxb-sandbox-token")], "{", "invalid_json"),
        (vec![json, ("authorization", "Bearer xoxb-sandbox-token")], "[]", "json_not_object"),
        (vec![("authorization", "Bearer xoxb-sandbox-token")], "{}", "missing_post_type"),
        (vec![("content-type", "text/html")], "{}", "invalid_post_type"),
    ];
    for (headers, body, error) in cases {
        assert_eq!(world.send(&url, &headers, body).await.1["error"], error, "{body}");
    }
    let in_query = format!("{url}?token=xoxb-sandbox-token");
    assert_eq!(world.send(&in_query, &[json], "{}").await.1["error"], "not_authed");
    let form = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(world.send(&url, &[form], "token=xoxb-sandbox-token").await.1["user_id"], BOT_USER);

    world.slack.revoke_token(true);
    assert_eq!(world.call("auth.test", &json!({})).await["error"], "token_revoked");
    assert_eq!(world.call("chat.nothing", &json!({})).await["error"], "unknown_method");
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let world = world().await;
    world.slack.set_scopes(&["chat:write"]);
    let refused = world.form("usergroups.list", &[]).await;
    assert_eq!(refused["error"], "missing_scope");
    assert_eq!((&refused["needed"], &refused["provided"]), (&json!("usergroups:read"), &json!("chat:write")));
}

#[tokio::test]
async fn reading_methods_take_no_json() {
    let world = world().await;
    let refused = world.call("conversations.info", &json!({ "channel": CHANNEL })).await;
    assert_eq!(refused["error"], "invalid_arguments");
    assert_eq!(refused["response_metadata"]["messages"][0], "[ERROR] missing required field: channel");
    let info = world.form("conversations.info", &[("channel", CHANNEL), ("include_num_members", "true")]).await;
    assert_eq!((&info["channel"]["is_member"], &info["channel"]["num_members"]), (&json!(true), &json!(9)));
}

async fn refused(world: &World, method: &str, body: Value) -> Value {
    world.call(method, &body).await["error"].clone()
}

#[tokio::test]
async fn posting_is_refused_as_slack_refuses() {
    let world = world().await;
    let reply = {
        let root = world.post("root").await;
        let reply = json!({ "channel": CHANNEL, "text": "x", "thread_ts": root });
        world.call("chat.postMessage", &reply).await["ts"].clone()
    };
    let metadata = json!({ "event_type": "x", "event_payload": { "a": "b".repeat(16_000) } });
    let cases = [
        (json!({ "channel": "C0NOWHERE01", "text": "x" }), "channel_not_found"),
        (json!({ "channel": "C0RANDOM0001", "text": "x" }), "not_in_channel"),
        (json!({ "channel": "U0LEFT00001", "text": "x" }), "channel_not_found"),
        (json!({ "text": "x" }), "invalid_arguments"),
        (json!({ "channel": CHANNEL }), "no_text"),
        (json!({ "channel": CHANNEL, "text": "x", "thread_ts": "1.000001" }), "thread_not_found"),
        (json!({ "channel": CHANNEL, "text": "x", "thread_ts": reply }), "thread_not_found"),
        (json!({ "channel": CHANNEL, "blocks": "{" }), "invalid_blocks_format"),
        (json!({ "channel": CHANNEL, "blocks": {} }), "invalid_blocks_format"),
        (json!({ "channel": CHANNEL, "blocks": [{ "type": "nothing" }] }), "invalid_blocks"),
        (json!({ "channel": CHANNEL, "text": "x", "markdown_text": "x" }), "markdown_text_conflict"),
        (json!({ "channel": CHANNEL, "text": "x", "metadata": { "event_type": "x" } }), "invalid_metadata_format"),
        (json!({ "channel": CHANNEL, "text": "x", "metadata": metadata }), "metadata_too_large"),
    ];
    for (body, error) in cases {
        assert_eq!(refused(&world, "chat.postMessage", body.clone()).await, error, "{body}");
    }
    world.slack.archive(CHANNEL, true);
    assert_eq!(refused(&world, "chat.postMessage", json!({ "channel": CHANNEL, "text": "x" })).await, "is_archived");
    world.slack.archive(CHANNEL, false);
    world.slack.invite_bot(CHANNEL, false);
    assert_eq!(refused(&world, "chat.postMessage", json!({ "channel": CHANNEL, "text": "x" })).await, "not_in_channel");
}

#[tokio::test]
async fn a_long_text_is_cut_when_posted_and_refused_when_changed() {
    let world = world().await;
    let posted = world.call("chat.postMessage", &json!({ "channel": CHANNEL, "text": "x".repeat(40_001) })).await;
    assert_eq!((&posted["ok"], &posted["warning"]), (&json!(true), &json!("message_truncated")));
    assert_eq!(posted["message"]["text"].as_str().unwrap().len(), 40_000);
    let update = |length| json!({ "channel": CHANNEL, "ts": posted["ts"], "text": "x".repeat(length) });
    assert_eq!(world.call("chat.update", &update(4_000)).await["ok"], true);
    assert_eq!(refused(&world, "chat.update", update(4_001)).await, "msg_too_long");
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let world = world().await;
    let metadata = json!({ "event_type": "run", "event_payload": { "id": "1" } });
    let blocks = json!([{ "type": "divider" }]);
    let message = json!({ "channel": CHANNEL, "text": "before", "blocks": blocks, "metadata": metadata });
    let ts = world.call("chat.postMessage", &message).await["ts"].clone();
    let stored = || world.slack.messages(CHANNEL).pop().unwrap();

    world.call("chat.update", &json!({ "channel": CHANNEL, "ts": ts, "text": "after" })).await;
    assert_eq!((stored().text.as_str(), stored().blocks.len()), ("after", 0));
    assert_eq!(stored().metadata, Some(metadata));
    world.call("chat.update", &json!({ "channel": CHANNEL, "ts": ts, "metadata": {} })).await;
    assert_eq!((stored().text.as_str(), stored().metadata), ("after", None));
}

#[tokio::test]
async fn only_own_messages_are_changed_and_deleted() {
    let world = world().await;
    let (own, foreign) = (world.post("own").await, world.slack.say(MINA, CHANNEL, "hers").unwrap());
    let cases = [
        ("chat.update", json!({ "channel": CHANNEL, "ts": foreign, "text": "x" }), "cant_update_message"),
        ("chat.delete", json!({ "channel": CHANNEL, "ts": foreign }), "cant_delete_message"),
        ("chat.update", json!({ "channel": CHANNEL, "ts": "1.000000", "text": "x" }), "message_not_found"),
        ("chat.delete", json!({ "channel": CHANNEL, "ts": "1.000000" }), "message_not_found"),
        ("chat.update", json!({ "channel": CHANNEL, "ts": own }), "no_text"),
        ("chat.update", json!({ "channel": "C0NOWHERE01", "ts": own, "text": "x" }), "channel_not_found"),
    ];
    for (method, body, error) in cases {
        assert_eq!(refused(&world, method, body.clone()).await, error, "{method} {body}");
    }
    assert!(world.slack.delete_message(CHANNEL, &own));
    let update = json!({ "channel": CHANNEL, "ts": own, "text": "x" });
    assert_eq!(refused(&world, "chat.update", update).await, "message_not_found");
}

#[tokio::test]
async fn an_ephemeral_message_is_for_one_member() {
    let world = world().await;
    let body = |user: &str| json!({ "channel": CHANNEL, "user": user, "text": "psst" });
    assert!(world.call("chat.postEphemeral", &body(MINA)).await["message_ts"].is_string());
    assert_eq!(refused(&world, "chat.postEphemeral", body("U0NOBODY001")).await, "user_not_in_channel");
    assert_eq!(world.slack.ephemeral(MINA), ["psst"]);
    let history = world.form("conversations.history", &[("channel", CHANNEL)]).await;
    assert_eq!(history["messages"], json!([]));
}

#[tokio::test]
async fn history_comes_in_pages_and_keeps_metadata_to_itself() {
    let world = world().await;
    let metadata = json!({ "event_type": "run", "event_payload": { "id": "1" } });
    let root = json!({ "channel": CHANNEL, "text": "root", "metadata": metadata });
    let root = world.call("chat.postMessage", &root).await["ts"].as_str().unwrap().to_owned();
    let mut all = vec![root.clone()];
    for text in ["one", "two", "three"] {
        let reply = json!({ "channel": CHANNEL, "text": text, "thread_ts": root });
        all.push(world.call("chat.postMessage", &reply).await["ts"].as_str().unwrap().to_owned());
    }
    assert!(all.is_sorted_by(|a, b| a < b), "{all:?}");

    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let args = [("channel", CHANNEL), ("ts", root.as_str()), ("limit", "3"), ("cursor", &cursor)];
        let page = world.form("conversations.replies", &args).await;
        seen.extend(page["messages"].as_array().unwrap().iter().map(|it| it["ts"].as_str().unwrap().to_owned()));
        cursor = page["response_metadata"]["next_cursor"].as_str().unwrap().to_owned();
        assert_eq!(page["has_more"], !cursor.is_empty());
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen, all);

    let history = world.form("conversations.history", &[("channel", CHANNEL)]).await;
    let message = &history["messages"][0];
    assert_eq!((&message["reply_count"], message.get("metadata")), (&json!(3), None));
    let with = [("channel", CHANNEL), ("include_all_metadata", "true")];
    assert_eq!(world.form("conversations.history", &with).await["messages"][0]["metadata"], metadata);
    let missing = world.form("conversations.replies", &[("channel", CHANNEL), ("ts", "1.000000")]).await;
    assert_eq!(missing["error"], "thread_not_found");
}

#[tokio::test]
async fn people_and_groups_are_described() {
    let world = world().await;
    let user = world.form("users.info", &[("user", MINA), ("include_locale", "true")]).await;
    assert_eq!((&user["user"]["locale"], &user["user"]["tz_offset"]), (&json!("ja-JP"), &json!(32_400)));
    let without = world.form("users.info", &[("user", MINA)]).await;
    assert_eq!(without["user"].get("locale"), None);
    let flags = |user: &Value| ["is_restricted", "deleted", "is_stranger"].map(|it| user[it] == true);
    for (id, expected) in [
        ("U0GUEST0001", [true, false, false]),
        ("U0LEFT00001", [false, true, false]),
        ("U0STRANGER1", [false, false, true]),
    ] {
        assert_eq!(flags(&world.form("users.info", &[("user", id)]).await["user"]), expected, "{id}");
    }
    assert_eq!(world.form("users.info", &[("user", "U0NOBODY001")]).await["error"], "user_not_found");

    world.slack.set_person(Person::member("U0NEW000001", "nia", "Nia New", "Product"));
    world.slack.set_group_members("S0DATAOPS01", &["U0NEW000001"]);
    let members = world.form("usergroups.users.list", &[("usergroup", "S0DATAOPS01")]).await;
    assert_eq!(members["users"], json!(["U0NEW000001"]));
    let none = world.form("usergroups.users.list", &[("usergroup", "S0NOTHING01")]).await;
    assert_eq!(none["error"], "no_such_subteam");
}

#[tokio::test]
async fn direct_messages_are_opened_and_links_are_made() {
    let world = world().await;
    let opened = world.call("conversations.open", &json!({ "users": MINA })).await;
    let posted = world.call("chat.postMessage", &json!({ "channel": MINA, "text": "hello" })).await;
    assert_eq!(opened["channel"]["id"], posted["channel"]);
    for (users, error) in
        [("U0NOBODY001", "user_not_found"), ("U0LEFT00001", "user_disabled"), ("U1,U2", "too_many_users")]
    {
        assert_eq!(refused(&world, "conversations.open", json!({ "users": users })).await, error);
    }
    let ts = world.post("x").await;
    let link = world.form("chat.getPermalink", &[("channel", CHANNEL), ("message_ts", &ts)]).await;
    let expected = format!("https://datalake-sandbox.slack.com/archives/{CHANNEL}/p{}", ts.replace('.', ""));
    assert_eq!(link["permalink"], expected);
    let members = world.form("conversations.members", &[("channel", CHANNEL), ("limit", "4")]).await;
    assert_eq!(members["members"].as_array().unwrap().len(), 4);
    assert!(!members["response_metadata"]["next_cursor"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_effect() {
    let world = world().await;
    let reset = Kind::Reset { at: Moment::AfterEffect };
    world.front.faults.plant(Fault::once("slack", "chat.postMessage", reset));
    let headers = [("authorization", "Bearer xoxb-sandbox-token"), ("content-type", "application/json")];
    let url = format!("{}/chat.postMessage", world.slack.base_url());
    let body = json!({ "channel": CHANNEL, "text": "hello" }).to_string();
    assert!(world.client.post(&url, &headers, &body, Duration::from_secs(10)).await.is_err());
    assert_eq!(world.slack.messages(CHANNEL).len(), 1);
}

#[tokio::test]
async fn the_history_tells_what_was_posted() {
    let world = world().await;
    let metadata = json!({ "event_type": "run", "event_payload": { "id": "1" } });
    let message = json!({ "channel": CHANNEL, "text": "hello", "metadata": metadata });
    let ts = world.call("chat.postMessage", &message).await["ts"].clone();
    let note = &world.front.history.effects("slack", "chat.postMessage")[0].note;
    assert_eq!(*note, json!({ "channel": CHANNEL, "text": "hello", "metadata": metadata, "ts": ts }));
    world.call("chat.update", &json!({ "channel": CHANNEL, "ts": "1.0", "text": "x" })).await;
    let entry = &world.front.history.calls("slack", "chat.update")[0];
    assert_eq!(entry.error.as_deref(), Some("message_not_found"));
}
