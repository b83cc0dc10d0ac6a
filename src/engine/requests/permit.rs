//! Rights, looked up again when a request is carried out: now it is known what it is about.

use super::{Effect, Engine, Outcome, Request, Run, Trouble};
use crate::{
    domain::access::Right,
    engine::{permits::Scope, ports::Via},
};

impl Engine {
    /// Returns what comes of the request if who has asked may not start runs of `source`.
    pub(super) async fn barred_from(&self, request: &Request, source: &str) -> Result<Option<Effect>, Trouble> {
        let scope = self.scope_now(request).await?;
        let source = self.sources.get(source).map(|it| it.name.as_str());
        let may = source.map_or_else(|| scope.has(Right::Operate), |it| scope.allows(it, Right::Operate));
        Ok((!may).then(|| self.forbidden(request, &scope, source)))
    }

    /// Returns the run that `name` means, or what comes of the request if there is none that who has asked may move.
    pub(super) async fn operable(&self, request: &Request, name: &str) -> Result<Result<Run, Effect>, Trouble> {
        let scope = self.scope_now(request).await?;
        if !scope.has(Right::Operate) {
            return Ok(Err(self.forbidden(request, &scope, None)));
        }
        Ok(match self.resolve(name, &scope.sources(Right::View)).await? {
            Ok(run) if !scope.allows(&run.source, Right::Operate) => {
                Err(self.forbidden(request, &scope, Some(&run.source)))
            }
            Ok(run) => Ok(run),
            Err(outcome) => Err(outcome.into()),
        })
    }

    /// Returns what who has asked may now. People of the command line have their rights from AWS.
    async fn scope_now(&self, request: &Request) -> Result<Scope<'_>, Trouble> {
        if request.via == Via::Cli {
            return Ok(self.scope_of_operator());
        }
        let person = self.people.person(&request.by, &self.access.lists()).await;
        let person = person.map_err(|it| Trouble::Later { code: "Slack".to_owned(), why: it.to_string() })?;
        Ok(self.scope_of_person(person, request.channel.clone()))
    }

    /// Records that the request is refused, though the door had let it in.
    fn forbidden(&self, request: &Request, scope: &Scope<'_>, source: Option<&str>) -> Effect {
        let forbidden = scope.forbidden(Right::Operate, source);
        self.refusals.note(request.refused(Some(Right::Operate), forbidden.why, self.clock.now()));
        Outcome::Forbidden(forbidden).into()
    }
}
