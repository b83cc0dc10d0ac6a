//! At the door: a wish is recorded before it is acknowledged, and the acknowledgement says no more than is true.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::{
    domain::{
        access::Right,
        answer::Answer,
        command::{Command, Misread, Verb, fold, nearest, until},
    },
    engine::{
        Engine, Wake,
        permits::{Scope, Want},
        ports::{Reply, Request, StoreError, Via, Wish},
    },
};

/// How long the door may take. Slack gives up after 3 s, and the way there and back takes its part.
const BUDGET: Duration = Duration::from_millis(1900);

/// A person who asks for something, and where they can be answered.
#[derive(Clone, Debug)]
pub struct Asker {
    pub user: String,
    pub via: Via,
    /// Slack says that they belong to another workspace.
    pub is_foreign: bool,
    /// Where they ask; `None`: in no channel, as in a Home.
    pub channel: Option<String>,
    /// Where they are told later what came of it.
    pub reply: Option<Reply>,
    /// Idempotency key of the delivery.
    pub delivery: String,
}

impl Engine {
    /// Answers `command` of `asker`: what changes something is recorded, what asks for something is answered.
    pub async fn handle(&self, asker: &Asker, command: Command) -> Answer {
        let deadline = Instant::now() + BUDGET;
        let want = Want::of(&command);
        let scope = match self.permit(asker, &want).await {
            Ok(scope) => scope,
            Err(refusal) => return *refusal,
        };
        match command {
            Command::Run(run) => {
                if self.sources.get(&run.source).is_none() {
                    return self.unknown_source(&run.source, &scope);
                }
                let target = run.to_string().trim_start_matches("run ").to_owned();
                self.accept_by(deadline, asker, Wish::Run(run), Some(Verb::Run), target).await
            }
            // Who comes here has no form to open: at the command line, or where Slack gives no trigger.
            Command::Form => Answer::Misread(Misread::Missing { verb: Verb::Run, name: "SOURCE" }),
            Command::Retry { run, from } => {
                self.accept_by(deadline, asker, Wish::Retry { run: run.clone(), from }, Some(Verb::Retry), run).await
            }
            Command::Cancel { run } => {
                self.accept_by(deadline, asker, Wish::Cancel { run: run.clone() }, Some(Verb::Cancel), run).await
            }
            Command::Rollback(rollback) => {
                if self.sources.get(&rollback.source).is_none() {
                    return self.unknown_source(&rollback.source, &scope);
                }
                let target = rollback.source.clone();
                let wish = Wish::PreviewRollback(rollback);
                self.accept_by(deadline, asker, wish, Some(Verb::Rollback), target).await
            }
            Command::Decide { .. } | Command::Withdraw { .. } | Command::BreakGlass { .. } => {
                self.accept_decision(deadline, asker, command).await
            }
            Command::Overview
            | Command::Status { .. }
            | Command::List { .. }
            | Command::Sources { .. }
            | Command::Whoami
            | Command::Help { .. } => match timeout_at(deadline, self.query(asker, &scope, command)).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => self.broken(&error.to_string()),
                Err(_) => self.broken("no answer in time"),
            },
        }
    }

    async fn accept_decision(&self, by: Instant, asker: &Asker, command: Command) -> Answer {
        let verb = command.verb();
        let (wish, target) = match command {
            Command::Decide { request, verdict, until: text, reason } => {
                let until = text.as_deref().map(|it| until(it, self.clock.now()));
                if let (Some(None), Some(value), Some(verb)) = (until, text, verb) {
                    return Answer::Misread(Misread::BadValue { verb, name: "until", value, near: None });
                }
                (Wish::Decide { approval: request.clone(), verdict, reason, until: until.flatten() }, request)
            }
            Command::Withdraw { request } => (Wish::Withdraw { approval: request.clone() }, request),
            Command::BreakGlass { run, reason } => (Wish::BreakGlass { run: run.clone(), reason }, run),
            Command::Overview
            | Command::Run(_)
            | Command::Form
            | Command::Status { .. }
            | Command::List { .. }
            | Command::Retry { .. }
            | Command::Cancel { .. }
            | Command::Rollback(_)
            | Command::Sources { .. }
            | Command::Whoami
            | Command::Help { .. } => return self.broken("no decision"),
        };
        self.accept_by(by, asker, wish, verb, target).await
    }

    /// Records `wish` within the time that a door has. Rights that depend on the run are checked when it is carried
    /// out.
    pub async fn accept(&self, asker: &Asker, wish: Wish, verb: Option<Verb>, target: String) -> Answer {
        self.accept_by(Instant::now() + BUDGET, asker, wish, verb, target).await
    }

    async fn accept_by(&self, until: Instant, asker: &Asker, wish: Wish, verb: Option<Verb>, target: String) -> Answer {
        let request = Request {
            id: asker.delivery.clone(),
            wish,
            by: asker.user.clone(),
            via: asker.via,
            reply: asker.reply.clone(),
            channel: asker.channel.clone(),
            received_at: self.clock.now(),
            outcome: None,
        };
        #[cfg(test)]
        if self.acknowledges_blindly() {
            return Answer::Accepted { verb, target };
        }
        // Side by side, for the person waits for both. The record is what counts: a message that is not sent, or comes
        // before it, costs one period.
        let message = super::hints::Message::request(&request.id);
        let put = timeout_at(until, self.store.put_request(&request));
        let (put, sent) = tokio::join!(put, timeout_at(until, self.queue.send(&message)));
        match put {
            Ok(Ok(new)) => {
                tracing::info!(request = request.id, by = request.by, new, "Request {} is recorded", request.id);
            }
            Ok(Err(StoreError::NoAnswer)) | Err(_) => return Answer::Unconfirmed,
            Ok(Err(error)) => {
                tracing::error!(request = request.id, %error, "Request {} could not be recorded", request.id);
                return Answer::NotRecorded;
            }
        }
        self.wakes.send(Wake::Request(request.id.clone()));
        if !matches!(sent, Ok(Ok(()))) {
            tracing::warn!(request = request.id, "The queue did not take the wake-up of request {}", request.id);
        }
        Answer::Accepted { verb, target }
    }

    /// Returns what to answer who has named no source; those that the person may not see are not offered.
    pub(super) fn unknown_source(&self, name: &str, scope: &Scope<'_>) -> Answer {
        let known = scope.sources(Right::View);
        let known: Vec<&str> = known.iter().map(|it| it.name.as_str()).collect();
        Answer::UnknownSource {
            name: name.to_owned(),
            near: nearest(&fold(name), known.iter().copied()).map(str::to_owned),
            known: known.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Logs a trouble of the bot's own under a reference, and answers with the reference.
    pub fn broken(&self, error: &str) -> Answer {
        let reference = ulid::Ulid::generate().to_string();
        tracing::error!(reference, error, "A request could not be answered");
        Answer::Broken { reference }
    }
}
