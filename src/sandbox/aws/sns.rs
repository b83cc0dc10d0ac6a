//! The SNS stand-in, as far as a subscriber over HTTPS meets it: signed messages, the certificate, subscriptions that
//! are confirmed, and deliveries that come again.

mod api;
mod certificate;
mod sha1;
mod signer;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock},
    time::Duration,
};

use jiff::SignedDuration;
use serde_json::{Value, json};

pub use self::{
    certificate::{Subject, pem},
    signer::Signer,
};
use super::{Deliver, REGION, TOPIC_ARN, ids};
use crate::{
    clock::Clock as _,
    sandbox::{http::Client, wire::Front},
};

/// How long SNS waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Between two deliveries of one message; SNS waits 20 s.
const RETRY: Duration = Duration::from_millis(500);

/// How often a message is delivered again before it is dropped; SNS's hour, at this pace.
const RETRIES: usize = 180;

/// One Region's SNS, with the one topic of the events.
pub struct Sns {
    front: Front,
    http: Client,
    /// Made when it is first needed: it takes a moment, and most worlds need none.
    signer: OnceLock<Signer>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    serial: u64,
    subscribers: Vec<Subscriber>,
    /// ARN of the queue to which events go while nobody has subscribed over HTTPS.
    queue: Option<String>,
    /// Certificates beside its own, by file name.
    certificates: BTreeMap<String, String>,
}

struct Subscriber {
    url: String,
    token: String,
    is_confirmed: bool,
}

impl Sns {
    pub(super) fn new(front: Front) -> Self {
        Self { front, http: Client::default(), signer: OnceLock::new(), state: Mutex::default() }
    }

    /// Returns what delivers events to the subscribers, and to `queue` if there are none, or if they are in no envelope.
    pub(super) fn or(self: &Arc<Self>, queue: Deliver) -> Deliver {
        let sns = Arc::clone(self);
        Arc::new(move |body| {
            let message = serde_json::from_str::<Value>(&body).ok().filter(|it| it.get("TopicArn").is_some());
            let doors = sns.doors();
            match message {
                Some(mut message) if !doors.is_empty() => {
                    sns.sign(&mut message);
                    doors.into_iter().for_each(|door| sns.deliver(door, message.to_string()));
                }
                _ => queue(body),
            }
        })
    }

    /// Subscribes the address `url`: from when it is confirmed, events in envelopes come there and not to the queue.
    pub fn subscribe(self: &Arc<Self>, url: &str) {
        let mut message = self.confirmation("SubscriptionConfirmation");
        let token = message["Token"].as_str().unwrap_or_default().to_owned();
        self.sign(&mut message);
        self.state().subscribers.push(Subscriber { url: url.to_owned(), token, is_confirmed: false });
        self.deliver(url.to_owned(), message.to_string());
    }

    /// Shows the queue of that ARN among the subscriptions.
    pub fn subscribe_queue(&self, arn: &str) {
        self.state().queue = Some(arn.to_owned());
    }

    /// Says whether somebody has confirmed each subscription that was made.
    pub fn is_confirmed(&self) -> bool {
        self.state().subscribers.iter().all(|it| it.is_confirmed)
    }

    /// Returns a notification of `message`, of now; it is not signed yet.
    pub fn notification(&self, message: &str) -> Value {
        let mut notification = self.message("Notification", message);
        notification["Subject"] = "RDS Notification Message".into();
        notification
    }

    /// Returns a message of a type that asks for, or tells the end of, a subscription; it is not signed yet.
    pub fn confirmation(&self, kind: &str) -> Value {
        let mut message = self.message(kind, &format!("You have chosen to do something about {TOPIC_ARN}.\nDo so."));
        let token = ids::hex(message["MessageId"].as_str().unwrap_or_default());
        message["SubscribeURL"] = format!("{}/?Action=ConfirmSubscription&Token={token}", host()).into();
        message["Token"] = token.into();
        message
    }

    /// Signs a message with SNS's own key.
    pub fn sign(&self, message: &mut Value) {
        self.signer().sign(message);
    }

