//! What a person types at the command line: handled like what is typed in Slack, recorded first, then carried out.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::say_wrong;
use crate::{
    config::environment::account,
    domain::{
        answer::Answer,
        command::{Command, parse},
    },
    engine::{Engine, accept::Asker, actors::Next, ports::Via},
};

/// How long the outcome of a change is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at whether the running bot has carried it out.
const PAUSE: Duration = Duration::from_millis(500);

/// The words of a command in Slack, as arguments of the program.
#[derive(Debug, clap::Args)]
pub(super) struct Words {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// A command as it was typed.
#[derive(Debug)]
pub(super) struct Typed {
    text: String,
    /// The program's `--json` stood behind the command's words.
    pub(super) json: bool,
}

impl Typed {
    /// Returns the command `verb` with these words.
    pub(super) fn new(verb: &str, Words { words }: &Words) -> Self {
        let own = words.iter().map(String::as_str).filter(|it| *it != "--json");
        let text = [verb].into_iter().chain(own).collect::<Vec<_>>().join(" ");
        Self { text, json: words.iter().any(|it| it == "--json") }
    }

    /// Returns the answer: of a change its outcome, or, if none comes in time, that it is recorded.
    ///
    /// # Errors
    /// The tables cannot be read.
    pub(super) async fn answer(&self, engine: &Engine) -> anyhow::Result<Answer> {
        let command = match parse(&self.text) {
            Ok(command) => command,
            Err(misread) => return Ok(Answer::Misread(misread)),
        };
        let carrier = Carrier::of(&command);
        let delivery = ulid::Ulid::generate().to_string();
        let user = account();
        let asker =
            Asker { user, via: Via::Cli, is_foreign: false, channel: None, reply: None, delivery: delivery.clone() };
        let answer = engine.handle(&asker, command).await;
        if matches!(answer, Answer::Accepted { .. }) {
            carrier.outcome(engine, &delivery, answer).await
        } else {
            Ok(answer)
        }
    }
}

/// Who carries a recorded request out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    /// This process or the running bot, whoever is first.
    Anybody,
    /// The running bot alone: who decides is looked up in Slack, which this process does not speak to.
    RunningBot,
}

impl Carrier {
    fn of(command: &Command) -> Self {
        match command {
            Command::Decide { .. } | Command::Withdraw { .. } | Command::BreakGlass { .. } => Self::RunningBot,
            Command::Overview
            | Command::Run(_)
            | Command::Form
            | Command::Status { .. }
            | Command::List { .. }
            | Command::Retry { .. }
            | Command::Cancel { .. }
            | Command::Sources { .. }
            | Command::Whoami
            | Command::Help { .. } => Self::Anybody,
        }
    }

    /// Waits for the outcome of the request `delivery`; without one, returns `recorded`.
    async fn outcome(self, engine: &Engine, delivery: &str, recorded: Answer) -> anyhow::Result<Answer> {
        let until = Instant::now() + PATIENCE;
        loop {
            let next = match self {
                Self::Anybody => engine.carry_out(delivery).await,
                Self::RunningBot => Next::Again(PAUSE),
            };
            if let Some(outcome) = engine.store.request(delivery).await?.and_then(|it| it.outcome) {
                return Ok(Answer::Outcome(outcome));
            }
            if Instant::now() > until {
                say_wrong(
                    "It is recorded, and happens when the running bot carries it out; it has not within a minute.",
                );
                return Ok(recorded);
            }
            if let Next::Again(after) = next {
                sleep(after).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(words: &[&str]) -> Typed {
        Typed::new("deny", &Words { words: words.iter().map(ToString::to_string).collect() })
    }

    #[test]
    fn the_programs_option_is_no_word_of_the_command() {
        let it = typed(&["id", "--reason", "not today", "--json"]);
        assert_eq!((it.text.as_str(), it.json), ("deny id --reason not today", true));
        assert!(!typed(&["id"]).json);
    }

    #[test]
    fn what_rests_on_who_somebody_is_in_slack_is_left_to_the_running_bot() {
        for (text, by) in [
            ("approve a-b", Carrier::RunningBot),
            ("deny a-b --reason no", Carrier::RunningBot),
            ("withdraw a-b", Carrier::RunningBot),
            ("break-glass a-b --reason fire", Carrier::RunningBot),
            ("retry a-b", Carrier::Anybody),
            ("run shop", Carrier::Anybody),
        ] {
            assert_eq!(Carrier::of(&parse(text).unwrap()), by, "{text}");
        }
    }
}
