//! Slack's doors: who is let in, what is refused, and that an acknowledgement says no more than is true.

use std::time::Duration;

use datalake_bot::sandbox::{
    faults::{Fault, Kind, Moment},
    slack::signature,
};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Bytes};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::harness::{ANA, Bot, CHANNEL, GUEST, OLGA, STRANGER};

const SECRET: &str = "sandbox-signing-secret";
const COMMAND: &str = "team_id=T0DATALAKE1&user_id=U0ANA000001&channel_id=C0DATALAKE1&command=%2Fdatalake&text=run+school&trigger_id=1.2.3";

#[expect(clippy::disallowed_methods, reason = "the doors compare with the machine's clock")]
fn now() -> i64 {
    Timestamp::now().as_second()
}

/// Posts `body`, signed at `sent` with `secret`, and returns status and answer.
async fn post(bot: &Bot, door: &str, body: &str, sent: i64, secret: &str) -> (u16, String) {
    post_to(&format!("{}{door}", bot.url()), body, sent, secret).await
}

/// Posts what somebody does in Slack to the doors at `url`, signed now.
pub(crate) async fn interact(url: &str, payload: &Value) -> (u16, Value) {
    let form =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
    let (status, body) = post_to(&format!("{url}/slack/interactions"), &form, now(), SECRET).await;
    (status, serde_json::from_str(&body).unwrap_or_default())
}

