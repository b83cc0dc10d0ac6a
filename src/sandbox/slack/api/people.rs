//! Who the bot is, and who people are: `auth.test`, `users.info`, `usergroups.list`, `usergroups.users.list`.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{Asked, Done, Refusal};
use crate::sandbox::slack::{
    options::{BOT, BOT_USER, Group, Kind, Person},
    world::World,
};

pub(super) fn auth_test(world: &mut World, _asked: &Asked) -> Result<Done, Refusal> {
    Ok(Done::with(json!({
        "url": format!("https://{}.slack.com/", world.team_domain),
        "team": world.team_domain,
        "team_id": world.team_id,
        "user": world.people.get(BOT_USER).map(|it| it.name.as_str()),
        "user_id": BOT_USER,
        "bot_id": BOT,
        "is_enterprise_install": false,
    })))
}

pub(super) fn user_info(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let person = world.people.get(asked.args.need("user")?).ok_or("user_not_found")?;
    let mut user = written(person, &world.team_id, asked.now);
    if asked.args.flag("include_locale") {
        user["locale"] = person.locale.as_str().into();
    }
    Ok(Done::with(json!({ "user": user })))
}

fn written(person: &Person, own_team: &str, now: Timestamp) -> Value {
    let (restricted, single) = match person.kind {
        Kind::Guest { single } => (true, single),
        Kind::Member | Kind::Stranger { .. } | Kind::Bot | Kind::Deactivated => (false, false),
    };
    let team = match &person.kind {
        Kind::Stranger { team } => team,
        Kind::Member | Kind::Guest { .. } | Kind::Bot | Kind::Deactivated => own_team,
    };
    let zone = TimeZone::get(&person.tz).unwrap_or(TimeZone::UTC);
    let mut user = json!({
        "id": person.id,
        "team_id": team,
        "name": person.name,
        "real_name": person.real_name,
        "deleted": person.kind == Kind::Deactivated,
        "tz": person.tz,
        "tz_label": person.tz,
        "tz_offset": zone.to_offset(now).seconds(),
        "profile": {
            "real_name": person.real_name,
            "display_name": person.name,
            "title": person.title,
            "team": team,
        },
        "is_bot": person.kind == Kind::Bot,
        "is_app_user": false,
        "updated": 0,
    });
    if person.kind != Kind::Deactivated {
        user["is_admin"] = false.into();
        user["is_owner"] = false.into();
        user["is_restricted"] = restricted.into();
        user["is_ultra_restricted"] = single.into();
    }
    if team != own_team {
        user["is_stranger"] = true.into();
    }
    user
}

pub(super) fn groups(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let (disabled, users) = (asked.args.flag("include_disabled"), asked.args.flag("include_users"));
    let listed = world.groups.values().filter(|it| disabled || !it.disabled);
    let listed: Vec<Value> = listed.map(|it| group(it, &world.team_id, users)).collect();
    Ok(Done::with(json!({ "usergroups": listed })))
}

fn group(group: &Group, team: &str, with_users: bool) -> Value {
    let mut written = json!({
        "id": group.id,
        "team_id": team,
        "is_usergroup": true,
        "is_subteam": true,
        "is_external": false,
        "name": group.name,
        "handle": group.handle,
        "date_create": 0,
        "date_update": 0,
        "date_delete": u8::from(group.disabled),
        "created_by": BOT_USER,
        "prefs": { "channels": [], "groups": [] },
        "user_count": group.members.len(),
    });
    if with_users {
        written["users"] = json!(group.members);
    }
    written
}

pub(super) fn group_members(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let group = world.groups.get(asked.args.need("usergroup")?).ok_or("no_such_subteam")?;
    if group.disabled && !asked.args.flag("include_disabled") {
        return Err("subteam_disabled".into());
    }
    Ok(Done::with(json!({ "users": group.members })))
}
