//! Doors beside S3's own: the world anew, changes to it, counts, and the check of the target.

use std::time::Instant;

use hyper::Uri;
use jiff::Timestamp;

use crate::{
    answer::Answer,
    request::query,
    server::{State, text},
    settings::Settings,
    world,
};

/// Answers a request to one of the doors.
pub(crate) fn answer(state: &mut State, uri: &Uri, now: Instant, time: Timestamp) -> Answer {
    let query = query(uri);
    match uri.path() {
        "/_world" => match changed(&state.settings, &query) {
            Ok(settings) => {
                state.begin(settings, now, time);
                text(200, format!("{{\"objects\":{}}}\n", state.store.objects.len()))
            }
            Err(wrong) => text(400, format!("{wrong}\n")),
        },
        "/_change" => {
            let percent = query.iter().find(|(name, _)| name == "percent").and_then(|(_, it)| it.parse().ok());
            let changed = world::change(&mut state.store, percent.unwrap_or(1), time);
            text(200, format!("{{\"changed\":{changed}}}\n"))
        }
        "/_zero" => {
            state.stats.zero(now);
            text(200, String::new())
        }
        "/_stats" => text(200, format!("{}\n", state.stats.json(now))),
        "/_check" => text(200, format!("{}\n", world::check(&state.store))),
        _ => text(404, "there is no such door\n".to_owned()),
    }
}

fn changed(settings: &Settings, query: &[(String, String)]) -> Result<Settings, String> {
    let mut settings = settings.clone();
    query.iter().try_for_each(|(name, value)| settings.set(name, value))?;
    Ok(settings)
}
