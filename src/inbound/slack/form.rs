//! The form for a run, as it comes back: a field that was changed, the form submitted, the review submitted.
//!
//! What a view carries was signed by Slack and written by nobody knows whom: it is read like a typed command, and gives
//! nobody a right.

use std::{collections::HashMap, sync::Arc};

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Ack, Doors};
use crate::{
    domain::{
        answer::Answer,
        command::{Command, parse},
        form::Entered,
    },
    engine::{
        accept::Asker,
        ports::{Reply, ViewId},
    },
    projection::{
        form::{self, field},
        view,
    },
};

mod why;

/// A view, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct View {
    id: ViewId,
    /// Changes with everything that is shown in the view.
    #[serde(default)]
    hash: String,
    #[serde(default)]
    callback_id: String,
    #[serde(default)]
    private_metadata: String,
    #[serde(default)]
    state: State,
}

#[derive(Debug, Default, Deserialize)]
struct State {
    /// By block, then by action.
    #[serde(default)]
    values: HashMap<String, HashMap<String, Value>>,
}

/// What stands in one input.
#[derive(Debug, Default, Deserialize)]
struct Value {
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    selected_option: Option<Choice>,
    #[serde(default)]
    selected_options: Option<Vec<Choice>>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    value: String,
}

impl View {
    /// Says whether it is one that the bot has opened: the form, its review, or the modal for a reason.
    pub(super) fn is_ours(&self) -> bool {
        [form::FORM, form::REVIEW, form::WHY].contains(&self.callback_id.as_str())
    }

    fn entered(&self) -> Entered {
        let text = |field: &str| self.input(field).and_then(|it| it.value.clone()).unwrap_or_default();
        let chosen = |field: &str| self.input(field)?.selected_option.as_ref().map(|it| it.value.clone());
        let source = chosen(field::SOURCE);
        let of_source = |name: &str| field::of_source(name, source.as_deref().unwrap_or_default());
        let layers = self
            .input(&of_source(field::LAYERS))
            .map(|it| it.selected_options.iter().flatten().map(|it| it.value.clone()).collect());
        Entered {
            snapshot: chosen(&of_source(field::SNAPSHOT)),
            tables: text(field::TABLES),
            layers,
            reason: text(field::REASON),
            source,
        }
    }

    fn input(&self, block: &str) -> Option<&Value> {
        self.state.values.get(block)?.values().next()
    }

    /// Names what is submitted: the same for each press of the button in the same review, so that two are one request.
    fn submission(&self) -> String {
        let digest = Sha256::digest(format!("{} {}", self.id.0, self.hash));
        format!("view-{}", hex::encode(&digest[..16]))
    }
}

/// Shows the form for another source: its snapshots and layers are others.
pub(super) fn changed(doors: &Doors, asker: Asker, view: &View) {
    let (engine, id, entered) = (Arc::clone(&doors.engine), view.id.clone(), view.entered());
    doors.tasks.spawn(async move { engine.fill_form(&asker, &id, &entered).await });
}

/// Answers what was submitted, with what stands in the view next.
pub(super) async fn submitted(doors: &Doors, asker: Asker, view: View) -> Ack {
    let locale = doors.engine.locale_of(&asker.user).await;
    let words = &doors.engine.words;
    if view.callback_id == form::REVIEW {
        let answer = started(doors, asker, &view).await;
        return update(&form::told(words, locale, &answer));
    }
    if view.callback_id == form::WHY {
        return why::submitted(doors, asker, &view, locale).await;
    }
    let entered = view.entered();
    match doors.engine.read_form(&entered) {
        Ok(command) => {
            let engine = Arc::clone(&doors.engine);
            doors.tasks.spawn(async move { engine.review_form(&asker, &view.id, &command).await });
            update(&form::working(words, locale))
        }
        Err(flaws) => {
            let errors = form::errors(words, locale, &entered, &flaws);
            Ack::from(json!({"response_action": "errors", "errors": errors}))
        }
    }
}

/// Has the run recorded that was reviewed, as if it had been typed.
async fn started(doors: &Doors, asker: Asker, view: &View) -> Answer {
    let asker = Asker { reply: Some(Reply::View(view.id.clone())), delivery: view.submission(), ..asker };
    match parse(&view.private_metadata) {
        Ok(Command::Run(run)) => doors.engine.handle(&asker, Command::Run(run)).await,
        Ok(_) | Err(_) => Answer::UnknownButton,
    }
}

/// Reads what stands in a view as this door would.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_foreign(view: &View) {
    let entered = view.entered();
    let _ = (entered.read(|_| None), parse(&view.private_metadata), view.submission());
}

fn update(view: &view::View) -> Ack {
    Ack::from(json!({"response_action": "update", "view": view}))
}
