//! `runs`: the use cases of Slack from the command line, for when Slack is down. Whoever may use the tables may do this.

use std::{path::Path, time::Duration};

use tokio::time::{Instant, sleep};

use super::{ConfigFile, Exit, say, say_wrong};
use crate::{
    adapters::aws,
    app::{self, Parts},
    config::{
        Config,
        environment::{Environment, account},
    },
    domain::{
        answer::{Answer, Outcome, Unsent},
        command::{Command, Verb, parse},
        refused::Refused,
        run::Run,
    },
    engine::{
        Engine,
        accept::Asker,
        actors::Next,
        ports::{Via, Wish},
    },
    projection::{self, text::Locale},
    telemetry::{self, LogFormat},
};

/// How long the outcome of a change is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at whether the running bot has carried it out.
const AGAIN: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    file: ConfigFile,

    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Runs,
}

/// Each takes the words of its command in Slack.
#[derive(Debug, clap::Subcommand)]
enum Runs {
    /// `[SOURCE] [--failed] [--limit N]`
    List(Words),
    /// `RUN`
    Show(Words),
    /// `SOURCE [--snapshot ID|latest] [--only DB.TABLE,…] [--layers normal,sensitive] [--plan] [--reason WORDS…]`
    Start(Words),
    /// `RUN [--from STAGE]`
    Retry(Words),
    /// `RUN`
    Cancel(Words),
    /// `SOURCE [--to RUN] [--yes] [--reason WORDS…]`: what going back to older data would do; with `--yes`, it is done.
    Rollback(Words),
    /// `RUN --reason WORDS…`: the sensitive refresh starts without an approval.
    BreakGlass(Words),
    /// The newest attempts that were refused, newest first.
    Refusals {
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Words {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) words: Vec<String>,
}

pub(super) async fn run(options: Options, format: LogFormat) -> anyhow::Result<Exit> {
    telemetry::log(format, Some("warn"));
    let (verb, mut words) = match options.command {
        Runs::Refusals { limit } => return refusals(&options.file.config, limit, options.json).await,
        Runs::List(it) => ("list", it.words),
        Runs::Show(it) => ("status", it.words),
        Runs::Start(it) => ("run", it.words),
        Runs::Retry(it) => ("retry", it.words),
        Runs::Cancel(it) => ("cancel", it.words),
        Runs::Rollback(it) => ("rollback", it.words),
        Runs::BreakGlass(it) => ("break-glass", it.words),
    };
    // Options of the program that stand behind the words of the command.
    let json = options.json || words.iter().any(|it| it == "--json");
    words.retain(|it| it != "--json");
    let sure = verb == "rollback" && words.iter().any(|it| it == "--yes");
    words.retain(|it| !sure || it != "--yes");
    let engine = engine(&options.file.config).await?;
    let answer = match parse(&format!("{verb} {}", words.join(" "))) {
        Ok(command) => confirmed(&engine, answer(&engine, command).await?, sure).await?,
        Err(misread) => Answer::Misread(misread),
    };
    show(&engine, &answer, json)
}

pub(super) async fn engine(file: &Path) -> anyhow::Result<std::sync::Arc<Engine>> {
    let config = Config::load(file)?;
    // Nothing of this goes through Slack, so that it works when Slack does not.
    let sdk = aws::sdk_config(Some(&config.aws.region)).await;
    let Parts { engine, .. } = app::build(&config, &Environment::without_slack(), &sdk)?;
    Ok(engine)
}

async fn refusals(file: &Path, limit: u16, json: bool) -> anyhow::Result<Exit> {
    let refused = engine(file).await?.store.refused(limit.into()).await?;
    if json {
        say(&serde_json::to_string_pretty(&refused)?);
    } else {
        refused.iter().for_each(|it| say(&refusal(it)));
    }
    Ok(Exit::Done)
}

fn refusal(refused: &Refused) -> String {
    let Refused { user, what, target, why, channel, at, .. } = refused;
    let (target, channel) = (target.as_deref().unwrap_or_default(), channel.as_deref().unwrap_or("-"));
    format!("{at:.0} {user:<12} {why:<16} {channel:<12} {what} {target}", why = why.as_str())
}

/// Answers the command; a change is carried out here, or by the bot that runs, whoever is first.
async fn answer(engine: &Engine, command: Command) -> anyhow::Result<Answer> {
    let asker = asker();
    let delivery = asker.delivery.clone();
    let is_of_people = matches!(command, Command::BreakGlass { .. });
    let answer = engine.handle(&asker, command).await;
    if !matches!(answer, Answer::Accepted { .. }) {
        return Ok(answer);
    }
    carried_out(engine, answer, &delivery, is_of_people).await
}

/// Has what was previewed carried out, if who asks is sure of it.
async fn confirmed(engine: &Engine, answer: Answer, sure: bool) -> anyhow::Result<Answer> {
    let Answer::Outcome(Outcome::RollbackPreviewed(preview)) = &answer else { return Ok(answer) };
    if !sure {
        return Ok(answer);
    }
    let asker = asker();
    let wish = Wish::Rollback { preview: preview.id.clone() };
    let accepted = engine.accept(&asker, wish, Some(Verb::Rollback), preview.source.clone()).await;
    if !matches!(accepted, Answer::Accepted { .. }) {
        return Ok(accepted);
    }
    carried_out(engine, accepted, &asker.delivery, false).await
}

/// Returns whoever is at the command line, with a delivery of their own.
fn asker() -> Asker {
    let delivery = ulid::Ulid::generate().to_string();
    Asker { user: account(), via: Via::Cli, is_foreign: false, channel: None, reply: None, delivery }
}

/// Returns what comes of the request that was recorded as `delivery`; after a while, what it was answered at first.
async fn carried_out(engine: &Engine, answer: Answer, delivery: &str, is_of_people: bool) -> anyhow::Result<Answer> {
    let until = Instant::now() + PATIENCE;
    loop {
        // Who breaks the glass is looked up in Slack, which only the running bot can.
        let next = if is_of_people { Next::Again(AGAIN) } else { Box::pin(engine.carry_out(delivery)).await };
        if let Some(outcome) = engine.store.request(delivery).await?.and_then(|it| it.outcome) {
            return Ok(Answer::Outcome(outcome));
        }
        if Instant::now() > until {
            return Ok(answer);
        }
        if let Next::Again(after) = next {
            sleep(after).await;
        }
    }
}

pub(super) fn show(engine: &Engine, answer: &Answer, json: bool) -> anyhow::Result<Exit> {
    let exit = if matches!(answer, Answer::Misread(_)) {
        Exit::Usage
    } else if is_done(answer) {
        Exit::Done
    } else {
        Exit::Failed
    };
    if json {
        say(&serde_json::to_string_pretty(&value(engine, answer)?)?);
        return Ok(exit);
    }
    let text = if let Some(runs) = runs_of(answer) {
        runs.iter().map(line).collect::<Vec<_>>().join("\n")
    } else if let Answer::Details(run, unsent) = answer {
        let unsent = unsent.as_ref().map(|it| format!("\n\n{}", unsent_words(engine, it)));
        serde_json::to_string_pretty(run)? + &unsent.unwrap_or_default()
    } else {
        words(engine, answer)
    };
    if exit == Exit::Done {
        say(&text);
    } else {
        say_wrong(&text);
    }
    Ok(exit)
}

/// Returns the runs that are the answer, newest first.
fn runs_of(answer: &Answer) -> Option<&[Run]> {
    if let Answer::Runs(part) = answer {
        Some(&part.entries)
    } else if let Answer::Source { standing, .. } = answer {
        Some(&standing.runs)
    } else {
        None
    }
}

fn value(engine: &Engine, answer: &Answer) -> anyhow::Result<serde_json::Value> {
    Ok(if let Some(runs) = runs_of(answer) {
        serde_json::to_value(runs)?
    } else if let Answer::Details(run, unsent) = answer {
        let mut value = serde_json::to_value(run)?;
        if let Some(unsent) = unsent {
            value["unsent"] = serde_json::to_value(unsent)?;
            value["unsent"]["message"] = unsent_words(engine, unsent).into();
        }
        value
    } else if let Answer::Outcome(outcome) = answer {
        serde_json::to_value(outcome)?
    } else {
        serde_json::json!({"message": words(engine, answer)})
    })
}

/// Returns the answer as it would read in Slack.
fn words(engine: &Engine, answer: &Answer) -> String {
    projection::answer::answer(&engine.words, Locale::En, answer).plain()
}

/// Returns why Slack does not show the run as it is, as it would read there.
fn unsent_words(engine: &Engine, unsent: &Unsent) -> String {
    projection::answer::unsent::text(engine.words.voice(Locale::En), unsent).into_string()
}

fn line(run: &Run) -> String {
    format!("{:<44} {:<24} {:<20} {}", run.export_task, run.status.as_str(), run.stage, run.created_at)
}

fn is_done(answer: &Answer) -> bool {
    if let Answer::Outcome(outcome) = answer {
        return super::approvals::is_done(outcome)
            || matches!(
                outcome,
                Outcome::Started { .. }
                    | Outcome::Queued { .. }
                    | Outcome::Exists { .. }
                    | Outcome::Planned(_)
                    | Outcome::RollbackPreviewed(_)
                    | Outcome::RollingBack { .. }
                    | Outcome::Retrying { .. }
                    | Outcome::Canceling { .. }
            );
    }
    runs_of(answer).is_some() || matches!(answer, Answer::Details(..))
}
