//! Buttons, menus and forms.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::Value;

use super::{
    Answer, Encoding,
    form::{self, Entries},
    may_act, payload,
};
use crate::{
    clock::Clock as _,
    sandbox::slack::{
        Slack,
        blocks::{Surface, check_view},
        message::stamp,
        view::View,
        world::World,
    },
};

/// Where a button or menu is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a message, an ephemeral one too.
    Message { channel: String, ts: String },
    /// In a modal or the App Home.
    View { id: String },
}

/// The use of a button or menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub place: Place,
    pub action_id: String,
    /// Which block, if several have this `action_id`.
    pub block_id: Option<String>,
    /// Value of the chosen option, user id or date, for everything but buttons.
    pub choice: Option<String>,
    /// What the person has entered elsewhere in the view, by `action_id`.
    pub entries: BTreeMap<String, Value>,
}

impl Act {
    /// Returns the press of a button.
    pub fn press(place: Place, action_id: &str) -> Self {
        Self { place, action_id: action_id.to_owned(), block_id: None, choice: None, entries: BTreeMap::new() }
    }

    /// Returns the act in one block among several that have this `action_id`.
    #[must_use]
    pub fn in_block(self, block_id: &str) -> Self {
        Self { block_id: Some(block_id.to_owned()), ..self }
    }

    /// Returns the act choosing an option by its value.
    #[must_use]
    pub fn choosing(self, value: &str) -> Self {
        Self { choice: Some(value.to_owned()), ..self }
    }

    fn find<'a>(&self, blocks: &'a [Value]) -> anyhow::Result<(&'a Value, &'a Value)> {
        let mut all = form::elements(blocks).filter(|(_, it)| it["action_id"] == self.action_id.as_str());
        let found = all.find(|(block, _)| self.block_id.as_ref().is_none_or(|id| block["block_id"] == id.as_str()));
        found.with_context(|| format!("there is no {} to press", self.action_id))
    }
}

impl Slack {
    /// Presses a button of a message; its value and block are those of the message as it is now.
    ///
    /// # Errors
    /// There is no such message or button, or the person does not see it.
    pub async fn press(&self, user: &str, channel: &str, ts: &str, action_id: &str) -> anyhow::Result<Answer> {
        let place = Place::Message { channel: channel.to_owned(), ts: ts.to_owned() };
        self.act(user, &Act::press(place, action_id)).await
    }

    /// Uses a button or menu.
    ///
    /// # Errors
    /// It is not there, or the person does not see it.
    pub async fn act(&self, user: &str, act: &Act) -> anyhow::Result<Answer> {
        let payload = match &act.place {
            Place::Message { channel, ts } => self.message_action(user, channel, ts, act)?,
            Place::View { id } => self.view_action(user, id, act)?,
        };
        self.knock("/slack/interactions", Encoding::Form, &payload::form(&payload), &[]).await
    }

    fn message_action(&self, user: &str, channel: &str, ts: &str, act: &Act) -> anyhow::Result<Value> {
        let (mut world, now) = (self.world(), self.clock.now());
        may_act(&world, user, channel)?;
        let channel = world.channels[channel].clone();
        let mut seen = channel.messages.iter().filter(|it| it.only_for.as_deref().is_none_or(|only| only == user));
        let message = seen.find(|it| it.ts == ts).with_context(|| format!("{user} sees no message {ts}"))?;
        let (block, element) = act.find(&message.blocks)?;
        let action = form::action(block, element, act.choice.as_deref(), &stamp(now))?;
        Ok(payload::message_action(&mut world, user, &channel, message, &action, now))
    }

