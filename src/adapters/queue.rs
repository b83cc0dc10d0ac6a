//! The SQS queue: AWS's events and the bot's own wake-ups.

use async_trait::async_trait;
use aws_sdk_sqs::Client;

use crate::{
    adapters::aws::LONG_POLL,
    engine::ports::{Messages, Queue, Received},
};

/// Messages that one receive brings at the most; SQS's own limit.
const BATCH: i32 = 10;

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
    async fn receive(&self) -> anyhow::Result<Vec<Received>> {
        let long_poll = i32::try_from(LONG_POLL.as_secs()).expect("some seconds fit");
        let call = self.client.receive_message().queue_url(&self.url);
        let answer = call.max_number_of_messages(BATCH).wait_time_seconds(long_poll).send().await?;
        let received = answer.messages.unwrap_or_default().into_iter().filter_map(|it| {
            Some(Received { body: it.body?, receipt: it.receipt_handle?, id: it.message_id.unwrap_or_default() })
        });
        Ok(received.collect())
    }

    async fn delete(&self, message: &Received) -> anyhow::Result<()> {
        self.client.delete_message().queue_url(&self.url).receipt_handle(&message.receipt).send().await?;
        Ok(())
    }
}
