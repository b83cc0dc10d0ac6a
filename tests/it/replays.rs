//! S2: a request that Slack has signed is sent again, by Slack, by something on the way, or by somebody who has recorded
//! it. It has no second effect, and tells nothing.

use datalake_bot::sandbox::slack::signature;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Bytes};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use jiff::Timestamp;
use rstest::rstest;
use serde_json::json;

use crate::{
    fleet::Fleet,
    harness::{ANA, Judge, options},
};

const SECRET: &str = "sandbox-signing-secret";

/// The oldest signature that is let in, and the slowest test.
const OLD: i64 = 299 - 30;

/// A request as it was recorded, signature and all.
struct Recorded {
    door: &'static str,
    body: String,
    sent: i64,
}

impl Recorded {
    #[expect(clippy::disallowed_methods, reason = "the doors compare with the machine's clock")]
    fn new(door: &'static str, body: String, age: i64) -> Self {
        Self { door, body, sent: Timestamp::now().as_second() - age }
    }

    fn command(text: &str, age: i64) -> Self {
        let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let body = format!("team_id=T0DATALAKE1&user_id={ANA}&command=%2Fdatalake&text={text}&trigger_id=1.2.3");
        Self::new("/slack/commands", body, age)
    }

    fn press(action: &str, value: &str, age: i64) -> Self {
        let action = json!({"action_id": action, "value": value, "type": "button"});
        let payload = json!({"type": "block_actions", "user": {"id": ANA}, "actions": [action]}).to_string();
        let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload).finish();
        Self::new("/slack/interactions", body, age)
    }

    /// Sends it to the bot at `url`; returns status and answer.
    async fn send(&self, url: &str) -> (u16, String) {
        let request = Request::post(format!("{url}{}", self.door))
            .header("x-slack-request-timestamp", self.sent.to_string())
            .header("x-slack-signature", signature(SECRET, self.sent, &self.body))
            .body(Full::new(Bytes::from(self.body.clone())))
            .unwrap();
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.request(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }
}

async fn requests(judge: &Judge) -> usize {
    judge.state_keys().await.iter().filter(|it| it.starts_with("REQUEST#")).count()
}

#[rstest]
#[case::at_once(1)]
#[case::at_the_end_of_the_window(OLD)]
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_again_has_no_second_effect(#[case] age: i64) {
    let mut fleet = Fleet::start(2, options()).await;
    let (here, there) = (fleet.url(0), fleet.url(1));
    let run = Recorded::command("run school", age);
    for url in [&here, &here, &there, &here] {
        let (status, text) = run.send(url).await;
        assert!(status == 200 && text.contains("Recorded"), "{status} {text}");
    }
    let run = fleet.until("the run is over", async |judge| judge.shown().await).await;
    assert_eq!(requests(&fleet.judge).await, 1);
    fleet.judge.assert_nothing_twice(1);

    let press = Recorded::press("run.retry", run.export_task.as_str(), age);
    for url in [&here, &here, &there] {
        assert_eq!(press.send(url).await.0, 200);
    }
    assert_eq!(requests(&fleet.judge).await, 2, "the press is one request too");
    assert_eq!(fleet.judge.runs().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_comes_again_is_not_answered() {
    let fleet = Fleet::start(1, options()).await;
    let here = fleet.url(0);
    for text in ["", "help", "status", "list", "sources", "whoami", "status nosuch", "nonsense"] {
        let question = Recorded::command(text, 0);
        let (status, told) = question.send(&here).await;
        assert!(status == 200 && told.contains("blocks"), "{text}: {status} {told}");
        assert_eq!(question.send(&here).await, (200, String::new()), "{text}");
        // A second beside the first one, however long this machine has taken: the same second would be the same request.
        let anew = Recorded { sent: question.sent - 1, ..question };
        assert!(anew.send(&here).await.1.contains("blocks"), "asked anew it is answered: {text}");
    }
}
