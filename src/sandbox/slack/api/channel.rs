//! Channels: `conversations.info`, `conversations.members`, `conversations.open`.

use serde_json::{Value, json};

use super::{Asked, Done, Refusal, args::Args, chat::readable};
use crate::sandbox::slack::{
    options::Kind,
    world::{Channel, Sort, World},
};

pub(super) fn info(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let channel = readable(world, asked.args.need("channel")?)?;
    Ok(Done::with(json!({ "channel": written(channel, &asked.args) })))
}

fn written(channel: &Channel, args: &Args) -> Value {
    let mut written = json!({
        "id": channel.id,
        "created": 0,
        "is_archived": channel.archived,
        "is_channel": channel.sort == Sort::Public,
        "is_group": channel.sort == Sort::Private,
        "is_im": false,
        "is_private": channel.sort != Sort::Public,
        "is_member": channel.has_bot(),
    });
    if let Sort::Direct { with } = &channel.sort {
        written["is_im"] = true.into();
        written["user"] = with.as_str().into();
    } else {
        written["name"] = channel.name.as_str().into();
        written["name_normalized"] = channel.name.as_str().into();
    }
    if args.flag("include_num_members") {
        written["num_members"] = channel.members.len().into();
    }
    if args.flag("include_locale") {
        written["locale"] = "en-US".into();
    }
    written
}

pub(super) fn members(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let channel = readable(world, asked.args.need("channel")?)?;
    let limit = match asked.args.count("limit") {
        None | Some(0) => 100,
        Some(limit) if limit <= 1_000 => usize::try_from(limit).unwrap_or(usize::MAX),
        Some(_) => return Err("invalid_limit".into()),
    };
    let mut rest = channel.members.iter();
    if let Some(cursor) = asked.args.text("cursor") {
        let before = cursor.strip_prefix("after:").ok_or("invalid_cursor")?;
        rest.find(|it| *it == before).ok_or("invalid_cursor")?;
    }
    let page: Vec<&String> = rest.by_ref().take(limit).collect();
    let next = match (page.last(), rest.next()) {
        (Some(last), Some(_)) => format!("after:{last}"),
        (_, _) => String::new(),
    };
    Ok(Done::with(json!({ "members": page, "response_metadata": { "next_cursor": next } })))
}

/// Opens direct messages with one person. Group messages are not there.
pub(super) fn open(world: &mut World, asked: &Asked) -> Result<Done, Refusal> {
    let id = match (asked.args.text("users"), asked.args.text("channel")) {
        (Some(users), None) if users.contains(',') => return Err("too_many_users".into()),
        (Some(user), None) => {
            let person = world.people.get(user).ok_or("user_not_found")?;
            if person.kind == Kind::Deactivated {
                return Err("user_disabled".into());
            }
            world.direct(user)
        }
        (None, Some(channel)) => match readable(world, channel)?.sort {
            Sort::Direct { .. } => channel.to_owned(),
            Sort::Public | Sort::Private => return Err("method_not_supported_for_channel_type".into()),
        },
        (None, None) => return Err("users_list_not_supplied".into()),
        (Some(_), Some(_)) => return Err("invalid_arguments".into()),
    };
    let channel =
        if asked.args.flag("return_im") { written(&world.channels[&id], &asked.args) } else { json!({ "id": id }) };
    Ok(Done::with(json!({ "channel": channel })).noting(json!({ "channel": id })))
}
