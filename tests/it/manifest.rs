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
    // Its scope, `pins:write`, is for the operators to add: without it the board is not pinned, and nothing else changes.
    ("pins.add", &[]),
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

/// Methods of `doctor` alone, which does without them where their scopes are not given.
const OPTIONAL: &[&str] = &["conversations.info"];

fn manifest() -> Value {
    serde_json::from_str(&read("manifest/slack.json")).unwrap()
}

fn scopes<'a>(manifest: &'a Value, kind: &str) -> BTreeSet<&'a str> {
    let scopes = manifest["oauth_config"]["scopes"][kind].as_array().unwrap();
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
    let (mut needed, mut optional) = (BTreeSet::from(["commands"]), BTreeSet::new());
    for method in &called {
        let known = METHODS.iter().find(|(it, _)| it == method);
        let scopes = known.unwrap_or_else(|| panic!("{method} is called; add its scopes to the table")).1;
        if OPTIONAL.contains(&method.as_str()) { optional.extend(scopes) } else { needed.extend(scopes) }
    }
    let manifest = manifest();
    for event in events(&manifest) {
        let known = EVENTS.iter().find(|(it, _)| *it == event);
        needed.extend(known.unwrap_or_else(|| panic!("{event} is wanted; add its scopes to the table")).1);
    }
    assert_eq!(scopes(&manifest, "bot"), needed);
    assert_eq!(scopes(&manifest, "bot_optional"), optional);
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
    let manifest = manifest();
    assert_eq!(explained, &scopes(&manifest, "bot") | &scopes(&manifest, "bot_optional"));
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
    for offered in hint.split('|').map(str::trim) {
        let (verb, argument) = offered.split_once(' ').unwrap_or((offered, ""));
        let form = GRAMMAR.iter().find(|it| it.verb.word() == verb).expect("the grammar has what the hint offers");
        let takes = form.argument.map(|it| if it.required { it.name.to_owned() } else { format!("[{}]", it.name) });
        assert!(argument.is_empty() || takes.as_deref() == Some(argument), "{verb} takes {takes:?}, not {argument}");
    }
    for verb in ["run", "retry", "cancel", "rollback"] {
        assert!(hint.contains(verb), "the hint leaves out {verb}, which people type in a hurry");
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
