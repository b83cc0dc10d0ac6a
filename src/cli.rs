//! The command line: the same use cases as in Slack, and what those who install and check the bot need.

use std::{io::Write as _, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};

use crate::telemetry::LogFormat;

mod approvals;
mod audit;
mod capture;
mod check;
mod doctor;
mod events;
mod manifest;
mod publish;
mod runs;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;
mod sns;
mod tables;
mod typed;

/// Runs a data lake from Slack: RDS snapshot, export, latest, Glue, catalog.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// How log lines are written.
    #[arg(long, global = true, env = "LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

/// Where the configuration is.
#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// The TOML file of the configuration.
    #[arg(long, env = "DATALAKE_CONFIG", value_name = "FILE")]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the bot: HTTP doors, queue consumer, reconciler, Slack projection.
    Serve(serve::Options),
    /// Run the whole bot on this machine, with stand-ins for AWS and Slack; needs no account and no network.
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::Options),
    /// Check a configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at the live environment, and say of each failure how to mend it.
    Doctor(doctor::Options),
    /// Print the DynamoDB tables as the input of `CreateTable`, or make those that are missing.
    Tables(tables::Options),
    /// Print the manifest of the Slack app.
    Manifest(manifest::Options),
    /// Publish a prefix alone: copy, remove what is stale, write the manifest.
    Publish(publish::Options),
    /// See and move runs, for when Slack is down.
    Runs(runs::Options),
    /// See what people are asked, and decide about it.
    Approvals(approvals::Options),
    /// Check the log of what was asked, decided and done, or hand it out. Reads only.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Explain a captured event.
    #[command(subcommand)]
    Events(events::Command),
    /// Verify a captured message of SNS.
    #[command(subcommand)]
    Sns(sns::Command),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Report every mistake at once, with key and line.
    Check(check::Options),
}

/// What a command comes to; see the contract's exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Done = 0,
    /// Refused, or failed.
    Failed = 1,
    /// Wrong usage, or wrong configuration.
    Usage = 2,
}

/// How long what blocks a thread, such as a look-up of a name, is waited for when the process ends.
const LAST_BLOCK: Duration = Duration::from_secs(1);

/// Reads the command line of the process and does what it says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let exit = match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(run(cli));
            runtime.shutdown_timeout(LAST_BLOCK);
            exit
        }
        Err(error) => failed(&anyhow::Error::new(error).context("the runtime cannot be started")),
    };
    ExitCode::from(exit as u8)
}

async fn run(cli: Cli) -> Exit {
    let format = cli.log_format;
    let outcome = match cli.command {
        Command::Serve(options) => serve::run(&options, format).await,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(options) => sandbox::run(&options, format).await,
        Command::Config(ConfigCommand::Check(options)) => check::run(&options).await,
        Command::Doctor(options) => doctor::run(&options, format).await,
        Command::Tables(options) => tables::run(&options).await,
        Command::Manifest(options) => manifest::run(&options),
        Command::Publish(options) => publish::run(&options, format).await,
        Command::Runs(options) => runs::run(options, format).await,
        Command::Approvals(options) => approvals::run(options, format).await,
        Command::Audit(command) => audit::run(command, format).await,
        Command::Events(command) => events::run(&command),
        Command::Sns(command) => sns::run(&command),
    };
    outcome.unwrap_or_else(|error| failed(&error))
}

fn failed(error: &anyhow::Error) -> Exit {
    say_wrong(format!("{error:#}").trim_end());
    let usage = error.is::<crate::config::ConfigError>() || error.is::<crate::config::environment::Mistakes>();
    if usage { Exit::Usage } else { Exit::Failed }
}

/// Prints a line for the person, or program, that asked.
fn say(text: &str) {
    // Nobody is there to be told that nobody listens.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a line about what went wrong.
fn say_wrong(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
