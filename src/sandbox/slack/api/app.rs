//! What the app itself asks for, with its own token: `apps.connections.open`.

use serde_json::json;

use super::{Asked, Done, Refusal};
use crate::sandbox::slack::world::World;

/// Gives out an address for one connection of Socket Mode.
pub(super) fn open_connection(world: &mut World, _asked: &Asked) -> Result<Done, Refusal> {
    let ticket = format!("{:032x}", world.next_id());
    let url = format!("{}/link/?ticket={ticket}&app_id={}", world.socket_origin, world.app_id);
    world.tickets.insert(ticket);
    Ok(Done::with(json!({ "url": url })))
}
