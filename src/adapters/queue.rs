//! The SQS queue: AWS's events and the bot's own wake-ups.

use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use aws_sdk_sqs::{
    Client,
    types::{Message, MessageSystemAttributeName, QueueAttributeName},
};
use serde_json::Value;

use crate::{
    adapters::aws::LONG_POLL,
    engine::ports::{Messages, Queue, Received},
};

/// Messages that one receive brings at the most; SQS's own limit.
const BATCH: usize = 10;

/// One SQS queue.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// Returns the queue at `url`.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, body: &str) -> anyhow::Result<()> {
        self.client.send_message().queue_url(&self.url).message_body(body).send().await?;
        Ok(())
    }
}

#[async_trait]
impl Messages for SqsQueue {
    async fn receive(&self, most: usize, hidden: Duration) -> anyhow::Result<Vec<Received>> {
        let most = i32::try_from(most.clamp(1, BATCH)).expect("ten at the most");
        let call = self.client.receive_message().queue_url(&self.url).max_number_of_messages(most);
        let call = call.wait_time_seconds(seconds(LONG_POLL)).visibility_timeout(seconds(hidden));
        let call = call.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let answer = call.send().await?;
        Ok(answer.messages.unwrap_or_default().into_iter().filter_map(received).collect())
    }

    async fn delete(&self, message: &Received) -> anyhow::Result<()> {
        self.client.delete_message().queue_url(&self.url).receipt_handle(&message.receipt).send().await?;
        Ok(())
    }

    async fn hide(&self, message: &Received, hidden: Duration) -> anyhow::Result<()> {
        let call = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(&message.receipt);
        call.visibility_timeout(seconds(hidden)).send().await?;
        Ok(())
    }

    async fn redrive_after(&self) -> anyhow::Result<Option<u32>> {
        let name = QueueAttributeName::RedrivePolicy;
        let call = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        let answer = call.send().await?;
        let policy = answer.attributes.and_then(|mut it| it.remove(&name)).filter(|it| !it.is_empty());
        policy.map(|it| max_receive_count(&it)).transpose()
    }
}

/// A message of SQS always has a body and a receipt; the count is there because it was asked for.
fn received(message: Message) -> Option<Received> {
    let count = MessageSystemAttributeName::ApproximateReceiveCount;
    let times = message.attributes.as_ref().and_then(|it| it.get(&count)?.parse().ok()).unwrap_or(1);
    let id = message.message_id.unwrap_or_default();
    Some(Received { body: message.body?, receipt: message.receipt_handle?, id, times })
}

/// The number comes as a number or as a text
/// ([SetQueueAttributes](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)).
fn max_receive_count(policy: &str) -> anyhow::Result<u32> {
    let policy: Value = serde_json::from_str(policy).context("the queue's redrive policy is not JSON")?;
    let count = &policy["maxReceiveCount"];
    let count = count.as_u64().or_else(|| count.as_str()?.parse().ok());
    count.and_then(|it| u32::try_from(it).ok()).context("the queue's redrive policy has no maxReceiveCount")
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_as_a_number_and_as_a_text() {
        for (policy, count) in [
            (r#"{"deadLetterTargetArn":"arn:aws:sqs:x:1:dead","maxReceiveCount":10}"#, Some(10)),
            (r#"{"deadLetterTargetArn":"arn:aws:sqs:x:1:dead","maxReceiveCount":"5"}"#, Some(5)),
            (r#"{"deadLetterTargetArn":"arn:aws:sqs:x:1:dead"}"#, None),
            ("words", None),
        ] {
            assert_eq!(max_receive_count(policy).ok(), count, "{policy}");
        }
    }
}
