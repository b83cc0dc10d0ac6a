//! One queue: its messages, who may see them when, and which have been received too often.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::{attributes::Attributes, refusal::Refusal};

/// One copy of a message. A message that is delivered twice is there as two copies with one id.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Tells copies apart.
    pub(super) copy: u64,
    pub(super) id: String,
    pub(super) body: String,
    pub(super) sent: Timestamp,
    /// When it can be received (again).
    pub(super) visible_from: Timestamp,
    pub(super) first_received: Option<Timestamp>,
    /// How often it was received; also tells its receipt handles apart.
    pub(super) received: u32,
    /// The queue it comes from, if it is a dead letter.
    pub(super) dead_from: Option<String>,
}

impl Message {
    /// Returns whether a consumer holds it.
    pub(super) fn in_flight(&self, now: Timestamp) -> bool {
        self.received > 0 && self.visible_from > now
    }
}

/// A receipt handle, opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    copy: u64,
    received: u32,
}

impl Receipt {
    pub(super) fn of(message: &Message) -> Self {
        Self { copy: message.copy, received: message.received }
    }

    /// Returns the opaque text that consumers get.
    pub(super) fn write(self) -> String {
        hex::encode(format!("receipt:{}:{}", self.copy, self.received))
    }

    /// Opens a receipt handle.
    ///
    /// # Errors
    /// No queue here has given it out (`ReceiptHandleIsInvalid`).
    pub(super) fn read(handle: &str) -> Result<Self, Refusal> {
        let open = || {
            let text = String::from_utf8(hex::decode(handle).ok()?).ok()?;
            let (copy, received) = text.strip_prefix("receipt:")?.split_once(':')?;
            Some(Self { copy: copy.parse().ok()?, received: received.parse().ok()? })
        };
        let message = || format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
        open().ok_or_else(|| Refusal::new("ReceiptHandleIsInvalid", message()))
    }
}

/// A standard queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) attributes: Attributes,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) purged: Option<Timestamp>,
    messages: VecDeque<Message>,
}

impl Queue {
    pub(super) fn new(attributes: Attributes, now: Timestamp) -> Self {
        Self { attributes, created: now, modified: now, purged: None, messages: VecDeque::new() }
    }

    pub(super) fn push(&mut self, message: Message) {
        self.messages.push_back(message);
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    pub(super) fn purge(&mut self, now: Timestamp) {
        self.messages.clear();
        self.purged = Some(now);
    }

    /// Takes up to `max` visible messages and hides them for `hidden`; `max` 0 takes none.
    pub(super) fn receive(&mut self, max: usize, hidden: SignedDuration, now: Timestamp) -> Vec<Message> {
        let visible = self.messages.iter_mut().filter(|it| it.visible_from <= now);
        visible
            .take(max)
            .map(|message| {
                message.received += 1;
                message.first_received.get_or_insert(now);
                message.visible_from = now + hidden;
                message.clone()
            })
            .collect()
    }

    /// Removes and returns the visible messages that have been received as often as the redrive policy allows, and
    /// forgets those that are older than the queue keeps them.
    pub(super) fn sweep(&mut self, now: Timestamp) -> Vec<Message> {
        let kept = self.attributes.seconds("MessageRetentionPeriod");
        self.messages.retain(|it| now.duration_since(it.sent) < kept);
        let Some(most) = self.attributes.redrive.as_ref().map(|it| it.max_receive_count) else { return Vec::new() };
        let (dead, alive): (VecDeque<_>, VecDeque<_>) =
            self.messages.drain(..).partition(|it| it.visible_from <= now && it.received >= most);
        self.messages = alive;
        dead.into()
    }

    /// Deletes the message of `receipt`. With a receipt older than the last one, the message stays and this is no error
    /// (SQS API reference, `DeleteMessage`). Returns the message's id if it was deleted.
    pub(super) fn delete(&mut self, receipt: Receipt) -> Option<String> {
        let at = self.messages.iter().position(|it| Receipt::of(it) == receipt)?;
        self.messages.remove(at).map(|it| it.id)
    }

    /// Hides the message of `receipt` for `hidden` from now on; zero makes it visible at once. Returns its id.
    ///
    /// # Errors
    /// The message is gone (`InvalidParameterValue`), or the consumer with this receipt no longer holds it
    /// (`MessageNotInflight`).
    pub(super) fn hide(&mut self, receipt: Receipt, hidden: SignedDuration, now: Timestamp) -> Result<String, Refusal> {
        let Some(message) = self.messages.iter_mut().find(|it| it.copy == receipt.copy) else {
            let reason = "Message does not exist or is not available for visibility timeout change.";
            return Err(Refusal::value(receipt.write(), "ReceiptHandle", reason));
        };
        if !message.in_flight(now) || Receipt::of(message) != receipt {
            return Err(Refusal::new("MessageNotInflight", "The specified message is not in flight."));
        }
        message.visible_from = now + hidden;
        Ok(message.id.clone())
    }
}
