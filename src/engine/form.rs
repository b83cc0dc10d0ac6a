//! The form for a run: opened before anything is looked up, because the trigger of a view lives for three seconds; then
//! filled, reviewed, and submitted as if the command had been typed.
//!
//! A view is only shown here. What it carries comes back from outside, and is read and judged anew each time.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::timeout;

use crate::{
    domain::{
        access::Right,
        answer::{Answer, Outcome},
        command::{RunCommand, Verb},
        form::{Entered, Flaw},
    },
    engine::{
        Engine,
        accept::Asker,
        permits::Want,
        ports::{ChatError, Shown, ViewId},
        requests::ANSWER_SHOWS,
    },
    projection::{
        form::{self, Form, Listing},
        text::Locale,
        view::View,
    },
};

/// How long the snapshots are waited for before the form is shown without them.
const SOON: Duration = Duration::from_millis(700);

/// Pause before a view that Slack did not take is sent once more.
const AGAIN: Duration = Duration::from_secs(1);

impl Engine {
    /// Opens the form for whoever has pressed or typed something: `trigger` is from that. `source` is chosen in it, if it
    /// is named. Whoever cannot be shown it is told what to type.
    pub async fn open_form(&self, asker: &Asker, trigger: &str, source: Option<String>) {
        let known = self.people.known_locale(&asker.user);
        let locale = known.map_or(self.channels.locale, |it| Locale::from_slack(&it));
        match self.views.open(trigger, &form::loading(&self.words, locale)).await {
            Ok(Shown { id, .. }) => self.fill_form(asker, &id, &Entered { source, ..Entered::default() }).await,
            Err(error) => {
                tracing::warn!(user = asker.user, %error, "The form could not be opened");
                self.no_form(asker).await;
            }
        }
    }

    /// Opens the modal in which whoever has pressed says why they have decided so on the request `approval`.
    pub async fn open_why(&self, asker: &Asker, trigger: &str, approval: &str) {
        let known = self.people.known_locale(&asker.user);
        let locale = known.map_or(self.channels.locale, |it| Locale::from_slack(&it));
        if let Err(error) = self.views.open(trigger, &form::why(&self.words, locale, approval)).await {
            let answer = self.broken(&format!("the modal for a reason could not be opened: {error}"));
            if let Some(reply) = &asker.reply {
                self.tell(&asker.user, reply, &answer).await;
            }
        }
    }

    /// Shows the form in view `id`, with what has been entered: the snapshots of the source, as soon as they are there.
    pub async fn fill_form(&self, asker: &Asker, id: &ViewId, entered: &Entered) {
        let locale = self.locale_of(&asker.user).await;
        let sources = match self.permit(asker, &wish(None)).await {
            Ok(scope) => scope.sources(Right::Operate),
            Err(refusal) => return self.show_refusal(asker, id, locale, &refusal).await,
        };
        let named = entered.source.as_ref().and_then(|name| sources.iter().find(|it| it.name == *name));
        // Who may operate anything may operate some source.
        let Some(chosen) = named.or(sources.first()).copied() else { return };
        let view = |listing| {
            let form = Form { sources: &sources, chosen, listing, entered };
            form::form(&self.words, locale, &form)
        };
        let listing = self.snapshots.list(chosen);
        tokio::pin!(listing);
        let (found, hash) = match timeout(SOON, &mut listing).await {
            Ok(found) => (found, None),
            Err(_) => {
                let Some(hash) = self.show_form(asker, id, None, &view(Listing::Awaited)).await else { return };
                // Who has submitted the form meanwhile, or chosen another source, must not get this one back.
                (listing.await, Some(hash))
            }
        };
        let found = match &found {
            Ok(snapshots) => Listing::Found(snapshots),
            Err(failure) => Listing::Failed(failure),
        };
        self.show_form(asker, id, hash.as_deref(), &view(found)).await;
    }

    async fn show_refusal(&self, asker: &Asker, id: &ViewId, locale: Locale, refusal: &Answer) {
        self.show_form(asker, id, None, &form::told(&self.words, locale, refusal)).await;
    }

    /// Returns the command that was entered. Calls nobody: whoever submits a form has little time to be answered.
    ///
    /// # Errors
    /// What must be mended.
    pub fn read_form(&self, entered: &Entered) -> Result<RunCommand, BTreeSet<Flaw>> {
        entered.read(|name| self.sources.get(name))
    }

    /// Shows in view `id` what `command` would do, or why it would do nothing.
    pub async fn review_form(&self, asker: &Asker, id: &ViewId, command: &RunCommand) {
        let locale = self.locale_of(&asker.user).await;
        let answer = async {
            match self.permit(asker, &wish(Some(&command.source))).await {
                Ok(scope) if self.sources.get(&command.source).is_none() => {
                    self.unknown_source(&command.source, &scope)
                }
                Ok(_) => self.plan(command, asker.via, &asker.user).await,
                Err(refusal) => *refusal,
            }
        };
        // The answer to the form must be there before it is replaced.
        let (answer, _) = tokio::join!(answer, self.outbox.pause(ANSWER_SHOWS));
        let view = if let Answer::Outcome(Outcome::Planned(forecast)) = &answer {
            form::review(&self.words, locale, forecast, command)
        } else {
            form::told(&self.words, locale, &answer)
        };
        self.show_form(asker, id, None, &view).await;
    }

    /// Shows `view` in place of what the modal `id` shows; with a `hash`, only of that. Returns the new hash. A modal that
    /// was closed, or shows something else by now, wants nothing more.
    async fn show_form(&self, asker: &Asker, id: &ViewId, hash: Option<&str>, view: &View) -> Option<String> {
        let mut shown = self.views.update(id, hash, view).await;
        if matches!(shown, Err(ChatError::Later { .. } | ChatError::Unclear(_))) && self.outbox.pause(AGAIN).await {
            shown = self.views.update(id, hash, view).await;
        }
        match shown {
            Ok(shown) => Some(shown.hash),
            Err(ChatError::Gone) => None,
            Err(error) => {
                tracing::warn!(user = asker.user, %error, "The form could not be shown");
                self.no_form(asker).await;
                None
            }
        }
    }

    async fn no_form(&self, asker: &Asker) {
        if let Some(reply) = &asker.reply {
            self.tell(&asker.user, reply, &Answer::NoForm).await;
        }
    }
}

/// Starting a run, of `source` once one is chosen.
fn wish(source: Option<&str>) -> Want<'_> {
    Want { what: Verb::Run.word(), right: Some(Right::Operate), target: source }
}
