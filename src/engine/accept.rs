//! At the door: a wish is recorded before it is acknowledged, and the acknowledgement says no more than is true.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::{
    domain::{
        access::{Person, Right},
        answer::Answer,
        command::{Command, Verb},
    },
    engine::{
        Engine, Wake,
        ports::{Request, StoreError, Via, Wish},
    },
    projection::text::Locale,
};

/// How long the door may take. Slack gives up after 3 s, and the way there and back takes its part.
const BUDGET: Duration = Duration::from_millis(1900);

/// How much of it goes to looking the person up.
const LOOK_UP: Duration = Duration::from_millis(800);

/// And how much to the language that they read.
const LOCALE: Duration = Duration::from_millis(300);

/// A person who asks for something, and where they can be answered.
#[derive(Clone, Debug)]
pub struct Asker {
    pub user: String,
    pub via: Via,
    pub response_url: Option<String>,
    /// Idempotency key of the delivery.
    pub delivery: String,
}

impl Engine {
    /// Answers `command` of `asker`: what changes something is recorded, what asks for something is answered.
    pub async fn handle(&self, asker: &Asker, command: Command) -> Answer {
        let until = Instant::now() + BUDGET;
        if let Err(refusal) = self.check_right(asker, command.right()).await {
            return *refusal;
        }
        match command {
            Command::Run(run) => {
                if self.sources.get(&run.source).is_none() {
                    return self.unknown_source(&run.source);
                }
                let target = if run.plan { format!("{} --plan", run.source) } else { run.source.clone() };
                self.accept_by(until, asker, Wish::Run(run), Some(Verb::Run), target).await
            }
            Command::Retry { run, from } => {
                self.accept_by(until, asker, Wish::Retry { run: run.clone(), from }, Some(Verb::Retry), run).await
            }
            Command::Cancel { run } => {
                self.accept_by(until, asker, Wish::Cancel { run: run.clone() }, Some(Verb::Cancel), run).await
            }
            Command::Overview
            | Command::Status { .. }
            | Command::List { .. }
            | Command::Sources
            | Command::Whoami
            | Command::Help { .. } => match timeout_at(until, self.query(asker, command)).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => self.broken(&error.to_string()),
                Err(_) => self.broken("no answer in time"),
            },
        }
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
            response_url: asker.response_url.clone(),
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

    /// Says whether `asker` has `right`, or what to answer instead.
    ///
    /// # Errors
    /// The person lacks the right, or cannot be looked up now.
    pub async fn check_right(&self, asker: &Asker, right: Option<Right>) -> Result<(), Box<Answer>> {
        let (Some(right), Via::Slack) = (right, asker.via) else { return Ok(()) };
        match self.who(&asker.user).await {
            Some(person) if self.access.allows(&person, right) => Ok(()),
            Some(_) => {
                tracing::warn!(by = asker.user, ?right, "Refused: {} may not {right:?}", asker.user);
                Err(Box::new(Answer::Forbidden { right, ask: self.whom_to_ask(right) }))
            }
            None => Err(Box::new(Answer::Unidentified)),
        }
    }

    pub(super) fn whom_to_ask(&self, right: Right) -> Vec<String> {
        self.access.holders(right).iter().map(ToString::to_string).collect()
    }

    /// Returns what Slack says of `user` with regard to the lists of the configuration, if it says so in time.
    pub(super) async fn who(&self, user: &str) -> Option<Person> {
        let lists = [self.access.operators.as_slice(), self.access.viewers.as_slice()];
        let found = tokio::time::timeout(LOOK_UP, self.people.person(user, &lists)).await;
        match found {
            Ok(Ok(person)) => Some(person),
            Ok(Err(error)) => {
                tracing::warn!(user, %error, "Who {user} is could not be looked up");
                None
            }
            Err(_) => None,
        }
    }

    /// Returns the language that `user` reads, or the channels' one.
    pub async fn locale_of(&self, user: &str) -> Locale {
        let found = tokio::time::timeout(LOCALE, self.people.locale(user)).await;
        found.ok().flatten().map_or(self.channels.locale, |it| Locale::from_slack(&it))
    }

    pub(super) fn unknown_source(&self, name: &str) -> Answer {
        Answer::UnknownSource {
            name: name.to_owned(),
            near: self.sources.nearest(name).map(str::to_owned),
            known: self.sources.all().iter().map(|it| it.name.clone()).collect(),
        }
    }

    /// Logs a trouble of the bot's own under a reference, and answers with the reference.
    pub fn broken(&self, error: &str) -> Answer {
        let reference = ulid::Ulid::generate().to_string();
        tracing::error!(reference, error, "A request could not be answered");
        Answer::Broken { reference }
    }
}
