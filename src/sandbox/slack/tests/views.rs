//! Modals and App Homes.

use serde_json::{Value, json};

use super::{ANA, CHANNEL, World, bot, world};

fn modal(title: &str) -> Value {
    json!({
        "type": "modal",
        "callback_id": "run",
        "title": { "type": "plain_text", "text": title },
        "blocks": [{ "type": "section", "text": { "type": "mrkdwn", "text": "Hello" } }],
    })
}

/// Has somebody type a command. Returns the `trigger_id` of that.
async fn trigger(world: &World) -> String {
    world.slack.slash(ANA, CHANNEL, "/datalake").await.unwrap();
    bot::last_field(world, "trigger_id")
}

#[tokio::test]
async fn a_trigger_opens_one_view_within_three_seconds() {
    let world = bot::world().await;
    let trigger_id = trigger(&world).await;
    let open =
        async |trigger: &str| world.call("views.open", &json!({ "trigger_id": trigger, "view": modal("Run") })).await;
    assert_eq!(open("made up").await["error"], "invalid_trigger_id");
    world.pass(3);
    let opened = open(&trigger_id).await;
    assert_eq!((&opened["view"]["title"]["text"], &opened["view"]["team_id"]), (&json!("Run"), &json!("T0DATALAKE1")));
    assert_eq!(open(&trigger_id).await["error"], "exchanged_trigger_id");
    let late = trigger(&world).await;
    world.pass(4);
    assert_eq!(open(&late).await["error"], "expired_trigger_id");
}

#[tokio::test]
async fn views_are_pushed_updated_and_published() {
    let world = bot::world().await;
    let with = async |method: &str| {
        let trigger_id = trigger(&world).await;
        world.call(method, &json!({ "trigger_id": trigger_id, "view": modal("One") })).await
    };
    assert_eq!(with("views.push").await["error"], "not_found");
    let first = with("views.open").await["view"].clone();
    let second = with("views.push").await["view"].clone();
    assert_eq!((&second["root_view_id"], &second["previous_view_id"]), (&first["id"], &first["id"]));
    assert_eq!(with("views.push").await["ok"], true);
    assert_eq!(with("views.push").await["error"], "push_limit_reached");

    let update = async |hash: &Value| {
        let body = json!({ "view_id": first["id"], "hash": hash, "view": modal("Two") });
        world.call("views.update", &body).await
    };
    assert_eq!(update(&json!("old")).await["error"], "hash_conflict");
    let updated = update(&first["hash"]).await;
    assert_eq!((&updated["view"]["id"], &updated["view"]["title"]["text"]), (&first["id"], &json!("Two")));
    assert_ne!(updated["view"]["hash"], first["hash"]);
    let missing = json!({ "view_id": "V0", "view": modal("Two") });
    assert_eq!(world.call("views.update", &missing).await["error"], "not_found");

    let home = json!({ "type": "home", "blocks": [{ "type": "divider" }] });
    let publish = async |user: &str| world.call("views.publish", &json!({ "user_id": user, "view": home })).await;
    assert_eq!(publish(ANA).await["ok"], true);
    assert_eq!(publish("U0LEFT00001").await["error"], "invalid_arguments");
    assert!(world.slack.home(ANA).is_some());
}

#[tokio::test]
async fn a_view_outside_the_limits_is_refused_with_a_pointer() {
    let world = world().await;
    let text = |text: &str| json!({ "type": "plain_text", "text": text });
    let with = |key: &str, value: Value| {
        let mut view = modal("Run");
        view[key] = value;
        view
    };
    let input = json!([{ "type": "input", "label": text("Name"), "element": { "type": "plain_text_input" } }]);
    let markdown = json!([{ "type": "markdown", "text": "x" }]);
    let cases = [
        (modal(&"x".repeat(25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (with("submit", text(&"x".repeat(25))), "must be less than 25 characters [json-pointer:/view/submit/text]"),
        (
            with("private_metadata", "x".repeat(3_001).into()),
            "must be less than 3001 characters [json-pointer:/view/private_metadata]",
        ),
        (with("blocks", input), "missing required field: submit [json-pointer:/view]"),
        (with("blocks", markdown), "unsupported type: markdown [json-pointer:/view/blocks/0/type]"),
        (with("colour", "red".into()), "invalid additional property: colour [json-pointer:/view]"),
    ];
    for (view, expected) in cases {
        let refused = world.call("views.open", &json!({ "trigger_id": "t", "view": view })).await;
        assert_eq!(refused["error"], "invalid_arguments");
        assert_eq!(refused["errors"][0], expected);
    }
    let large = with("blocks", json!([{ "type": "divider", "block_id": "x".repeat(250_000) }]));
    let refused = world.call("views.open", &json!({ "trigger_id": "t", "view": large })).await;
    assert_eq!(refused["error"], "view_too_large");
}