async fn post_to(url: &str, body: &str, sent: i64, secret: &str) -> (u16, String) {
    let request = Request::post(url)
        .header("x-slack-request-timestamp", sent.to_string())
        .header("x-slack-signature", signature(secret, sent, body))
        .body(Full::new(Bytes::from(body.to_owned())))
        .unwrap();
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = timeout(Duration::from_secs(10), client.request(request)).await.expect("an answer").unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_slack_has_signed_lately_has_an_effect() {
    let bot = Bot::start().await;
    for (sent, secret) in [(now(), "another-secret"), (now() - 301, SECRET), (now() + 301, SECRET), (0, SECRET)] {
        let (status, body) = post(&bot, "/slack/commands", COMMAND, sent, secret).await;
        assert_eq!((status, body.as_str()), (401, ""), "{sent} {secret}");
    }
    let form = |payload: Value| {
        url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish()
    };
    let press = form(
        json!({"type": "block_actions", "user": {"id": ANA}, "actions": [{"action_id": "run.retry", "value": "x"}]}),
    );
    assert_eq!(post(&bot, "/slack/interactions", &press, now(), "another-secret").await.0, 401);
    assert_eq!(post(&bot, "/slack/events", "{}", now(), "another-secret").await.0, 401);
    let smuggled = format!("ssl_check=1&{COMMAND}");
    assert_eq!(post(&bot, "/slack/commands", &smuggled, now(), "another-secret").await.0, 401);
    assert_eq!(bot.runs().await, []);
    assert_eq!(
        bot.effects("dynamodb", "PutItem").iter().filter(|it| it.note.to_string().contains("REQUEST#")).count(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_and_unknown_payloads_are_acknowledged() {
    let bot = Bot::start().await;
    assert_eq!(bot.world.slack.ssl_check().await.unwrap().status, 200);
    let verified = bot.world.slack.url_verification("a-challenge").await.unwrap();
    assert_eq!(verified.json()["challenge"], "a-challenge");
    let shiny = json!({"type": "event_callback", "event_id": "Ev1", "event": {"type": "shiny_new_event"}});
    assert_eq!(post(&bot, "/slack/events", &shiny.to_string(), now(), SECRET).await.0, 200);
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &json!({"type": "shiny_new_interaction", "team": null}).to_string())
        .finish();
    assert_eq!(post(&bot, "/slack/interactions", &form, now(), SECRET).await.0, 200);
    assert_eq!(post(&bot, "/slack/commands", "no=form", now(), SECRET).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_delivery_three_times_is_one_request() {
    let bot = Bot::start().await;
    let sent = now();
    for _ in 0..3 {
        let (status, body) = post(&bot, "/slack/commands", COMMAND, sent, SECRET).await;
        assert_eq!(status, 200, "{body}");
    }
    assert!(!bot.run_shown().await.status.as_str().is_empty());
    assert_eq!(bot.runs().await.len(), 1);
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_above_the_limit_are_refused_before_they_are_read() {
    let bot = Bot::start().await;
    let address = bot.url().replace("http://", "");
    let mut socket = TcpStream::connect(&address).await.unwrap();
    let head = "POST /slack/commands HTTP/1.1\r\nhost: bot\r\ncontent-length: 209715200\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    timeout(Duration::from_secs(5), socket.read_exact(&mut answer)).await.expect("an answer before the body").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");

    let mut socket = TcpStream::connect(&address).await.unwrap();
    socket
        .write_all(b"POST /slack/commands HTTP/1.1\r\nhost: bot\r\ntransfer-encoding: chunked\r\n\r\n")
        .await
        .unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for _ in 0..20 {
        // The bot may close while the rest is still being sent.
        if socket.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(5), socket.read_to_end(&mut answer)).await;
    assert!(answer.starts_with(b"HTTP/1.1 413"), "{}", String::from_utf8_lossy(&answer));
}

#[rstest]
#[case::silence("")]
#[case::headers("POST /slack/commands HTTP/1.1\r\nhost: bot\r\n")]
#[case::body("POST /slack/commands HTTP/1.1\r\nhost: bot\r\ncontent-length: 100\r\n\r\nhalf")]
#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_closed(#[case] half: &str) {
    let bot = Bot::start().await;
    let mut socket = TcpStream::connect(bot.url().replace("http://", "")).await.unwrap();
    socket.write_all(half.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    timeout(Duration::from_secs(15), socket.read_to_end(&mut rest)).await.expect("closed within 15 s").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_not_called_accepted() {
    let bot = Bot::start().await;
    let kind =
        Kind::Refuse { status: 400, code: "AccessDeniedException".into(), message: "no".into(), retry_after: None };
    bot.world.front.faults.plant(Fault::once("dynamodb", "PutItem", kind).containing("REQUEST#").times(10));
    let answer = bot.slash(ANA, "/datalake run school").await;
    assert!(answer.contains("Nothing was started"), "{answer}");
    assert_eq!(bot.runs().await, []);
}

#[rstest]
#[case::run("/datalake run school")]
#[case::status("/datalake status")]
#[case::help("/datalake help")]
#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_in_time_though_aws_is_slow(#[case] text: &str) {
    let bot = Bot::start().await;
    for service in ["dynamodb", "sqs", "rds"] {
        let kind = Kind::Delay { at: Moment::BeforeEffect, by: Duration::from_millis(500) };
        bot.world.front.faults.plant(Fault::once(service, "*", kind).times(1000));
    }
    let answer = bot.world.slack.slash(ANA, CHANNEL, text).await.unwrap();
    assert_eq!((answer.status, answer.failure), (200, None), "{answer:?}");
}

#[rstest]
#[case::hangs(Kind::Delay { at: Moment::BeforeEffect, by: Duration::from_secs(30) }, "recorded")]
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_hangs_is_not_waited_for(#[case] kind: Kind, #[case] word: &str) {
    let bot = Bot::start().await;
    bot.world.front.faults.plant(Fault::once("dynamodb", "PutItem", kind).containing("REQUEST#"));
    let answer = bot.world.slack.slash(ANA, CHANNEL, "/datalake run school").await.unwrap();
    let text = answer.json()["text"].as_str().unwrap_or_default().to_lowercase();
    assert_eq!((answer.status, answer.failure), (200, None), "{answer:?}");
    assert!(text.contains(word) && text.contains("status"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_refused_privately_and_told_whom_to_ask() {
    let bot = Bot::start().await;
    for user in [OLGA, GUEST, STRANGER] {
        let answer = bot.slash(user, "/datalake run school").await;
        assert!(!answer.contains("Recorded"), "{user}: {answer}");
    }
    for text in ["/datalake", "/datalake status", "/datalake list", "/datalake sources"] {
        let answer = bot.slash(GUEST, text).await;
        assert!(!answer.contains("school"), "a guest sees nothing: {text}: {answer}");
    }
    assert!(bot.slash(OLGA, "/datalake run school").await.contains("S0DATAOPS01"));
    assert!(!bot.slash(OLGA, "/datalake status").await.contains("may not"));
    bot.world.slack.revoke_token(true);
    let answer = bot.slash("U0KENJI0001", "/datalake run school").await;
    assert!(!answer.contains("Recorded"), "who cannot be looked up is not let in: {answer}");
    assert_eq!(bot.runs().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered() {
    let bot = Bot::start().await;
    assert!(bot.slash(ANA, "/datalake help").await.contains("retry"));
    assert!(bot.slash(ANA, "/datalake sources").await.contains("learning"));
    assert!(bot.slash(ANA, "/datalake whoami").await.contains(ANA));
    assert!(bot.slash(ANA, "/datalake rum school").await.contains("run"));
    assert!(bot.slash(ANA, "/datalake run shcool").await.contains("school"));
    assert!(bot.slash(ANA, "/datalake status nosuch").await.contains("nosuch"));
    bot.slash(ANA, "/datalake run school").await;
    let run = bot.run_shown().await;
    let name = crate::harness::name(&run);
    assert!(bot.slash(ANA, "/datalake list school").await.contains(name));
    assert!(bot.slash(ANA, &format!("/datalake status {}", &name[..20])).await.contains(name));
    // Only the newest runs are read, however many there are.
    let queries = bot.effects("dynamodb", "Query").into_iter().map(|it| it.note.to_string());
    let of_runs: Vec<String> = queries.filter(|it| it.contains("by_source")).collect();
    assert!(!of_runs.is_empty() && of_runs.iter().all(|it| it.contains("\"Limit\"")), "{of_runs:?}");
}
