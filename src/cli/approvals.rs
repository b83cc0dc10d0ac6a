//! `approvals`: what people are asked, and deciding about it, for when Slack's messages are not at hand. Who decides is the
//! person to whom `[[people]]` says the account belongs; the running bot looks them up in Slack, as for a press.

use super::{
    ConfigFile, Exit, runs, say, say_wrong,
    typed::{Typed, Words},
};
use crate::{
    domain::{
        answer::Outcome,
        approval::Approval,
        run::{Run, RunStatus},
    },
    engine::Engine,
    telemetry::{self, LogFormat},
};

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
    Approve(Words),
    /// `ID --reason WORDS…`
    Deny(Words),
    /// `ID`
    Withdraw(Words),
}

pub(super) async fn run(options: Options, format: LogFormat) -> anyhow::Result<Exit> {
    telemetry::log(format, Some("warn"));
    let engine = runs::engine(&options.file.config).await?;
    let typed = match &options.command {
        Approvals::List => return list(&engine, options.json).await,
        Approvals::Show { id } => return show(&engine, id).await,
        Approvals::Approve(it) => Typed::new("approve", it),
        Approvals::Deny(it) => Typed::new("deny", it),
        Approvals::Withdraw(it) => Typed::new("withdraw", it),
    };
    let answer = typed.answer(&engine).await?;
    runs::show(&engine, &answer, options.json || typed.json)
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
