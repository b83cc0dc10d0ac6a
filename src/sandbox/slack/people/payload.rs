//! What Slack writes into the requests that it sends for people.

use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use crate::sandbox::slack::{
    message::Message,
    options::Kind,
    view::View,
    world::{Channel, Sort, World},
};

/// The deprecated verification token; bots check the signature instead.
const TOKEN: &str = "verification-token";

/// Returns a slash command's form (docs.slack.dev, "Slash commands").
pub(super) fn slash(world: &mut World, user: &str, channel: &str, command: &str, text: &str, now: Timestamp) -> String {
    let trigger = world.give_trigger(user, now);
    let response_url = world.give_response_url(user, channel, None, now);
    let person = &world.people[user];
    let name = match &world.channels[channel].sort {
        Sort::Public => world.channels[channel].name.as_str(),
        Sort::Private => "privategroup",
        Sort::Direct { .. } => "directmessage",
    };
    let mut form = Serializer::new(String::new());
    form.extend_pairs([
        ("token", TOKEN),
        ("team_id", team_of(world, user)),
        ("team_domain", &world.team_domain),
        ("channel_id", channel),
        ("channel_name", name),
        ("user_id", user),
        ("user_name", &person.name),
        ("command", command),
        ("text", text),
        ("api_app_id", &world.app_id),
        ("is_enterprise_install", "false"),
        ("response_url", &response_url),
        ("trigger_id", &trigger),
    ]);
    form.finish()
}

/// Returns the form that carries an interaction's payload.
pub(super) fn form(payload: &Value) -> String {
    Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish()
}

/// Returns what every interaction's payload starts with.
fn interaction(world: &mut World, kind: &str, user: &str, now: Timestamp) -> Value {
    let trigger = world.give_trigger(user, now);
    let name = &world.people[user].name;
    json!({
        "type": kind,
        "token": TOKEN,
        "team": { "id": world.team_id, "domain": world.team_domain },
        "enterprise": null,
        "is_enterprise_install": false,
        "user": { "id": user, "username": name, "name": name, "team_id": team_of(world, user) },
        "api_app_id": world.app_id,
        "trigger_id": trigger,
    })
}

/// Returns the payload of a button or menu in a message. An ephemeral message is not in it.
pub(super) fn message_action(
    world: &mut World,
    user: &str,
    channel: &Channel,
    message: &Message,
    action: &Value,
    now: Timestamp,
) -> Value {
    let mut payload = interaction(world, "block_actions", user, now);
    let ephemeral = message.only_for.is_some();
    let mut container = json!({
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    });
    if let Some(thread) = &message.thread_ts {
        container["thread_ts"] = thread.as_str().into();
    }
    payload["container"] = container;
    payload["channel"] = json!({ "id": channel.id, "name": channel.name });
    if !ephemeral {
        payload["message"] = message.written(channel, true);
    }
    payload["response_url"] = world.give_response_url(user, &channel.id, Some(&message.ts), now).into();
    payload["state"] = json!({ "values": {} });
    payload["actions"] = json!([action]);
    payload
}

/// Returns the payload of a button or menu in a view.
pub(super) fn view_action(
    world: &mut World,
    user: &str,
    view: &View,
    state: &Value,
    action: &Value,
    now: Timestamp,
) -> Value {
    let mut payload = interaction(world, "block_actions", user, now);
    payload["container"] = json!({ "type": "view", "view_id": view.id });
    payload["view"] = view.written(world, state);
    payload["actions"] = json!([action]);
    payload
}

/// Returns the payload of a modal that is submitted, or of one that is closed.
pub(super) fn view(world: &mut World, kind: &str, user: &str, view: &View, state: &Value, now: Timestamp) -> Value {
    let mut payload = interaction(world, kind, user, now);
    payload["view"] = view.written(world, state);
    if kind == "view_closed" {
        payload["is_cleared"] = false.into();
    } else {
        payload["response_urls"] = json!([]);
    }
    payload
}

/// Returns what an event comes in (docs.slack.dev, "Events API").
pub(super) fn event(world: &mut World, event: &Value, now: Timestamp) -> Value {
    let id = format!("Ev{:010}", world.next_id());
    json!({
        "token": TOKEN,
        "team_id": world.team_id,
        "api_app_id": world.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": id,
        "event_time": now.as_second(),
        "authorizations": [{
            "enterprise_id": null,
            "team_id": world.team_id,
            "user_id": crate::sandbox::slack::BOT_USER,
            "is_bot": true,
            "is_enterprise_install": false,
        }],
        "is_ext_shared_channel": false,
    })
}

/// Returns the body by which Slack asks whether a URL takes events.
pub(super) fn url_verification(challenge: &str) -> Value {
    json!({ "token": TOKEN, "challenge": challenge, "type": "url_verification" })
}

fn team_of<'a>(world: &'a World, user: &str) -> &'a str {
    match &world.people[user].kind {
        Kind::Stranger { team } => team,
        Kind::Member | Kind::Guest { .. } | Kind::Bot | Kind::Deactivated => &world.team_id,
    }
}
