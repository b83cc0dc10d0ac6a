//! `doctor`: looks at the live environment and says what is wrong with it, and how to mend it. It changes nothing.
//!
//! What is looked at is a list of probes, each for one value of the configuration; they run side by side. A file knows
//! one service: it makes the calls and judges what they bring. What the bot itself never calls may be refused to the
//! doctor without anything being wrong: that is told as not checked, with the action that is missing.

mod glue;
mod key;
mod names;
mod probe;
mod queue;
mod rds;
mod report;
mod role;
mod s3;
mod slack;
mod tables;
mod topics;
mod trouble;

use std::{collections::BTreeSet, sync::Arc};

pub use self::report::{Check, Report, Verdict};
use crate::{
    adapters::{
        aws::{Aws, SdkConfig, dynamodb_client, s3_client, sqs_client},
        slack::{ClientError, Inspector},
    },
    clock::System,
    config::{Config, environment::Environment},
    domain::source::Source,
};

/// Looks at everything that `config` names, or at what `source` needs alone among the sources.
///
/// # Errors
/// No client for Slack can be made.
pub async fn examine(
    config: &Config,
    environment: &Environment,
    sdk: &SdkConfig,
    source: Option<&Source>,
) -> Result<Report, ClientError> {
    let slack = Inspector::new(&environment.slack_api, &environment.bot_token)?;
    let app = environment.app_token.as_ref().map(|it| Inspector::new(&environment.slack_api, it)).transpose()?;
    let sources: Vec<&Source> =
        config.sources.iter().filter(|it| source.is_none_or(|only| only.name == it.name)).collect();
    let (dynamo, s3, sqs) = (dynamodb_client(sdk), s3_client(sdk), sqs_client(sdk));
    let (rds, glue) = (aws_sdk_rds::Client::new(sdk), aws_sdk_glue::Client::new(sdk));
    let (iam, kms) = (aws_sdk_iam::Client::new(sdk), aws_sdk_kms::Client::new(sdk));
    let (sns, work) = (aws_sdk_sns::Client::new(sdk), Aws::new(sdk, Arc::new(System)));

    let mut probes = slack::probes(&slack, config, &sources);
    probes.extend(app.as_ref().map(slack::socket));
    probes.extend(tables::probes(&dynamo, &config.aws));
    probes.push(queue::probe(&sqs, &config.aws));
    probes.extend(config.aws.sns_topics.iter().map(|topic| topics::probe(&sns, &sqs, topic, &config.aws)));
    probes.push(rds::slots(&work));
    probes.push(rds::events(&rds, &sources));
    probes.extend(distinct(
        &sources,
        |it| vec![it.export.to.bucket.clone(), it.latest.bucket.clone()],
        |bucket| s3::probe(&s3, bucket, &config.aws.region),
    ));
    probes.extend(distinct(&sources, |it| vec![it.export.role_arn.clone()], |arn| role::probe(&iam, arn)));
    probes.extend(distinct(
        &sources,
        |it| vec![it.export.kms_key.clone()],
        |id| key::probe(&kms, id, &config.aws.region),
    ));
    for source in sources {
        probes.extend(rds::probes(&rds, &work, source, &config.aws.region));
        probes.extend(glue::probes(&glue, source));
        probes.push(names::probe(source));
    }
    let mut checks: Vec<Check> = config.notices.iter().map(|it| Check::noted(&it.key, &it.what)).collect();
    checks.extend(probe::run(probes).await);
    Ok(Report { checks })
}

/// Returns one probe for each value that `sources` have.
fn distinct<'a>(
    sources: &[&Source],
    values: impl Fn(&Source) -> Vec<String>,
    probe: impl Fn(String) -> probe::Probe<'a>,
) -> Vec<probe::Probe<'a>> {
    let all: BTreeSet<String> = sources.iter().flat_map(|it| values(it)).collect();
    all.into_iter().map(probe).collect()
}
