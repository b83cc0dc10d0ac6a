//! `approvals`: what people are asked, and deciding about it, for when Slack's messages are not at hand. Who decides is the
//! person to whom `[[people]]` says the account belongs; the running bot looks them up in Slack, as for a press.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{ConfigFile, Exit, runs, say, say_wrong};
use crate::{
    config::environment::account,
    domain::{
        answer::{Answer, Outcome},
        approval::Approval,
        command::parse,
        run::{Run, RunStatus},
    },
    engine::{Engine, accept::Asker, ports::Via},
    telemetry::{self, LogFormat},
};

/// How long the running bot is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at whether it has decided.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    file: ConfigFile,

    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Approvals,
}

#[derive(Debug, clap::Subcommand)]
enum Approvals {
    /// What people are asked now.
    List,
    /// One request in full: `ID`
    Show { id: String },
    /// `ID [--until TIME] [--reason WORDS…]`
    Approve(runs::Words),
    /// `ID --reason WORDS…`
    Deny(runs::Words),
    /// `ID`
    Withdraw(runs::Words),
}

pub(super) async fn run(options: Options, format: LogFormat) -> anyhow::Result<Exit> {
    telemetry::log(format, Some("warn"));
    let engine = runs::engine(&options.file.config).await?;
    let (verb, mut words) = match options.command {
        Approvals::List => return list(&engine, options.json).await,
        Approvals::Show { id } => return show(&engine, &id).await,
        Approvals::Approve(it) => ("approve", it.words),
        Approvals::Deny(it) => ("deny", it.words),
        Approvals::Withdraw(it) => ("withdraw", it.words),
    };
    let json = options.json || words.iter().any(|it| it == "--json");
    words.retain(|it| it != "--json");
    if verb == "deny" && !words.iter().any(|it| it.starts_with("--reason")) {
        say_wrong("Say why: approvals deny ID --reason WORDS…");
        return Ok(Exit::Usage);
    }
    let answer = match parse(&format!("{verb} {}", words.join(" "))) {
        Ok(command) => {
            let delivery = ulid::Ulid::generate().to_string();
            let user = account();
            let (via, reply) = (Via::Cli, None);
            let asker = Asker { user, via, is_foreign: false, channel: None, reply, delivery: delivery.clone() };
            let answer = engine.handle(&asker, command).await;
            if matches!(answer, Answer::Accepted { .. }) { decided(&engine, &delivery, answer).await? } else { answer }
        }
        Err(misread) => Answer::Misread(misread),
    };
    runs::show(&engine, &answer, json)
}

/// Waits until the running bot has carried the request out: this process cannot ask Slack who somebody is.
async fn decided(engine: &Engine, delivery: &str, answer: Answer) -> anyhow::Result<Answer> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if let Some(outcome) = engine.store.request(delivery).await?.and_then(|it| it.outcome) {
            return Ok(Answer::Outcome(outcome));
        }
        sleep(PAUSE).await;
    }
    say_wrong("The running bot has not carried it out yet: it is recorded, and happens when the bot runs.");
    Ok(answer)
}

async fn list(engine: &Engine, json: bool) -> anyhow::Result<Exit> {
    let mut open = Vec::new();
    for run in engine.store.open_runs().await? {
        let run = engine.store.run(&run.export_task).await?;
        open.extend(run.filter(|it| it.status == RunStatus::WaitingApproval));
    }
    let requests: Vec<(&Run, &Approval)> = open.iter().filter_map(|run| Some((run, run.request()?))).collect();
    if json {
        say(&serde_json::to_string_pretty(&requests.iter().map(|(_, it)| it).collect::<Vec<_>>())?);
        return Ok(Exit::Done);
    }
    for (run, it) in requests {
        let approvals = it.quorum - it.missing(engine.clock.now());
        let (subject, quorum) = (it.subject.as_str(), it.quorum);
        say(&format!("{:<64} {subject:<8} {:<12} {approvals}/{quorum} until {:.0}", it.id, run.source, it.expires_at));
    }
    Ok(Exit::Done)
}

async fn show(engine: &Engine, id: &str) -> anyhow::Result<Exit> {
    let run = match Approval::run_of(id) {
        Some(name) => engine.store.run(&name).await?,
        None => None,
    };
    let of_run = |run: &Run| run.past_approvals.iter().chain(run.requests()).find(|it| it.id == id).cloned();
    let Some(approval) = run.as_ref().and_then(of_run) else {
        say_wrong("There is no request of this id; `approvals list` shows the open ones.");
        return Ok(Exit::Failed);
    };
    say(&serde_json::to_string_pretty(&approval)?);
    Ok(Exit::Done)
}

/// Says whether what came of a decision is what was wanted.
pub(super) fn is_done(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Voted { .. }
            | Outcome::Withdrawn { .. }
            | Outcome::Explained { .. }
            | Outcome::GlassBroken { .. }
            | Outcome::GlassReviewed { .. }
    )
}
