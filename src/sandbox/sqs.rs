//! SQS's stand-in: standard queues behind AWS JSON 1.0.
//!
//! Visibility and delay follow the stand-ins' clock; a long poll waits in real time, because its client does. Not
//! there: FIFO queues and message attributes (both are refused), and permissions.

mod actions;
mod attributes;
mod batch;
mod describe;
mod queue;
mod receive;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use axum::{
    body::Bytes,
    http::{HeaderValue, Response, header::CONTENT_TYPE, request::Parts},
};
use serde_json::{Value, json};
use tokio::{sync::Notify, time::Instant};

use self::{actions::Done, refusal::Refusal, state::State};
use super::{
    clock::SimClock,
    wire::{Call, Front, Reply, StandIn},
};
use crate::clock::Clock as _;

/// The content type of AWS JSON 1.0.
const CONTENT: &str = "application/x-amz-json-1.0";

/// How often a waiting consumer looks again, since moving the clock does not wake it.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Where a message is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The next consumer gets it.
    Visible,
    /// A consumer holds it.
    InFlight,
    /// It was sent with a delay that is not over.
    Delayed,
}

/// A message as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peek {
    /// The id that `SendMessage` answered; twice in a queue if the message is delivered twice.
    pub id: String,
    pub body: String,
    pub place: Place,
    /// How often it has been received.
    pub received: u32,
}

/// The queues.
#[derive(Debug)]
pub struct Sqs {
    clock: SimClock,
    state: Mutex<State>,
    arrived: Notify,
}

impl Sqs {
    /// Serves a new, empty stand-in on a free loopback port.
    ///
    /// # Errors
    /// No port can be listened on.
    pub async fn start(front: &Front) -> anyhow::Result<Arc<Self>> {
        let sqs = Arc::new(Self { clock: front.clock.clone(), state: Mutex::default(), arrived: Notify::new() });
        let stand_in: Arc<dyn StandIn> = Arc::<Self>::clone(&sqs);
        let addr = front.serve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), stand_in).await.context("listen for SQS")?;
        sqs.state().endpoint = format!("http://{addr}");
        Ok(sqs)
    }

    /// Returns the value for `AWS_ENDPOINT_URL_SQS`.
    pub fn endpoint(&self) -> String {
        self.state().endpoint.clone()
    }

    /// Returns the URL that the queue `name` has or would have.
    pub fn queue_url(&self, name: &str) -> String {
        self.state().url(name)
    }

    /// Returns the ARN that the queue `name` has or would have.
    pub fn queue_arn(name: &str) -> String {
        State::arn(name)
    }

    /// Makes a queue with `attributes`, as `CreateQueue` does. Returns its URL.
    ///
    /// # Errors
    /// SQS would refuse it.
    pub fn create_queue(&self, name: &str, attributes: &[(&str, &str)]) -> anyhow::Result<String> {
        let attributes: serde_json::Map<_, _> =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        self.act("CreateQueue", &json!({ "QueueName": name, "Attributes": attributes }))?;
        Ok(self.queue_url(name))
    }

    /// Sends a message as AWS's own services do. Returns its id.
    ///
    /// # Errors
    /// SQS would refuse it, for instance because there is no such queue.
    pub fn send(&self, queue: &str, body: &str) -> anyhow::Result<String> {
        let sent = self.act("SendMessage", &json!({ "QueueUrl": self.queue_url(queue), "MessageBody": body }))?;
        self.arrived.notify_waiters();
        Ok(sent["MessageId"].as_str().unwrap_or_default().to_owned())
    }

    /// Returns the messages in a queue, oldest first; none if there is no such queue.
    pub fn messages(&self, queue: &str) -> Vec<Peek> {
        let now = self.clock.now();
        let state = self.state();
        let messages = state.queues.get(queue).into_iter().flat_map(queue::Queue::messages);
        messages
            .map(|it| {
                let place = match it.visible_from <= now {
                    true => Place::Visible,
                    false if it.received > 0 => Place::InFlight,
                    false => Place::Delayed,
                };
                Peek { id: it.id.clone(), body: it.body.clone(), place, received: it.received }
            })
            .collect()
    }

    /// Delivers each of the next `n` messages twice, as a standard queue may.
    pub fn deliver_twice(&self, n: usize) {
        self.state().twice = n;
    }

    fn act(&self, operation: &str, body: &Value) -> anyhow::Result<Value> {
        let done = actions::act(&mut self.state(), operation, body, self.clock.now());
        done.map(|it| it.answer).map_err(|it| anyhow::anyhow!("{}: {}", it.code(), it.message))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while the queues are held")
    }

    async fn carry_out(&self, operation: &str, body: &[u8]) -> Result<Done, Refusal> {
        let body: Value =
            serde_json::from_slice(body).map_err(|error| Refusal::new("SerializationException", error.to_string()))?;
        let wait = if operation == "ReceiveMessage" { receive::wait_seconds(&mut self.state(), &body) } else { 0 };
        let until = Instant::now() + Duration::from_secs(wait);
        loop {
            // Registered before the look, so that a message which arrives in between is not missed.
            let arrived = self.arrived.notified();
            let done = actions::act(&mut self.state(), operation, &body, self.clock.now())?;
            if operation.starts_with("SendMessage") {
                self.arrived.notify_waiters();
            }
            let empty = operation == "ReceiveMessage" && done.answer.get("Messages").is_none();
            if !empty || Instant::now() >= until {
                return Ok(done);
            }
            tokio::select! {
                () = arrived => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }
}

#[async_trait]
impl StandIn for Sqs {
    fn service(&self) -> &'static str {
        "sqs"
    }

    fn operation(&self, parts: &Parts, _body: &Bytes) -> String {
        let target = parts.headers.get("x-amz-target").and_then(|it| it.to_str().ok());
        target.and_then(|it| it.strip_prefix("AmazonSQS.")).unwrap_or("Unknown").to_owned()
    }

    fn refusal(&self, status: u16, code: &str, message: &str) -> Response<Bytes> {
        refusal::planted(status, code, message)
    }

    async fn answer(&self, call: Call) -> Reply {
        match self.carry_out(&call.operation, &call.body).await {
            Ok(Done { answer, note }) => {
                let mut response = Response::new(Bytes::from(answer.to_string()));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(CONTENT));
                Reply { response, error: None, note }
            }
            Err(refusal) => {
                let note = json!({ "message": refusal.message });
                Reply { response: refusal.response(), error: Some(refusal.code().to_owned()), note }
            }
        }
    }
}
