//! SQS's stand-in, through the real client.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    error::ProvideErrorMetadata,
    types::{
        DeleteMessageBatchRequestEntry, MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
    },
};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{Place, Sqs};
use crate::sandbox::{
    clock::SimClock,
    faults::{Fault, Kind},
    wire::Front,
};

struct World {
    front: Front,
    sqs: std::sync::Arc<Sqs>,
    client: Client,
    url: String,
}

/// Starts a stand-in with a dead-letter queue `dead` and a queue `jobs` that gives up after two receives.
async fn world() -> World {
    let front = Front::new(SimClock::frozen(Timestamp::UNIX_EPOCH));
    let sqs = Sqs::start(&front).await.unwrap();
    sqs.create_queue("dead", &[]).unwrap();
    let redrive = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":"2"}}"#, Sqs::queue_arn("dead"));
    let url = sqs.create_queue("jobs", &[("RedrivePolicy", &redrive), ("VisibilityTimeout", "30")]).unwrap();
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("ap-northeast-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(sqs.endpoint())
        .build();
    World { front, sqs, client: Client::from_conf(config), url }
}

impl World {
    async fn send(&self, body: &str) -> String {
        let sent = self.client.send_message().queue_url(&self.url).message_body(body).send().await.unwrap();
        sent.message_id.unwrap()
    }

    /// Receives one message: its id, receipt handle and receive count.
    async fn receive(&self) -> Option<(String, String, String)> {
        let received = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .send()
            .await
            .unwrap();
        let message = received.messages.unwrap_or_default().pop()?;
        let count = &message.attributes.unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount];
        Some((message.message_id.unwrap(), message.receipt_handle.unwrap(), count.clone()))
    }

    async fn delete(&self, handle: &str) {
        self.client.delete_message().queue_url(&self.url).receipt_handle(handle).send().await.unwrap();
    }

    fn pass(&self, seconds: i64) {
        self.front.clock.advance(SignedDuration::from_secs(seconds));
    }

    fn places(&self) -> Vec<Place> {
        self.sqs.messages("jobs").iter().map(|it| it.place).collect()
    }
}

#[tokio::test]
async fn a_message_is_hidden_while_it_is_held_and_comes_back() {
    let world = world().await;
    let sent = world.client.send_message().queue_url(&world.url).message_body("hello").send().await.unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("5d41402abc4b2a76b9719d911017c592"));

    let (id, first, count) = world.receive().await.unwrap();
    assert_eq!((Some(id.as_str()), count.as_str()), (sent.message_id(), "1"));
    assert_eq!(world.receive().await, None);
    assert_eq!(world.places(), [Place::InFlight]);

    world.pass(30);
    let (_, second, count) = world.receive().await.unwrap();
    assert_eq!(count, "2");
    world.delete(&first).await;
    assert_eq!(world.places(), [Place::InFlight], "an old receipt deletes nothing");
    world.delete(&second).await;
    assert_eq!(world.places(), []);
}

