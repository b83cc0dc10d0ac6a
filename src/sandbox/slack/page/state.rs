//! What the page draws: the workspace as one person sees it.

use serde_json::{Value, json};

use crate::sandbox::slack::{
    Slack,
    message::Message,
    options::{BOT_USER, Kind, Person},
    view::View,
    world::{Channel, Sort, World},
};

impl Slack {
    /// Returns everything that `user` sees, and who the people are that one can act as.
    pub(super) fn state_for(&self, user: &str) -> Value {
        let world = self.world();
        let person = world.people.get(user);
        let channels = world.channels.values().filter(|it| person.is_some_and(|person| it.is_open_to(person)));
        let channels: Vec<Value> = channels.map(|it| channel(&world, it, user)).collect();
        let people: Vec<Value> = world.people.values().map(|it| json!({ "person": it, "acts": acts(it) })).collect();
        let shown = |it: &View| it.written(&world, &json!({}));
        json!({
            "team": world.team_domain,
            "bot": BOT_USER,
            "channels": channels,
            "people": people,
            "groups": world.groups.values().collect::<Vec<_>>(),
            "home": world.views.homes.get(user).map(shown),
            "modal": world.views.modals.get(user).and_then(|it| it.last()).map(shown),
        })
    }
}

fn acts(person: &Person) -> bool {
    match person.kind {
        Kind::Member | Kind::Guest { .. } | Kind::Stranger { .. } => true,
        Kind::Bot | Kind::Deactivated => false,
    }
}

fn channel(world: &World, channel: &Channel, user: &str) -> Value {
    let (name, sort) = match &channel.sort {
        Sort::Public => (channel.name.as_str(), "public"),
        Sort::Private => (channel.name.as_str(), "private"),
        Sort::Direct { .. } => (world.people.get(BOT_USER).map_or("app", |it| it.real_name.as_str()), "direct"),
    };
    let sees = |it: &&Message| it.only_for.as_deref().is_none_or(|only| only == user);
    let messages: Vec<Value> = channel.messages.iter().filter(sees).map(|it| message(it, channel)).collect();
    json!({ "id": channel.id, "name": name, "sort": sort, "archived": channel.archived, "messages": messages })
}

fn message(message: &Message, channel: &Channel) -> Value {
    let mut written = message.written(channel, false);
    written["ephemeral"] = message.only_for.is_some().into();
    written
}
