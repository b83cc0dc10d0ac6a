//! The door of SNS: what comes through it is followed once, and what is not SNS's has no effect at all.

use std::time::Duration;

use datalake_bot::{
    domain::run::{RunStatus, Trigger},
    sandbox::{
        faults::{Fault, Kind, Moment},
        world::{Options, World},
    },
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::{Bot, options};

mod command;
mod forged;

impl Bot {
    fn door(&self) -> String {
        format!("{}/sns", self.url())
    }

    /// Posts a message to the door, as it is. Returns the status.
    async fn post(&self, message: &Value) -> u16 {
        self.world.aws.sns.post(&self.door(), &[], &message.to_string()).await.expect("an answer")
    }

    /// Returns the event of a snapshot that nobody was told of, in an envelope that is not signed yet.
    async fn event(&self) -> Value {
        let client = aws_sdk_rds::Client::new(&self.world.sdk_config());
        let found = client.describe_db_cluster_snapshots().db_cluster_identifier("school-db").send().await.unwrap();
        let arn = found.db_cluster_snapshots()[0].db_cluster_snapshot_arn().unwrap();
        let event = json!({
            "Event Source": "db-cluster-snapshot", "Event ID": "http://docs.amazonwebservices.com/x.html#RDS-EVENT-0169",
            "Source ID": arn.split_once("cluster-snapshot:").unwrap().1, "Source ARN": arn,
        });
        self.world.aws.sns.notification(&event.to_string())
    }

    async fn signed_event(&self) -> Value {
        let mut event = self.event().await;
        self.world.aws.sns.sign(&mut event);
        event
    }

    /// Returns how often a certificate was asked for.
    fn fetched(&self) -> usize {
        self.world.front.history.calls("sns", "GetCertificate").len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_confirmed_and_its_events_become_runs() {
    // So seldom that no sweep finds the snapshot before its event does.
    let world = World::start(Options { reconcile_every: "60s", ..options() }).await.unwrap();
    let bot = Bot::start_in(world, |config| config).await;
    bot.world.aws.sns.subscribe(&bot.door());
    bot.until("the subscription is confirmed", async || bot.world.aws.sns.is_confirmed().then_some(())).await;
    bot.world.aws.events.duplicate(20);
    bot.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    let run = bot.run_shown().await;
    assert_eq!((run.status, run.trigger), (RunStatus::Succeeded, Trigger::Event));
    bot.assert_nothing_twice(1);
    assert_eq!(bot.runs().await.len(), 1);
    assert_eq!(bot.fetched(), 1, "the certificate is kept");
    let confirmed = bot.effects("sns", "ConfirmSubscription");
    assert_eq!(confirmed.len(), 1);
    assert_eq!(confirmed[0].note["AuthenticateOnUnsubscribe"], "true");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authentic_message_that_nobody_can_read_is_taken_and_told_of_once() {
    let bot = Bot::start().await;
    let mut message = bot.world.aws.sns.notification(r#"{"Event ID": 5}"#);
    bot.world.aws.sns.sign(&mut message);
    for _ in 0..3 {
        assert_eq!(bot.post(&message).await, 200);
    }
    bot.noticed(message["MessageId"].as_str().unwrap()).await;
    assert_eq!(bot.notices().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_message_twenty_times_is_one_run() {
    let bot = Bot::start().await;
    let event = bot.signed_event().await;
    let statuses = futures_util::future::join_all((0..20).map(|_| bot.post(&event))).await;
    assert_eq!(statuses, [200; 20]);
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    assert_eq!(bot.post(&event).await, 200);
    assert_eq!(bot.runs().await.len(), 1);
    assert_eq!(bot.fetched(), 1, "who comes at the same time shares one request");
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_signs_as_topics_begin_is_believed() {
    let bot = Bot::start().await;
    let mut event = bot.event().await;
    bot.world.aws.sns.signer().sign_by_sha1(&mut event);
    for (version, status) in [("2", 403), ("1", 200)] {
        event["SignatureVersion"] = version.into();
        assert_eq!(bot.post(&event).await, status, "said to be signed by version {version}");
    }
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
}

fn refuse(status: u16, code: &str) -> Kind {
    Kind::Refuse { status, code: code.to_owned(), message: "planted".to_owned(), retry_after: None }
}

const HANGS: Kind = Kind::Delay { at: Moment::BeforeEffect, by: Duration::from_secs(60) };

#[rstest]
#[case::certificate_fails("sns", "GetCertificate", refuse(500, "InternalError"))]
#[case::certificate_is_not_there_yet("sns", "GetCertificate", refuse(404, "NotFound"))]
#[case::certificate_is_elsewhere("sns", "GetCertificate", refuse(302, "Found"))]
#[case::certificate_breaks("sns", "GetCertificate", Kind::Reset { at: Moment::AfterEffect })]
#[case::certificate_hangs("sns", "GetCertificate", HANGS)]
#[case::records_fail("dynamodb", "*", refuse(500, "InternalServerError"))]
#[case::records_are_closed("dynamodb", "*", refuse(400, "AccessDeniedException"))]
#[case::records_hang("dynamodb", "*", HANGS)]
#[case::rds_fails("rds", "DescribeDBClusterSnapshots", refuse(503, "ServiceUnavailable"))]
#[tokio::test(flavor = "multi_thread")]
async fn trouble_that_passes_loses_nothing(#[case] service: &'static str, #[case] operation: &str, #[case] kind: Kind) {
    let bot = Bot::start().await;
    let event = bot.signed_event().await;
    bot.world.front.faults.plant(Fault::once(service, operation, kind).times(1000));
    assert_eq!(tokio::time::timeout(Duration::from_secs(10), bot.post(&event)).await, Ok(503));
    bot.world.front.faults.clear();
    let taken = async || (bot.post(&event).await == 200).then_some(());
    bot.until("SNS's next delivery is taken", taken).await;
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    bot.assert_nothing_twice(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_waits_for_sns_and_a_token_that_it_refuses_does_not() {
    let bot = Bot::start().await;
    let kind = refuse(500, "InternalError");
    bot.world.front.faults.plant(Fault::once("sns", "ConfirmSubscription", kind).times(3));
    let mut stranger = bot.world.aws.sns.confirmation("SubscriptionConfirmation");
    bot.world.aws.sns.sign(&mut stranger);
    assert_eq!(bot.post(&stranger).await, 503);
    bot.world.front.faults.clear();
    assert_eq!(bot.post(&stranger).await, 403, "this token belongs to no subscription");
    let kind = refuse(403, "AuthorizationError");
    bot.world.front.faults.plant(Fault::once("sns", "ConfirmSubscription", kind));
    assert_eq!(bot.post(&stranger).await, 503, "a right that is lacking may be given");
    bot.world.aws.sns.subscribe(&bot.door());
    bot.until("the subscription is confirmed", async || bot.world.aws.sns.is_confirmed().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sns_s_and_asks_for_nothing_is_taken() {
    let bot = Bot::start().await;
    let sns = &bot.world.aws.sns;
    for mut message in [
        sns.confirmation("UnsubscribeConfirmation"),
        sns.notification("a line of text"),
        sns.notification(r#"{"of": "nobody's"}"#),
    ] {
        sns.sign(&mut message);
        assert_eq!(bot.post(&message).await, 200, "{message}");
    }
    assert_eq!(bot.effects("sns", "ConfirmSubscription").len(), 0);
    assert_eq!(bot.runs().await, []);
}
