//! What a person types at the command line: handled like what is typed in Slack, recorded first, then carried out.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::say_wrong;
use crate::{
    config::environment::account,
    domain::{
        answer::{Answer, Outcome},
        command::{Command, Verb, parse},
        rollback::Preview,
    },
    engine::{
        Engine,
        accept::Asker,
        actors::Next,
        ports::{Via, Wish},
    },
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
    /// The program's `--yes` did: what is previewed is to be done.
    sure: bool,
}

impl Typed {
    /// Returns the command `verb` with these words.
    pub(super) fn new(verb: &str, Words { words }: &Words) -> Self {
        let has = |option: &str| words.iter().any(|it| it == option);
        let (json, sure) = (has("--json"), verb == "rollback" && has("--yes"));
        let own = words.iter().map(String::as_str).filter(|it| *it != "--json" && !(sure && *it == "--yes"));
        Self { text: [verb].into_iter().chain(own).collect::<Vec<_>>().join(" "), json, sure }
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
        let (carrier, asker) = (Carrier::of(&command), asker());
        let answer = engine.handle(&asker, command).await;
        let answer = carrier.outcome(engine, &asker, answer).await?;
        if let Answer::Outcome(Outcome::RollbackPreviewed(preview)) = &answer
            && self.sure
        {
            return rolled_back(engine, preview).await;
        }
        Ok(answer)
    }
}

/// Has the rollback carried out that was previewed.
async fn rolled_back(engine: &Engine, preview: &Preview) -> anyhow::Result<Answer> {
    let (asker, wish) = (asker(), Wish::Rollback { preview: preview.id.clone() });
    let answer = engine.accept(&asker, wish, Some(Verb::Rollback), preview.source.clone()).await;
    Carrier::Anybody.outcome(engine, &asker, answer).await
}

/// Returns whoever is at the command line, with a delivery of their own.
fn asker() -> Asker {
    let delivery = ulid::Ulid::generate().to_string();
    Asker { user: account(), via: Via::Cli, is_foreign: false, channel: None, reply: None, delivery }
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
            | Command::Rollback { .. }
            | Command::Sources { .. }
            | Command::Whoami
            | Command::Help { .. } => Self::Anybody,
        }
    }

    /// Waits for the outcome of what `asker` was answered to be recorded; without one, returns the answer.
    async fn outcome(self, engine: &Engine, asker: &Asker, answer: Answer) -> anyhow::Result<Answer> {
        if !matches!(answer, Answer::Accepted { .. }) {
            return Ok(answer);
        }
        let delivery = asker.delivery.as_str();
        let until = Instant::now() + PATIENCE;
        loop {
            let next = match self {
                Self::Anybody => Box::pin(engine.carry_out(delivery)).await,
                Self::RunningBot => Next::Again(PAUSE),
            };
            if let Some(outcome) = engine.store.request(delivery).await?.and_then(|it| it.outcome) {
                return Ok(Answer::Outcome(outcome));
            }
            if Instant::now() > until {
                say_wrong(
                    "It is recorded, and happens when the running bot carries it out; it has not within a minute.",
                );
                return Ok(answer);
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
        let rollback = |verb: &str| Typed::new(verb, &Words { words: vec!["shop".to_owned(), "--yes".to_owned()] });
        assert_eq!((rollback("rollback").text.as_str(), rollback("rollback").sure), ("rollback shop", true));
        assert_eq!((rollback("retry").text.as_str(), rollback("retry").sure), ("retry shop --yes", false));
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
            ("rollback shop", Carrier::Anybody),
        ] {
            assert_eq!(Carrier::of(&parse(text).unwrap()), by, "{text}");
        }
    }
}