    /// Returns the key of this SNS.
    pub fn signer(&self) -> &Signer {
        self.signer.get_or_init(Signer::new)
    }

    /// Returns what SNS's own certificate says.
    pub fn subject(&self) -> Subject {
        let (now, year) = (self.front.clock.now(), SignedDuration::from_hours(24 * 365));
        let name = "sns.amazonaws.com".to_owned();
        Subject { common_name: name.clone(), names: vec![name], from: now - year, until: now + year }
    }

    /// Serves `pem` under the name `file`, beside its own certificate.
    pub fn serve(&self, file: &str, pem: &str) {
        self.state().certificates.insert(file.to_owned(), pem.to_owned());
    }

    /// Posts `body` to `url` once, with the headers that SNS sends. Returns the status of the answer, if there is one.
    pub async fn post(&self, url: &str, headers: &[(&str, &str)], body: &str) -> Option<u16> {
        let own = [("content-type", "text/plain; charset=UTF-8"), ("x-amz-sns-message-type", "Notification")];
        let headers = [&own, headers].concat();
        self.http.post(url, &headers, body, PATIENCE).await.ok().map(|(status, _)| status)
    }

    fn message(&self, kind: &str, message: &str) -> Value {
        let mut state = self.state();
        state.serial += 1;
        json!({
            "Type": kind,
            "MessageId": ids::uuid(&format!("posted {}", state.serial)),
            "TopicArn": TOPIC_ARN,
            "Message": message,
            "Timestamp": self.front.clock.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            "SigningCertURL": certificate_url(),
        })
    }

    /// Posts until there is an answer that is not to be followed by another delivery.
    fn deliver(self: &Arc<Self>, url: String, body: String) {
        let sns = Arc::clone(self);
        self.front.tracker.spawn(async move {
            for _ in 0..RETRIES {
                let status = tokio::select! {
                    () = sns.front.stop.cancelled() => return,
                    status = sns.post(&url, &[], &body) => status,
                };
                if status.is_some_and(|it| it < 500 && it != 429) {
                    return;
                }
                tokio::time::sleep(RETRY).await;
            }
        });
    }

    fn doors(&self) -> Vec<String> {
        self.state().subscribers.iter().filter(|it| it.is_confirmed).map(|it| it.url.clone()).collect()
    }

    /// Returns the certificate of that name.
    fn certificate(&self, name: &str) -> Option<String> {
        if name == file() {
            return Some(self.subject().certificate(self.signer()));
        }
        self.state().certificates.get(name).cloned()
    }

    /// Confirms the subscription of `token`. Returns its ARN; `None`: there is no such one.
    fn confirmed(&self, topic: &str, token: &str) -> Option<String> {
        let mut state = self.state();
        let subscriber = state.subscribers.iter_mut().find(|it| topic == TOPIC_ARN && it.token == token)?;
        subscriber.is_confirmed = true;
        Some(format!("{TOPIC_ARN}:{}", ids::uuid(token)))
    }

    /// Returns of every subscription its ARN, or what stands for it until it is confirmed, the protocol and the address.
    fn subscriptions(&self) -> Vec<(String, &'static str, String)> {
        let arn = |it: &Subscriber| match it.is_confirmed {
            true => format!("{TOPIC_ARN}:{}", ids::uuid(&it.token)),
            false => "PendingConfirmation".to_owned(),
        };
        let state = self.state();
        let queue = state.queue.iter().map(|it| (format!("{TOPIC_ARN}:{}", ids::uuid(it)), "sqs", it.clone()));
        queue.chain(state.subscribers.iter().map(|it| (arn(it), "https", it.url.clone()))).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while SNS is held")
    }
}

/// Returns where SNS is, as its messages have it.
pub(super) fn host() -> String {
    format!("https://sns.{REGION}.amazonaws.com")
}

/// Returns where SNS's own certificate is, as its messages have it.
pub(super) fn certificate_url() -> String {
    format!("{}/{}", host(), file())
}

/// The name of its own certificate; at AWS it changes with the key.
fn file() -> String {
    format!("SimpleNotificationService-{}.pem", &ids::hex("the certificate of SNS")[..32])
}
