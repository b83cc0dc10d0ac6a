use rstest::rstest;

use super::*;

#[rstest]
#[case::hello(r#"{"type":"hello","num_connections":2,"connection_info":{"app_id":"A1"}}"#, "Hello")]
#[case::refresh(r#"{"type":"disconnect","reason":"refresh_requested","debug_info":{}}"#, "Disconnect")]
#[case::command(
    r#"{"type":"slash_commands","envelope_id":"e","accepts_response_payload":true,"payload":{}}"#,
    "SlashCommands"
)]
#[case::press(r#"{"type":"interactive","envelope_id":"e","payload":{"type":"block_actions"}}"#, "Interactive")]
#[case::event(
    r#"{"type":"events_api","envelope_id":"e","payload":{},"retry_attempt":1,"retry_reason":"timeout"}"#,
    "EventsApi"
)]
#[case::new(r#"{"type":"shiny_new_thing","envelope_id":"e"}"#, "Unknown")]
fn what_slack_says_is_read(#[case] text: &str, #[case] kind: &str) {
    let frame = serde_json::from_str::<Frame>(text).unwrap();
    assert!(format!("{frame:?}").starts_with(kind), "{frame:?}");
}

#[test]
fn pauses_are_spread() {
    for _ in 0..100 {
        let pause = jittered(LONGEST);
        assert!((LONGEST / 2..LONGEST).contains(&pause), "{pause:?}");
    }
}
