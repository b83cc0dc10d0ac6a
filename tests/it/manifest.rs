//! The manifest of the Slack app, compared with the code that it is for and with `docs/slack.md`.

use std::collections::BTreeSet;

use datalake_bot::domain::command::GRAMMAR;
use serde_json::Value;

use super::sources::{read, rust};

/// Methods of the Web API and the bot scopes that they need, from Slack's own description of each. Reading a channel
/// takes one scope for public channels and one for private ones; the bot is told which by its configuration.
const METHODS: &[(&str, &[&str])] = &[
    // With the app's own token, which has scopes of its own.
    ("apps.connections.open", &[]),
    ("auth.test", &[]),
    ("chat.postEphemeral", &["chat:write"]),
    ("chat.postMessage", &["chat:write"]),
    ("chat.update", &["chat:write"]),
    ("conversations.history", &["channels:history", "groups:history"]),
    ("conversations.info", &["channels:read", "groups:read"]),
    ("conversations.replies", &["channels:history", "groups:history"]),
    ("usergroups.users.list", &["usergroups:read"]),
    ("users.info", &["users:read"]),
    ("views.open", &[]),
    ("views.publish", &[]),
    ("views.update", &[]),
];

/// Events and the bot scopes that they need, from Slack's own description of each.
const EVENTS: &[(&str, &[&str])] = &[
    ("app_home_opened", &[]),
    ("app_mention", &["app_mentions:read"]),
    ("message.im", &["im:history"]),
    ("subteam_members_changed", &["usergroups:read"]),
    ("subteam_updated", &["usergroups:read"]),
    ("user_change", &["users:read"]),
];

/// How the names of Slack's methods begin; other names with dots are our own.
const FAMILIES: &[&str] = &[
    "api",
    "apps",
    "assistant",
    "auth",
    "bookmarks",
    "chat",
    "conversations",
    "files",
    "pins",
    "reactions",
    "team",
    "usergroups",
    "users",
    "views",
];

fn manifest() -> Value {
    serde_json::from_str(&read("manifest/slack.json")).unwrap()
}

fn scopes(manifest: &Value) -> BTreeSet<&str> {
    let scopes = manifest["oauth_config"]["scopes"]["bot"].as_array().unwrap();
    let set: BTreeSet<&str> = scopes.iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(set.len(), scopes.len(), "a scope is there twice");
    set
}