#[tokio::test]
async fn an_old_receipt_cannot_change_the_visibility() {
    let world = world().await;
    world.send("a").await;
    let (_, first, _) = world.receive().await.unwrap();
    let change = |handle: String, seconds| {
        let request = world.client.change_message_visibility().queue_url(&world.url);
        request.receipt_handle(handle).visibility_timeout(seconds).send()
    };
    change(first.clone(), 60).await.unwrap();
    world.pass(59);
    assert_eq!(world.receive().await, None);
    change(first.clone(), 0).await.unwrap();
    let (_, second, _) = world.receive().await.unwrap();

    let error = change(first, 0).await.unwrap_err().into_service_error();
    assert!(error.is_message_not_inflight(), "{error:?}");
    let error = change("made up".to_owned(), 0).await.unwrap_err().into_service_error();
    assert!(error.is_receipt_handle_is_invalid(), "{error:?}");
    world.delete(&second).await;
    let error = change(second, 0).await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn a_message_received_too_often_becomes_a_dead_letter() {
    let world = world().await;
    let id = world.send("poison").await;
    for _ in 0..2 {
        assert!(world.receive().await.is_some());
        world.pass(30);
    }
    assert_eq!(world.receive().await, None);
    assert_eq!(world.places(), []);
    let dead = world.sqs.messages("dead");
    assert_eq!((dead[0].id.as_str(), dead[0].place), (id.as_str(), Place::Visible));
}

#[tokio::test]
async fn a_long_poll_wakes_when_a_message_is_sent_or_becomes_visible() {
    let world = world().await;
    let poll = || world.client.receive_message().queue_url(&world.url).wait_time_seconds(20).send();
    let started = Instant::now();
    let (received, _) = tokio::join!(poll(), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.sqs.send("jobs", "wake up").unwrap()
    });
    assert_eq!(received.unwrap().messages().len(), 1);
    let (received, ()) = tokio::join!(poll(), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.pass(30);
    });
    assert_eq!(received.unwrap().messages().len(), 1);
    assert!(started.elapsed() < Duration::from_secs(10));

    let started = Instant::now();
    let empty = world.client.receive_message().queue_url(&world.url).wait_time_seconds(1).send().await.unwrap();
    assert_eq!(empty.messages().len(), 0);
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn batches_answer_for_each_entry() {
    let world = world().await;
    let entry =
        |id: &str, body: &str| SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap();
    let send = |entries| world.client.send_message_batch().queue_url(&world.url).set_entries(Some(entries)).send();
    let sent = send(vec![entry("a", "1"), entry("b", "bad \u{1}")]).await.unwrap();
    assert_eq!(sent.successful()[0].id(), "a");
    assert_eq!((sent.failed()[0].id(), sent.failed()[0].code()), ("b", "InvalidMessageContents"));

    let error = send(vec![entry("a", "1"), entry("a", "2")]).await.unwrap_err().into_service_error();
    assert!(error.is_batch_entry_ids_not_distinct());
    let many = (0..11).map(|it| entry(&it.to_string(), "x")).collect();
    let error = send(many).await.unwrap_err().into_service_error();
    assert!(error.is_too_many_entries_in_batch_request());
    let error = send(vec![]).await.unwrap_err().into_service_error();
    assert!(error.is_empty_batch_request());

    let (_, handle, _) = world.receive().await.unwrap();
    let entry = DeleteMessageBatchRequestEntry::builder().id("x").receipt_handle(handle).build().unwrap();
    let deleted = world.client.delete_message_batch().queue_url(&world.url).entries(entry).send().await.unwrap();
    assert_eq!(deleted.successful()[0].id(), "x");
    assert_eq!(world.places(), []);
}

#[tokio::test]
async fn a_queue_is_described_changed_and_emptied() {
    let world = world().await;
    let error = world.client.get_queue_url().queue_name("nowhere").send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist());
    let set =
        |name, value: &str| world.client.set_queue_attributes().queue_url(&world.url).attributes(name, value).send();
    set(QueueAttributeName::DelaySeconds, "5").await.unwrap();
    let error = set(QueueAttributeName::DelaySeconds, "901").await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidAttributeValue"));

    world.send("later").await;
    assert_eq!(world.places(), [Place::Delayed]);
    let asked = world.client.get_queue_attributes().queue_url(&world.url).attribute_names(QueueAttributeName::All);
    let attributes = asked.send().await.unwrap().attributes.unwrap();
    assert_eq!(attributes[&QueueAttributeName::ApproximateNumberOfMessagesDelayed], "1");
    assert_eq!(attributes[&QueueAttributeName::QueueArn], Sqs::queue_arn("jobs"));
    world.pass(5);
    assert_eq!(world.places(), [Place::Visible]);

    let purge = || world.client.purge_queue().queue_url(&world.url).send();
    purge().await.unwrap();
    assert_eq!(world.places(), []);
    assert!(purge().await.unwrap_err().into_service_error().is_purge_queue_in_progress());
    let error = world.client.create_queue().queue_name("jobs").attributes(QueueAttributeName::DelaySeconds, "7");
    assert!(error.send().await.unwrap_err().into_service_error().is_queue_name_exists());
    let error = world.client.receive_message().queue_url(&world.url).max_number_of_messages(11).send().await;
    assert_eq!(error.unwrap_err().into_service_error().code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn a_message_can_be_delivered_twice_and_is_written_down_once() {
    let world = world().await;
    world.sqs.deliver_twice(1);
    let id = world.send("again").await;
    world.send("once").await;
    let ids: Vec<_> = world.sqs.messages("jobs").into_iter().map(|it| it.id).collect();
    assert_eq!(ids[..2], [id.clone(), id.clone()]);
    assert_eq!(ids.len(), 3);
    let sent = world.front.history.effects("sqs", "SendMessage");
    assert_eq!((sent.len(), sent[0].note["message_id"].as_str()), (2, Some(id.as_str())));
}

#[tokio::test]
async fn a_planted_refusal_has_the_services_form() {
    let world = world().await;
    let kind = Kind::Refuse {
        status: 400,
        code: "AWS.SimpleQueueService.NonExistentQueue".to_owned(),
        message: "gone".to_owned(),
        retry_after: None,
    };
    world.front.faults.plant(Fault::once("sqs", "SendMessage", kind));
    let sent = world.client.send_message().queue_url(&world.url).message_body("x").send().await;
    assert!(sent.unwrap_err().into_service_error().is_queue_does_not_exist());
    assert_eq!(world.places(), []);
}
