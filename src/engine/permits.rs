//! Who may do what, with what is known now: at the door, and again when a request is carried out. What cannot be looked
//! up is not allowed; what is refused is recorded.

use std::time::Duration;

use super::{Engine, accept::Asker, ports::Via, sources::Sources};
use crate::domain::{
    access::{Access, Bar, Person, Right},
    answer::{Answer, Forbidden, Reach},
    command::{Command, Verb},
    refused::Refused,
    source::Source,
};

/// How much of a door's time goes to looking the person up.
const LOOK_UP: Duration = Duration::from_millis(800);

/// What somebody wants, as far as it matters for whether they may.
#[derive(Clone, Copy, Debug)]
pub struct Want<'a> {
    /// What it is called in the record of refusals.
    pub what: &'a str,
    /// `None`: anybody may ask for it.
    pub right: Option<Right>,
    /// A source or a run, as it was written.
    pub target: Option<&'a str>,
}

impl<'a> Want<'a> {
    /// Returns what `command` wants.
    pub fn of(command: &'a Command) -> Self {
        let target = match command {
            Command::Run(run) => Some(run.source.as_str()),
            Command::Rollback(rollback) => Some(rollback.source.as_str()),
            Command::Status { target } => target.as_deref(),
            Command::List { source, .. } => source.as_deref(),
            Command::Retry { run, .. } | Command::Cancel { run } | Command::BreakGlass { run, .. } => {
                Some(run.as_str())
            }
            Command::Decide { request, .. } | Command::Withdraw { request } => Some(request.as_str()),
            Command::Overview | Command::Form | Command::Sources { .. } | Command::Whoami | Command::Help { .. } => {
                None
            }
        };
        Self { what: command.verb().map_or("overview", Verb::word), right: command.right(), target }
    }
}

/// What somebody may, at this moment.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    access: &'a Access,
    sources: &'a Sources,
    holder: Holder,
}

#[derive(Clone, Debug)]
enum Holder {
    /// At the command line: rights there are AWS's matter.
    Operator,
    Person {
        person: Person,
        /// Where they ask.
        channel: Option<String>,
    },
    /// Somebody who could not be looked up.
    Nobody,
}

impl<'a> Scope<'a> {
    /// Says whether `right` goes as far as `source`.
    pub fn allows(&self, source: &str, right: Right) -> bool {
        match &self.holder {
            Holder::Operator => true,
            Holder::Person { person, channel } => self.access.allows(person, channel.as_deref(), source, right),
            Holder::Nobody => false,
        }
    }

    /// Says whether Slack has said who it is.
    pub fn is_known(&self) -> bool {
        match self.holder {
            Holder::Operator | Holder::Person { .. } => true,
            Holder::Nobody => false,
        }
    }

    /// Returns the sources over which the person has `right`, in the order of the configuration.
    pub fn sources(&self, right: Right) -> Vec<&'a Source> {
        self.sources.all().iter().filter(|it| self.allows(&it.name, right)).collect()
    }

    /// Says whether the person has `right` over any source.
    pub fn has(&self, right: Right) -> bool {
        self.sources.all().iter().any(|it| self.allows(&it.name, right))
    }

    /// Returns how far `right` goes.
    pub fn reach(&self, right: Right) -> Reach {
        let sources = self.sources(right);
        if sources.len() == self.sources.all().len() {
            return Reach::Everything;
        }
        let names: Vec<String> = sources.into_iter().map(|it| it.name.clone()).collect();
        if names.is_empty() { Reach::Nothing } else { Reach::Sources(names) }
    }

    /// Returns what to answer who lacks `right` over `source`, or over anything.
    pub fn forbidden(&self, right: Right, source: Option<&str>) -> Forbidden {
        let why = match &self.holder {
            Holder::Person { person, .. } => Bar::of(person.membership),
            Holder::Operator | Holder::Nobody => Bar::NoRight,
        };
        self.access.forbidden(right, source, why)
    }
}

impl Access {
    fn forbidden(&self, right: Right, source: Option<&str>, why: Bar) -> Forbidden {
        let ask = self.holders(source, right).iter().map(ToString::to_string).collect();
        Forbidden { right, why, source: source.map(str::to_owned), ask }
    }
}