fn events(manifest: &Value) -> Vec<String> {
    let events = manifest["settings"]["event_subscriptions"]["bot_events"].as_array().unwrap();
    events.iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// Methods that the bot calls, found as strings such as `"chat.postMessage"` outside tests and stand-ins.
fn called() -> BTreeSet<String> {
    let sources = rust("src").into_iter().filter(|it| !it.path.contains("sandbox") && !it.path.ends_with("tests.rs"));
    let code: String = sources.map(|it| it.code_at_work()).collect();
    let strings = code.split('"').filter(|it| it.chars().all(|c| c.is_ascii_alphabetic() || c == '.'));
    let methods = strings.filter(|it| it.split_once('.').is_some_and(|(family, _)| FAMILIES.contains(&family)));
    methods.map(str::to_owned).collect()
}

#[test]
fn the_scopes_are_those_of_the_methods_that_are_called() {
    let called = called();
    assert!(called.contains("chat.postMessage"), "the search finds nothing: {called:?}");
    let mut needed = BTreeSet::from(["commands"]);
    for method in &called {
        let known = METHODS.iter().find(|(it, _)| it == method);
        needed.extend(known.unwrap_or_else(|| panic!("{method} is called; add its scopes to the table")).1);
    }
    let manifest = manifest();
    for event in events(&manifest) {
        let known = EVENTS.iter().find(|(it, _)| *it == event);
        needed.extend(known.unwrap_or_else(|| panic!("{event} is wanted; add its scopes to the table")).1);
    }
    assert_eq!(scopes(&manifest), needed);
}

#[test]
fn every_event_has_its_reason_in_the_documentation() {
    let documentation = read("docs/slack.md");
    let rows = documentation.lines().filter_map(|it| it.strip_prefix("| `")?.split_once("` | "));
    let reasons: BTreeSet<&str> = rows.filter(|(_, reason)| reason.len() > 20).map(|(name, _)| name).collect();
    for event in events(&manifest()) {
        assert!(reasons.contains(event.as_str()), "docs/slack.md does not say why {event} is wanted");
    }
}

#[test]
fn every_scope_has_its_reason_in_the_documentation() {
    let documentation = read("docs/slack.md");
    let rows = documentation.lines().filter_map(|it| it.strip_prefix("| `")?.split_once("` | "));
    let rows = rows.filter(|(scope, _)| *scope == "commands" || scope.contains(':'));
    let explained: BTreeSet<&str> = rows.filter(|(_, reason)| reason.len() > 20).map(|(scope, _)| scope).collect();
    assert_eq!(explained, scopes(&manifest()));
}

#[test]
fn addresses_are_doors_that_exist() {
    let routes = read("src/inbound/http.rs");
    let mut addresses = Vec::new();
    strings(&manifest(), &mut |key, value| {
        if key.ends_with("url") {
            addresses.push(value.to_owned());
        }
    });
    assert_eq!(addresses.len(), 3, "{addresses:?}");
    for address in addresses {
        let path = address.strip_prefix("https://bot.example.com").expect("the placeholder that `manifest` replaces");
        assert!(routes.contains(&format!(".route(\"{path}\", post(")), "there is no door at {path}");
    }
}

#[test]
fn texts_name_the_command_that_the_manifest_declares() {
    let manifest = manifest();
    let [command] = manifest["features"]["slash_commands"].as_array().unwrap().as_slice() else { panic!("one") };
    let name = command["command"].as_str().unwrap();
    let help = read("templates/en/help.toml");
    assert!(help.contains(&format!("`{name} ")), "the help names another command than {name}");
    let hint = command["usage_hint"].as_str().unwrap();
    for verb in hint.split('|').map(|it| it.split_whitespace().next().unwrap()) {
        assert!(GRAMMAR.iter().any(|it| it.verb.word() == verb), "the hint offers {verb}, the grammar does not");
    }
}

/// The limits of Slack's manifest schema, version 2, as far as this manifest uses them.
#[test]
fn slacks_limits_are_kept() {
    let manifest = manifest();
    let length = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap().chars().count();
    assert_eq!(manifest["_metadata"]["major_version"], 2);
    assert!((1..=35).contains(&length("/display_information/name")));
    assert!(length("/display_information/description") <= 140);
    if manifest.pointer("/display_information/long_description").is_some() {
        assert!((175..=4000).contains(&length("/display_information/long_description")));
    }
    let color = manifest["display_information"]["background_color"].as_str().unwrap();
    let digits = color.strip_prefix('#').unwrap();
    assert!([3, 6].contains(&digits.len()) && digits.chars().all(|it| it.is_ascii_hexdigit()), "{color}");
    assert!(length("/features/bot_user/display_name") <= 80);
    let command = "/features/slash_commands/0";
    assert!(length(&format!("{command}/command")) <= 32);
    assert!((1..=2000).contains(&length(&format!("{command}/description"))));
    assert!(length(&format!("{command}/usage_hint")) <= 1000);
    assert!(manifest.pointer(&format!("{command}/command")).unwrap().as_str().unwrap().starts_with('/'));
    assert_eq!(manifest.pointer("/settings/interactivity/is_enabled"), Some(&Value::Bool(true)));
    assert!(manifest["settings"]["event_subscriptions"]["bot_events"].as_array().unwrap().len() <= 100);
    // Without its tab nobody could write to the bot, and a Home would be refused.
    assert_eq!(manifest.pointer("/features/app_home/messages_tab_enabled"), Some(&Value::Bool(true)));
    assert_eq!(manifest.pointer("/features/app_home/messages_tab_read_only_enabled"), Some(&Value::Bool(false)));
    assert_eq!(manifest.pointer("/features/app_home/home_tab_enabled"), Some(&Value::Bool(true)));
    // With Socket Mode there would be no addresses, and a rotated token cannot be taken back.
    assert_eq!(manifest.pointer("/settings/socket_mode_enabled"), Some(&Value::Bool(false)));
    assert_eq!(manifest.pointer("/settings/token_rotation_enabled"), Some(&Value::Bool(false)));
}

fn strings(value: &Value, found: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if let Value::String(text) = member {
                    found(key, text);
                }
                strings(member, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|it| strings(it, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
