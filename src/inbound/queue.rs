//! The consumer of the queue: a message is deleted only after what it asks for is in the records.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    domain::topic::TopicArn,
    engine::{
        Engine,
        ports::{Messages, Received},
    },
};

pub mod event;
pub mod message;

use message::{IgnoredKind, Reading};

/// Pause after the queue could not be read.
const AFTER_TROUBLE: Duration = Duration::from_secs(3);

/// Consumes messages until `stop`; what was received by then is still handled.
///
/// Of those that came through SNS only what is of one of `topics` is believed; where none is named, the queue's own
/// policy decides who may send.
pub async fn consume(engine: Arc<Engine>, messages: Arc<dyn Messages>, topics: Vec<TopicArn>, stop: CancellationToken) {
    loop {
        let received = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            received = messages.receive() => received,
        };
        match received {
            Ok(received) => {
                for message in received {
                    handle(&engine, &*messages, &topics, &message).await;
                }
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "The queue cannot be read");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(AFTER_TROUBLE) => {}
                }
            }
        }
    }
}

/// What cannot be followed now, and what cannot be read at all, stays in the queue: it comes again, and after as many
/// times as the queue's redrive policy says it goes to the dead-letter queue, where nothing is lost.
async fn handle(engine: &Engine, messages: &dyn Messages, topics: &[TopicArn], message: &Received) {
    let id = &message.id;
    let read = message::read(&message.body, topics);
    metrics::counter!(crate::metrics::MESSAGES, "kind" => read.kind()).increment(1);
    match read {
        Reading::Hint(found) => {
            tracing::debug!(message = id, hint = ?found.hint, "Message {id} is understood");
            if let Err(error) = engine.follow(&found.hint).await {
                tracing::warn!(message = id, %error, "Message {id} could not be followed now; it stays in the queue");
                return;
            }
        }
        Reading::Ignored(ignored) if ignored.kind == IgnoredKind::Stranger => {
            let why = ignored.why;
            tracing::warn!(message = id, why, "Message {id} is not believed: {why}");
        }
        Reading::Ignored(ignored) => {
            let why = ignored.why;
            tracing::info!(message = id, why, "Message {id} is ignored: {why}");
        }
        Reading::Malformed { why } => {
            tracing::error!(message = id, why, "Message {id} cannot be read and stays in the queue: {why}");
            return;
        }
    }
    if let Err(error) = messages.delete(message).await {
        tracing::warn!(message = id, error = format!("{error:#}"), "Message {id} could not be deleted; it comes again");
    }
}