    fn view_action(&self, user: &str, id: &str, act: &Act) -> anyhow::Result<Value> {
        let (mut world, now) = (self.world(), self.clock.now());
        let view = shown(&world, user, id)?;
        let blocks = blocks(&view);
        let (block, element) = act.find(blocks)?;
        let action = form::action(block, element, act.choice.as_deref(), &stamp(now))?;
        let mut entries = act.entries.clone();
        if let Some(choice) = &act.choice {
            entries.insert(act.action_id.clone(), choice.as_str().into());
        }
        let state = form::state(blocks, &entries, false)?;
        Ok(payload::view_action(&mut world, user, &view, &state, &action, now))
    }

    /// Submits a modal with `entries`, by `action_id`, and does what the answer says: closes it, shows another one,
    /// or leaves it open with errors.
    ///
    /// # Errors
    /// The person does not see the modal, or Slack's client would not send the form.
    pub async fn submit(&self, user: &str, view_id: &str, entries: &Entries) -> anyhow::Result<Answer> {
        let body = {
            let (mut world, now) = (self.world(), self.clock.now());
            let view = shown(&world, user, view_id)?;
            let state = form::state(blocks(&view), entries, true)?;
            payload::form(&payload::view(&mut world, "view_submission", user, &view, &state, now))
        };
        let mut answer = self.knock("/slack/interactions", Encoding::Form, &body, &[]).await?;
        if answer.failure.is_none() && follow(&mut self.world(), user, view_id, &answer).is_err() {
            answer.failure = Some("dispatch_unknown_error");
        }
        Ok(answer)
    }

    /// Closes a modal without submitting it. Returns the bot's answer, if it wants to know of that.
    ///
    /// # Errors
    /// The person does not see the modal.
    pub async fn close(&self, user: &str, view_id: &str) -> anyhow::Result<Option<Answer>> {
        let body = {
            let (mut world, now) = (self.world(), self.clock.now());
            let view = shown(&world, user, view_id)?;
            world.views.modals.entry(user.to_owned()).or_default().retain(|it| it.id != view_id);
            if view.content["notify_on_close"] != true {
                return Ok(None);
            }
            payload::form(&payload::view(&mut world, "view_closed", user, &view, &serde_json::json!({}), now))
        };
        self.knock("/slack/interactions", Encoding::Form, &body, &[]).await.map(Some)
    }
}

/// Does what the answer to a submitted modal says (docs.slack.dev, "Modals", `response_action`).
///
/// # Errors
/// There is no such action, or the view in it is not good.
fn follow(world: &mut World, user: &str, id: &str, answer: &Answer) -> anyhow::Result<()> {
    let said = answer.json();
    let mut modals = world.views.modals.remove(user).unwrap_or_default();
    let done = match said["response_action"].as_str() {
        None => {
            modals.retain(|it| it.id != id);
            Ok(())
        }
        Some("errors") => Ok(()),
        Some("clear") => {
            modals.clear();
            Ok(())
        }
        Some(action @ ("update" | "push")) => replace(world, &mut modals, id, action, &said["view"]),
        Some(other) => Err(anyhow::anyhow!("there is no response_action {other}")),
    };
    world.views.modals.insert(user.to_owned(), modals);
    done
}

fn replace(world: &mut World, modals: &mut Vec<View>, id: &str, action: &str, content: &Value) -> anyhow::Result<()> {
    let problems = check_view(content, Surface::Modal, &world.refused_blocks);
    anyhow::ensure!(problems.is_empty(), "the view is not good");
    let at = modals.iter().position(|it| it.id == id).context("the modal has been closed")?;
    if action == "update" {
        modals[at] = modals[at].updated(world, content.clone());
    } else {
        let view = View::new(world, content.clone(), modals);
        modals.push(view);
    }
    Ok(())
}

fn shown(world: &World, user: &str, id: &str) -> anyhow::Result<View> {
    let found = world.views.find(id).filter(|(whose, _)| *whose == user);
    found.map(|(_, view)| view.clone()).with_context(|| format!("{user} sees no view {id}"))
}

fn blocks(view: &View) -> &[Value] {
    view.content["blocks"].as_array().map_or(&[], Vec::as_slice)
}
