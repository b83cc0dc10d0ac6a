//! People and the bot's doors.

use std::collections::BTreeMap;

use serde_json::json;

use super::{ANA, CHANNEL, MINA, World, bot};
use crate::sandbox::slack::{Act, BOT_USER, Options, Place, Slack};

#[tokio::test]
async fn a_slash_command_brings_what_slack_writes_and_shows_the_answer() {
    let world = bot::world().await;
    "On it.".clone_into(&mut world.bot.says.lock().unwrap());
    let answer = world.slack.slash(ANA, CHANNEL, "/datalake run shop").await.unwrap();
    assert_eq!((answer.status, answer.body.as_str(), answer.failure), (200, "On it.", None));
    let fields = [
        ("team_id", "T0DATALAKE1"),
        ("channel_id", CHANNEL),
        ("channel_name", "datalake"),
        ("user_id", ANA),
        ("command", "/datalake"),
        ("text", "run shop"),
        ("api_app_id", "A0DATALAKE1"),
    ];
    for (name, value) in fields {
        assert_eq!(bot::last_field(&world, name), value, "{name}");
    }
    assert_eq!(world.slack.ephemeral(ANA), ["On it."]);

    *world.bot.says.lock().unwrap() = json!({ "response_type": "in_channel", "text": "All see this" }).to_string();
    world.slack.slash("U0STRANGER1", CHANNEL, "/datalake").await.unwrap();
    assert_eq!(bot::last_field(&world, "team_id"), "T0PARTNER01");
    assert_eq!(world.slack.messages(CHANNEL).pop().unwrap().only_for, None);
}

#[tokio::test]
async fn somebody_who_cannot_act_does_not() {
    let world = bot::world().await;
    for (user, channel) in [
        ("U0LEFT00001", CHANNEL),
        (BOT_USER, CHANNEL),
        ("U0NOBODY001", CHANNEL),
        (ANA, "C0NOWHERE01"),
        (MINA, "D0ANA000001"),
    ] {
        assert!(world.slack.slash(user, channel, "/datalake").await.is_err(), "{user} in {channel}");
    }
}

#[tokio::test]
async fn a_bot_that_is_silent_or_away_is_told_to_the_person() {
    let mut world = bot::world().await;
    let options = Options { patience: std::time::Duration::from_millis(50), ..Options::default() };
    let url = world.slack.world().bot_url.clone();
    world.slack = Slack::start(&world.front, Options { bot_url: url, ..options }).await.unwrap();
    "nothing".clone_into(&mut world.bot.says.lock().unwrap());
    let answer = world.slack.slash(ANA, CHANNEL, "/datalake").await.unwrap();
    assert_eq!((answer.status, answer.failure), (0, Some("operation_timeout")));
    world.slack.set_bot_url("http://127.0.0.1:1");
    let answer = world.slack.slash(ANA, CHANNEL, "/datalake").await.unwrap();
    assert_eq!(answer.failure, Some("dispatch_failed"));
    let said = ["operation_timeout", "dispatch_failed"].map(|it| format!("/datalake failed with the error \"{it}\""));
    assert_eq!(world.slack.ephemeral(ANA), said);
}

#[tokio::test]
async fn a_press_carries_the_message_as_it_is_stored() {
    let world = bot::world().await;
    let ts = world.post_blocks(&bot::buttons()).await;
    world.slack.press(MINA, CHANNEL, &ts, "run.cancel").await.unwrap();
    let payload = bot::last_payload(&world);
    let action = &payload["actions"][0];
    assert_eq!(action["value"], "value of run.cancel");
    assert_eq!(action["block_id"], "acts");
    assert_eq!(payload["container"]["message_ts"], ts.as_str());
    assert_eq!(payload["message"]["blocks"][0]["elements"][0]["action_id"], "run.retry");
    assert_eq!((&payload["user"]["id"], &payload["user"]["team_id"]), (&json!(MINA), &json!("T0DATALAKE1")));

    let place = Place::Message { channel: CHANNEL.to_owned(), ts: ts.clone() };
    world.slack.act(MINA, &Act::press(place.clone(), "run.more").choosing("logs")).await.unwrap();
    assert_eq!(bot::last_payload(&world)["actions"][0]["selected_option"]["value"], "logs");
    let wrong = [
        Act::press(place.clone(), "run.nothing"),
        Act::press(place.clone(), "run.retry").in_block("elsewhere"),
        Act::press(place, "run.more").choosing("nothing"),
    ];
    for act in wrong {
        assert!(world.slack.act(MINA, &act).await.is_err(), "{act:?}");
    }
    world.call("chat.update", &json!({ "channel": CHANNEL, "ts": ts, "text": "no buttons" })).await;
    assert!(world.slack.press(MINA, CHANNEL, &ts, "run.cancel").await.is_err());
}

