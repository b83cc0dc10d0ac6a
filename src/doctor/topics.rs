//! The topics of SNS: whether what is sent there comes to the bot, through the queue or through its door.

use aws_sdk_sns::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use super::{
    Verdict,
    probe::Probe,
    queue,
    trouble::{Need, Trouble},
};
use crate::{config::Aws, domain::topic::TopicArn};

/// What SNS says in the place of an ARN of a subscription that nobody has confirmed.
const PENDING: &str = "PendingConfirmation";

/// A subscription of the topic.
struct Subscription {
    protocol: String,
    endpoint: String,
    is_confirmed: bool,
}

pub(super) fn probe<'a>(sns: &'a Client, sqs: &'a aws_sdk_sqs::Client, topic: &'a TopicArn, aws: &'a Aws) -> Probe<'a> {
    Probe::new("topic", topic.as_str(), Need::Doctors, async move {
        let subscriptions = match subscriptions(sns, topic).await {
            Ok(subscriptions) => subscriptions,
            Err(trouble) if trouble.is("NotFound") => {
                return Verdict::failed("there is no such topic", "Create it, or mend aws.sns_topics.");
            }
            Err(trouble) => return trouble.verdict(Need::Doctors, "sns:ListSubscriptionsByTopic"),
        };
        // What is wrong with the queue itself is told by its own check.
        let attributes = queue::attributes(sqs, &aws.queue_url).await.unwrap_or_default();
        let arn = attributes.get(&QueueAttributeName::QueueArn).map(String::as_str).unwrap_or_default();
        let policy = attributes.get(&QueueAttributeName::Policy).map(String::as_str).unwrap_or_default();
        judge(&subscriptions, topic.as_str(), arn, policy)
    })
}

async fn subscriptions(sns: &Client, topic: &TopicArn) -> Result<Vec<Subscription>, Trouble> {
    let found = sns.list_subscriptions_by_topic().topic_arn(topic.as_str()).into_paginator().items().send();
    let found: Vec<_> = found.collect::<Result<_, _>>().await?;
    let text = |it: Option<&str>| it.unwrap_or_default().to_owned();
    let subscription = |it: &aws_sdk_sns::types::Subscription| Subscription {
        protocol: text(it.protocol()),
        endpoint: text(it.endpoint()),
        is_confirmed: it.subscription_arn().is_some_and(|it| it != PENDING),
    };
    Ok(found.iter().map(subscription).collect())
}

fn judge(subscriptions: &[Subscription], topic: &str, queue: &str, policy: &str) -> Verdict {
    let door = |it: &&Subscription| matches!(it.protocol.as_str(), "http" | "https") && it.endpoint.ends_with("/sns");
    let to_queue = subscriptions.iter().any(|it| it.protocol == "sqs" && it.endpoint == queue && it.is_confirmed);
    if to_queue && !lets_send(policy, topic) {
        return Verdict::failed(
            "the queue is subscribed, but its policy does not let the topic send to it",
            "Allow sqs:SendMessage to the service sns.amazonaws.com for this topic, as deploy/terraform/queue.tf does.",
        );
    }
    if to_queue {
        return Verdict::ok("its messages come through the queue");
    }
    match subscriptions.iter().find(door) {
        Some(it) if it.is_confirmed => Verdict::ok(format!("its messages come to {}", it.endpoint)),
        Some(it) => Verdict::hint(
            format!("the subscription of {} is not confirmed", it.endpoint),
            "The bot confirms it by itself when it runs and SNS reaches it; ask SNS for the confirmation again.",
        ),
        None => Verdict::hint(
            "nothing of it comes to the bot: new snapshots are not noticed, ends of exports only by looking",
            "Subscribe the queue, or the bot's door at /sns (docs/sns.md).",
        ),
    }
}

/// Says whether a policy of a queue lets `topic` send: an approximation, which no condition but that of the topic's ARN
/// is part of.
fn lets_send(policy: &str, topic: &str) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let listed = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let is_sns = |it: &Value| {
        let services = ["Service", "AWS"].iter().flat_map(|key| listed(&it[*key])).collect::<Vec<_>>();
        *it == "*" || services.iter().any(|it| it == "sns.amazonaws.com" || it == "*")
    };
    listed(&policy["Statement"]).iter().any(|it| {
        let sends = |it: &Value| {
            let action = it.as_str().unwrap_or_default().to_ascii_lowercase();
            matches!(action.as_str(), "sqs:sendmessage" | "sqs:*" | "*")
        };
        let condition = &it["Condition"];
        let for_topic = condition.is_null() || condition.to_string().contains(topic);
        let elsewhere = condition.to_string().contains("arn:aws:sns") && !for_topic;
        it["Effect"] == "Allow" && is_sns(&it["Principal"]) && listed(&it["Action"]).iter().any(sends) && !elsewhere
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:rds";
    const QUEUE: &str = "arn:aws:sqs:eu-west-1:123456789012:bot";

    fn policy(source: &str) -> String {
        let condition = json!({ "ArnEquals": { "aws:SourceArn": source } });
        let statement = json!({
            "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" }, "Action": "sqs:SendMessage",
            "Resource": QUEUE, "Condition": condition,
        });
        json!({ "Statement": statement }).to_string()
    }

    fn subscribed(protocol: &str, endpoint: &str, is_confirmed: bool) -> Vec<Subscription> {
        vec![Subscription { protocol: protocol.to_owned(), endpoint: endpoint.to_owned(), is_confirmed }]
    }

    #[test]
    fn a_subscribed_queue_must_let_the_topic_send() {
        let ours = subscribed("sqs", QUEUE, true);
        assert!(matches!(judge(&ours, TOPIC, QUEUE, &policy(TOPIC)), Verdict::Ok { .. }));
        assert!(matches!(judge(&ours, TOPIC, QUEUE, &policy("arn:aws:sns:eu-west-1:1:other")), Verdict::Failed { .. }));
        assert!(matches!(judge(&ours, TOPIC, QUEUE, ""), Verdict::Failed { .. }));
    }

    #[test]
    fn a_topic_that_nobody_of_ours_hears_is_pointed_out() {
        assert!(matches!(judge(&[], TOPIC, QUEUE, ""), Verdict::Hint { .. }));
        let door = |is_confirmed| subscribed("https", "https://bot.example.com/sns", is_confirmed);
        assert!(matches!(judge(&door(true), TOPIC, QUEUE, ""), Verdict::Ok { .. }));
        assert!(matches!(judge(&door(false), TOPIC, QUEUE, ""), Verdict::Hint { .. }));
    }
}