impl Engine {
    /// Returns what `asker` may if that is enough for what they want, or what to answer instead. A right over a source is
    /// checked if the target names one; of a run, its source is known later.
    ///
    /// # Errors
    /// The person lacks the right, or cannot be looked up now.
    pub async fn permit(&self, asker: &Asker, want: &Want<'_>) -> Result<Scope<'_>, Box<Answer>> {
        if let Some(refusal) = self.turned_away(asker, want) {
            return Err(Box::new(refusal));
        }
        let scope = self.scope(asker).await;
        let Some(right) = want.right else { return Ok(scope) };
        if !scope.is_known() {
            self.record_refusal(asker, want, Bar::Unidentified);
            return Err(Box::new(Answer::Unidentified));
        }
        let source = want.target.and_then(|it| self.sources.get(it)).map(|it| it.name.as_str());
        if source.map_or_else(|| scope.has(right), |it| scope.allows(it, right)) {
            return Ok(scope);
        }
        Err(Box::new(self.refuse(asker, want, scope.forbidden(right, source))))
    }

    /// Returns what to answer who belongs to another workspace, whatever they want; `None`: they may belong to this one.
    pub fn turned_away(&self, asker: &Asker, want: &Want<'_>) -> Option<Answer> {
        let right = want.right.unwrap_or(Right::View);
        let forbidden = || self.access.forbidden(right, None, Bar::OtherWorkspace);
        asker.is_foreign.then(|| self.refuse(asker, want, forbidden()))
    }

    /// Returns what `asker` may; nothing if Slack does not say in time who that is.
    pub async fn scope(&self, asker: &Asker) -> Scope<'_> {
        let holder = match asker.via {
            Via::Cli => Holder::Operator,
            Via::Slack => match self.who(&asker.user).await {
                Some(person) => Holder::Person { person, channel: asker.channel.clone() },
                None => Holder::Nobody,
            },
        };
        self.scope_of(holder)
    }

    /// Returns what `person` may who asks in `channel`.
    pub fn scope_of_person(&self, person: Person, channel: Option<String>) -> Scope<'_> {
        self.scope_of(Holder::Person { person, channel })
    }

    /// Returns what the command line may.
    pub fn scope_of_operator(&self) -> Scope<'_> {
        self.scope_of(Holder::Operator)
    }

    fn scope_of(&self, holder: Holder) -> Scope<'_> {
        Scope { access: &self.access, sources: &self.sources, holder }
    }

    /// Says whether `asker` may read the names of `source`'s sensitive tables and columns: they approve its refreshes, or
    /// ask at the command line. Who cannot be looked up in time may not.
    pub async fn reads_names(&self, asker: &Asker, source: &Source) -> bool {
        let approvers = source.sensitive.as_ref().map(|it| it.approval.approvers.as_slice()).unwrap_or_default();
        if asker.via == Via::Cli {
            return true;
        }
        let found = tokio::time::timeout(LOOK_UP, self.people.person(&asker.user, &[approvers])).await;
        matches!(found, Ok(Ok(person)) if !asker.is_foreign && person.is_in(approvers))
    }

    /// Records that `asker` was refused, and returns what to answer.
    pub fn refuse(&self, asker: &Asker, want: &Want<'_>, forbidden: Forbidden) -> Answer {
        self.record_refusal(asker, &Want { right: Some(forbidden.right), ..*want }, forbidden.why);
        Answer::Forbidden(forbidden)
    }

    fn record_refusal(&self, asker: &Asker, want: &Want<'_>, why: Bar) {
        self.refusals.note(Refused {
            id: asker.delivery.clone(),
            user: asker.user.clone(),
            what: want.what.to_owned(),
            right: want.right,
            target: want.target.map(str::to_owned),
            why,
            channel: asker.channel.clone(),
            at: self.clock.now(),
        });
    }

    /// Returns what Slack says of `user` with regard to the lists of the configuration, if it says so in time.
    async fn who(&self, user: &str) -> Option<Person> {
        let found = tokio::time::timeout(LOOK_UP, self.people.person(user, &self.access.lists())).await;
        match found {
            Ok(Ok(person)) => Some(person),
            Ok(Err(error)) => {
                tracing::warn!(user, %error, "Who {user} is could not be looked up");
                None
            }
            Err(_) => None,
        }
    }
}
