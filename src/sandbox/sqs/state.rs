//! All queues of the stand-in.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    attributes::Attributes,
    queue::{Message, Queue},
    refusal::Refusal,
};

/// The account that every queue here belongs to.
const ACCOUNT: &str = "000000000000";

/// Region in the queues' ARNs.
const REGION: &str = "ap-northeast-1";

#[derive(Debug, Default)]
pub(super) struct State {
    /// `http://host:port`, once it is known.
    pub(super) endpoint: String,
    pub(super) queues: BTreeMap<String, Queue>,
    /// How many of the next sends are delivered twice.
    pub(super) twice: usize,
    last_id: u64,
}

impl State {
    pub(super) fn url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.endpoint)
    }

    pub(super) fn arn(name: &str) -> String {
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
    }

    /// Returns name and queue of a queue's URL. As with AWS, its path alone counts.
    ///
    /// # Errors
    /// There is no such queue (`QueueDoesNotExist`).
    pub(super) fn queue(&mut self, url: &str) -> Result<(String, &mut Queue), Refusal> {
        let mut path = url.rsplitn(3, '/');
        let (name, account) = (path.next().unwrap_or_default(), path.next());
        match self.queues.get_mut(name) {
            Some(queue) if account == Some(ACCOUNT) => Ok((name.to_owned(), queue)),
            Some(_) | None => Err(Refusal::no_queue()),
        }
    }

    /// Returns `attributes` with `wanted` set.
    ///
    /// # Errors
    /// A name or value is not allowed, or the dead-letter queue is not there.
    pub(super) fn checked(
        &self,
        mut attributes: Attributes,
        wanted: &BTreeMap<String, String>,
    ) -> Result<Attributes, Refusal> {
        attributes.set(wanted)?;
        if let Some(redrive) = attributes.redrive.as_ref().filter(|it| !self.queues.contains_key(&it.target)) {
            let value = format!("{{\"deadLetterTargetArn\":\"{}\"}}", Self::arn(&redrive.target));
            return Err(Refusal::value(value, "RedrivePolicy", "Dead letter target does not exist."));
        }
        Ok(attributes)
    }

    /// Puts a message into the queue `name`, which is there. Returns the message's id.
    pub(super) fn put(&mut self, name: &str, body: &str, delay: SignedDuration, now: Timestamp) -> String {
        let copies = if self.twice > 0 { 2 } else { 1 };
        self.twice = self.twice.saturating_sub(1);
        let id = format!("00000000-0000-4000-8000-{:012x}", self.next_id());
        for _ in 0..copies {
            let message = Message {
                copy: self.next_id(),
                id: id.clone(),
                body: body.to_owned(),
                sent: now,
                visible_from: now + delay,
                first_received: None,
                received: 0,
                dead_from: None,
            };
            self.queues.get_mut(name).expect("the caller has looked the queue up").push(message);
        }
        id
    }

    /// Moves messages that were received too often to their dead-letter queues.
    pub(super) fn sweep(&mut self, name: &str, now: Timestamp) {
        let Some(queue) = self.queues.get_mut(name) else { return };
        let dead = queue.sweep(now);
        let target = queue.attributes.redrive.as_ref().map(|it| it.target.clone());
        if let Some(target) = target.and_then(|it| self.queues.get_mut(&it)) {
            for message in dead {
                target.push(Message { dead_from: Some(Self::arn(name)), visible_from: now, ..message });
            }
        }
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}
