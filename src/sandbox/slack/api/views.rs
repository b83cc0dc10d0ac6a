//! Modals and App Homes: `views.open`, `views.push`, `views.update`, `views.publish`.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Asked, Done, Refusal};
use crate::sandbox::slack::{
    blocks::{Surface, check_view},
    options::Kind,
    view::View,
    world::World,
};

/// How long a `trigger_id` is good for.
const TRIGGER: SignedDuration = SignedDuration::from_secs(3);

/// Modals on top of each other.
const MOST_STACKED: usize = 3;

/// Bytes of a view.
const MOST_BYTES: usize = 250_000;

pub(super) fn open(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let content = content(world, asked, Surface::Modal, None)?;
    let user = take_trigger(world, asked)?;
    let view = View::new(world, content, &[]);
    world.views.modals.insert(user.clone(), vec![view.clone()]);
    Ok(shown(world, &view, &user))
}

pub(super) fn push(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let content = content(world, asked, Surface::Modal, None)?;
    let user = take_trigger(world, asked)?;
    let below = world.views.modals.get(&user).cloned().unwrap_or_default();
    if below.is_empty() {
        return Err("not_found".into());
    }
    if below.len() >= MOST_STACKED {
        return Err("push_limit_reached".into());
    }
    let view = View::new(world, content, &below);
    world.views.modals.entry(user.clone()).or_default().push(view.clone());
    Ok(shown(world, &view, &user))
}

pub(super) fn update(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let id = match (asked.args.text("view_id"), asked.args.text("external_id")) {
        (Some(id), _) => id.to_owned(),
        (None, Some(external)) => {
            let mut all = world.views.all_mut();
            let found = all.find(|it| it.content["external_id"] == external);
            found.map(|it| it.id.clone()).ok_or("not_found")?
        }
        (None, None) => return Err(Refusal::missing("view_id")),
    };
    let (user, before) = world.views.find(&id).ok_or("not_found")?;
    let (user, before) = (user.to_owned(), before.clone());
    let surface = if before.content["type"] == "home" { Surface::Home } else { Surface::Modal };
    let content = content(world, asked, surface, Some(&id))?;
    check_hash(asked, &before)?;
    let view = before.updated(world, content);
    if let Some(place) = world.views.all_mut().find(|it| it.id == id) {
        place.clone_from(&view);
    }
    Ok(shown(world, &view, &user))
}

pub(super) fn publish(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let user = asked.args.need("user_id")?.to_owned();
    match world.people.get(&user).map(|it| &it.kind) {
        None | Some(Kind::Bot | Kind::Deactivated) => return Err("invalid_arguments".into()),
        Some(Kind::Member | Kind::Guest { .. } | Kind::Stranger { .. }) => {}
    }
    let before = world.views.homes.get(&user).cloned();
    let content = content(world, asked, Surface::Home, before.as_ref().map(|it| it.id.as_str()))?;
    let view = match before {
        Some(before) => {
            check_hash(asked, &before)?;
            before.updated(world, content)
        }
        None => View::new(world, content, &[]),
    };
    world.views.homes.insert(user.clone(), view.clone());
    Ok(shown(world, &view, &user))
}

/// Reads and checks `view`. `id` is the view that it replaces.
fn content(world: &World, asked: &Asked, surface: Surface, id: Option<&str>) -> Result<Value, Refusal> {
    let view = asked.args.structured("view", "invalid_arguments")?.ok_or_else(|| Refusal::missing("view"))?;
    if view.to_string().len() > MOST_BYTES {
        return Err("view_too_large".into());
    }
    let problems = check_view(&view, surface, &world.refused_blocks);
    if !problems.is_empty() {
        return Err(Refusal::because("invalid_arguments", &problems));
    }
    let external = view["external_id"].as_str().filter(|it| !it.is_empty());
    if external.is_some_and(|it| world.views.has_external_id(it, id)) {
        return Err("duplicate_external_id".into());
    }
    Ok(view)
}

fn take_trigger(world: &mut World, asked: &Asked) -> Result<String, Refusal> {
    let trigger = world.triggers.get_mut(asked.args.need("trigger_id")?).ok_or("invalid_trigger_id")?;
    if trigger.used {
        return Err("exchanged_trigger_id".into());
    }
    if asked.now.duration_since(trigger.at) > TRIGGER {
        return Err("expired_trigger_id".into());
    }
    trigger.used = true;
    Ok(trigger.user.clone())
}

fn check_hash(asked: &Asked, view: &View) -> Result<(), Refusal> {
    match asked.args.text("hash") {
        Some(hash) if hash != view.hash => Err("hash_conflict".into()),
        Some(_) | None => Ok(()),
    }
}

fn shown(world: &World, view: &View, user: &str) -> Done {
    let note = json!({ "view_id": view.id, "user_id": user, "callback_id": view.content["callback_id"] });
    Done::with(json!({ "view": view.written(world, &json!({})) })).noting(note)
}
