//! The text that SNS signs: names and values of some fields, in alphabetical order, a line feed after each
//! ([verifying message signatures](https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html)).

use super::envelope::{Envelope, Invitation, Kind};

/// Returns the text whose signature `envelope` should carry.
pub(super) fn text(envelope: &Envelope) -> String {
    let (third, token, kind) = match &envelope.kind {
        Kind::Notification { subject } => (subject.as_ref().map(|it| ("Subject", it)), None, "Notification"),
        Kind::SubscriptionConfirmation(it) => invited(it, "SubscriptionConfirmation"),
        // SNS signs its token too, though some of AWS's own validators leave it out.
        Kind::UnsubscribeConfirmation(it) => invited(it, "UnsubscribeConfirmation"),
    };
    let Envelope { message, message_id, timestamp, topic_arn, .. } = envelope;
    let fields = [
        Some(("Message", message)),
        Some(("MessageId", message_id)),
        third,
        Some(("Timestamp", timestamp)),
        token,
        Some(("TopicArn", topic_arn)),
    ];
    let fields: String = fields.into_iter().flatten().map(|(name, value)| format!("{name}\n{value}\n")).collect();
    format!("{fields}Type\n{kind}\n")
}

type Field<'a> = Option<(&'static str, &'a String)>;

fn invited<'a>(invitation: &'a Invitation, kind: &'static str) -> (Field<'a>, Field<'a>, &'static str) {
    (Some(("SubscribeURL", &invitation.subscribe_url)), Some(("Token", &invitation.token)), kind)
}