#[tokio::test]
async fn an_ephemeral_message_is_pressed_by_its_reader_only() {
    let world = bot::world().await;
    let message = json!({ "channel": CHANNEL, "user": ANA, "text": "x", "blocks": bot::buttons() });
    let sent = world.call("chat.postEphemeral", &message).await;
    let ts = sent["message_ts"].as_str().unwrap();
    assert!(world.slack.press(MINA, CHANNEL, ts, "run.retry").await.is_err());
    world.slack.press(ANA, CHANNEL, ts, "run.retry").await.unwrap();
    let payload = bot::last_payload(&world);
    assert_eq!((&payload["container"]["is_ephemeral"], payload.get("message")), (&json!(true), None));
}

/// Opens a form with a text and a menu. Returns its id.
async fn open_form(world: &World) -> String {
    world.slack.slash(ANA, CHANNEL, "/datalake run").await.unwrap();
    let text = |text: &str| json!({ "type": "plain_text", "text": text });
    let option = |value: &str| json!({ "text": text(value), "value": value });
    let menu = json!({ "type": "static_select", "action_id": "source", "options": [option("shop"), option("crm")] });
    let note = json!({ "type": "plain_text_input", "action_id": "note", "max_length": 5 });
    let view = json!({
        "type": "modal",
        "title": text("Run"),
        "submit": text("Run"),
        "blocks": [
            { "type": "input", "block_id": "source", "label": text("Source"), "element": menu },
            { "type": "input", "block_id": "note", "label": text("Note"), "element": note, "optional": true },
        ],
    });
    let trigger = bot::last_field(world, "trigger_id");
    let opened = world.call("views.open", &json!({ "trigger_id": trigger, "view": view })).await;
    opened["view"]["id"].as_str().unwrap().to_owned()
}

fn entries(pairs: &[(&str, &str)]) -> BTreeMap<String, serde_json::Value> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect()
}

#[tokio::test]
async fn a_form_is_checked_submitted_and_closed() {
    let world = bot::world().await;
    let id = open_form(&world).await;
    for wrong in [
        entries(&[]),
        entries(&[("source", "else")]),
        entries(&[("source", "shop"), ("note", "too long")]),
        entries(&[("nothing", "x")]),
    ] {
        assert!(world.slack.submit(ANA, &id, &wrong).await.is_err(), "{wrong:?}");
    }
    assert!(world.slack.submit(MINA, &id, &entries(&[("source", "shop")])).await.is_err());

    *world.bot.says.lock().unwrap() =
        json!({ "response_action": "errors", "errors": { "source": "Paused." } }).to_string();
    let answer = world.slack.submit(ANA, &id, &entries(&[("source", "shop")])).await.unwrap();
    assert_eq!(answer.json()["errors"]["source"], "Paused.");
    assert!(world.slack.modal(ANA).is_some());

    world.bot.says.lock().unwrap().clear();
    world.slack.submit(ANA, &id, &entries(&[("source", "crm")])).await.unwrap();
    let state = &bot::last_payload(&world)["view"]["state"]["values"];
    assert_eq!(state["source"]["source"]["selected_option"]["value"], "crm");
    assert_eq!(state["note"]["note"], json!({ "type": "plain_text_input", "value": null }));
    assert_eq!(world.slack.modal(ANA), None);
}

#[tokio::test]
async fn a_form_can_be_answered_with_another_one() {
    let world = bot::world().await;
    let id = open_form(&world).await;
    let title = json!({ "type": "plain_text", "text": "Sure?" });
    let view = json!({ "type": "modal", "title": title, "blocks": [] });
    *world.bot.says.lock().unwrap() = json!({ "response_action": "push", "view": view }).to_string();
    world.slack.submit(ANA, &id, &entries(&[("source", "crm")])).await.unwrap();
    let (pushed, text) = world.slack.modal(ANA).unwrap();
    assert_eq!((pushed != id, text.as_str()), (true, "Sure?"));
    assert_eq!(world.slack.close(ANA, &pushed).await.unwrap(), None);
    assert_eq!(world.slack.modal(ANA).unwrap().0, id);
}

#[tokio::test]
async fn events_come_in_an_envelope_and_again() {
    let world = bot::world().await;
    world.slack.open_home(ANA).await.unwrap();
    let body: serde_json::Value = serde_json::from_str(&bot::last(&world).body).unwrap();
    assert_eq!((&body["type"], &body["event"]["type"]), (&json!("event_callback"), &json!("app_home_opened")));
    world.slack.deliver(&body, Some(1)).await.unwrap();
    let again = bot::last(&world);
    assert_eq!(again.headers["x-slack-retry-num"], "1");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&again.body).unwrap()["event_id"], body["event_id"]);

    world.slack.url_verification("abc").await.unwrap();
    assert!(bot::last(&world).body.contains("\"challenge\":\"abc\""));
    world.slack.ssl_check().await.unwrap();
    assert_eq!(bot::last_field(&world, "ssl_check"), "1");
}
