//! The queue of AWS's events and the bot's own wake-ups.

use std::collections::HashMap;

use aws_sdk_sqs::{Client, types::QueueAttributeName};

use super::{
    Verdict,
    probe::Probe,
    trouble::{Need, Trouble},
};
use crate::config::Aws;

/// What SQS tells of a queue.
pub(super) type Attributes = HashMap<QueueAttributeName, String>;

pub(super) fn probe<'a>(sqs: &'a Client, aws: &'a Aws) -> Probe<'a> {
    Probe::new("queue", &aws.queue_url, Need::Bots, async move {
        match attributes(sqs, &aws.queue_url).await {
            Ok(attributes) => judge(&attributes, &aws.region),
            Err(trouble)
                if trouble.is("QueueDoesNotExist") || trouble.is("AWS.SimpleQueueService.NonExistentQueue") =>
            {
                Verdict::failed(
                    "there is no such queue",
                    "Create it (deploy/terraform/queue.tf), or mend aws.queue_url.",
                )
            }
            Err(trouble) => trouble.verdict(Need::Bots, "sqs:GetQueueAttributes"),
        }
    })
}

/// Returns all attributes of the queue at `url`.
pub(super) async fn attributes(sqs: &Client, url: &str) -> Result<Attributes, Trouble> {
    let call = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
    Ok(call.send().await?.attributes.unwrap_or_default())
}

fn judge(attributes: &Attributes, region: &str) -> Verdict {
    let arn = attributes.get(&QueueAttributeName::QueueArn);
    if let Some(other) = arn.and_then(|it| it.split(':').nth(3)).filter(|it| *it != region) {
        return Verdict::failed(
            format!("is in the Region {other}, the configuration says {region}"),
            "Mend aws.queue_url: the queue must be in the Region of the databases.",
        );
    }
    if attributes.get(&QueueAttributeName::RedrivePolicy).is_none_or(String::is_empty) {
        return Verdict::hint(
            "has no redrive policy: the bot itself throws away what it cannot read",
            "Give the queue a dead-letter queue, as deploy/terraform/queue.tf does.",
        );
    }
    let waiting = attributes.get(&QueueAttributeName::ApproximateNumberOfMessages);
    Verdict::ok(waiting.map_or_else(|| "there".to_owned(), |it| format!("{it} messages wait")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_without_dead_letters_works_and_could_be_better() {
        let arn = "arn:aws:sqs:eu-west-1:1:bot".to_owned();
        let mut attributes = Attributes::from([(QueueAttributeName::QueueArn, arn)]);
        assert!(matches!(judge(&attributes, "eu-west-1"), Verdict::Hint { .. }));
        attributes.insert(QueueAttributeName::RedrivePolicy, "{}".to_owned());
        assert!(matches!(judge(&attributes, "eu-west-1"), Verdict::Ok { .. }));
        assert!(matches!(judge(&attributes, "eu-west-2"), Verdict::Failed { .. }));
    }
}
