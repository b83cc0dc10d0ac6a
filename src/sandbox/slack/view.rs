//! Open modals and App Homes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::world::World;

/// A view as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View {
    pub(super) id: String,
    /// Changes with every update.
    pub(super) hash: String,
    pub(super) root: String,
    pub(super) previous: Option<String>,
    /// As the bot gave it, block ids added.
    pub(super) content: Value,
}

/// What each person sees.
#[derive(Debug, Default)]
pub(super) struct Views {
    /// By user: the modals on top of each other, the visible one last.
    pub(super) modals: BTreeMap<String, Vec<View>>,
    /// By user: the App Home.
    pub(super) homes: BTreeMap<String, View>,
}

impl Views {
    /// Returns every view that can be updated.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut View> {
        self.modals.values_mut().flatten().chain(self.homes.values_mut())
    }

    /// Returns the view with this id, and whose it is.
    pub(super) fn find(&self, id: &str) -> Option<(&str, &View)> {
        let modals = self.modals.iter().flat_map(|(user, views)| views.iter().map(move |it| (user.as_str(), it)));
        let homes = self.homes.iter().map(|(user, it)| (user.as_str(), it));
        modals.chain(homes).find(|(_, it)| it.id == id)
    }

    /// Returns whether another view than `but` has this `external_id`.
    pub(super) fn has_external_id(&self, wanted: &str, but: Option<&str>) -> bool {
        let all = self.modals.values().flatten().chain(self.homes.values());
        all.filter(|it| Some(it.id.as_str()) != but).any(|it| it.content["external_id"] == wanted)
    }
}

impl View {
    /// Returns a new view on top of `below`.
    pub(super) fn new(world: &mut World, content: Value, below: &[Self]) -> Self {
        let id = format!("V{:010}", world.next_id());
        let first = Self {
            hash: String::new(),
            root: below.first().map_or_else(|| id.clone(), |it| it.id.clone()),
            previous: below.last().map(|it| it.id.clone()),
            content: Value::Null,
            id,
        };
        first.updated(world, content)
    }

    /// Returns the view with other content.
    pub(super) fn updated(&self, world: &mut World, mut content: Value) -> Self {
        if let Some(Value::Array(blocks)) = content.get_mut("blocks") {
            *blocks = world.named(std::mem::take(blocks));
        }
        Self { hash: format!("{}.hash", world.next_id()), content, ..self.clone() }
    }

    /// Returns the view as the API and the payloads give it out, with `state` filled in.
    pub(super) fn written(&self, world: &World, state: &Value) -> Value {
        let mut written = self.content.clone();
        let own = json!({
            "id": self.id,
            "team_id": world.team_id,
            "app_id": world.app_id,
            "bot_id": super::options::BOT,
            "hash": self.hash,
            "root_view_id": self.root,
            "previous_view_id": self.previous,
            "state": { "values": state },
        });
        for key in ["private_metadata", "callback_id", "external_id"] {
            if written.get(key).is_none() {
                written[key] = "".into();
            }
        }
        if let (Some(written), Value::Object(own)) = (written.as_object_mut(), own) {
            written.extend(own);
        }
        written
    }
}
