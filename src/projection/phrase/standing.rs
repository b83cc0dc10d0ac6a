//! Phrases about how a source stands.

use jiff::Timestamp;

use crate::{
    domain::standing::{Speed, Standing},
    projection::text::{Mrkdwn, Voice, values},
};

const HOUR: i64 = 3600;

/// Returns one line: how old the data is, and how its last refresh went.
pub fn line(voice: Voice<'_>, standing: &Standing, now: Timestamp) -> Mrkdwn {
    let (source, expected) = (&standing.source.name, standing.source.expect_every.map(|it| it.as_secs()));
    let (Some(last), Some(age)) = (&standing.last_success, standing.age(now)) else {
        return voice.say("standing.never", values! { source, expected });
    };
    let values = values! {
        source, expected,
        overdue => standing.is_overdue(now),
        taken => last.snapshot_time,
        age => self::age(voice, age),
        speed => speed(voice, standing),
    };
    voice.say("standing.line", values)
}

/// Returns how old something is, in whole hours: what is shown must not change at every look.
pub fn age(voice: Voice<'_>, seconds: i64) -> Mrkdwn {
    match seconds / HOUR * HOUR {
        0 => voice.text("standing.age.fresh"),
        seconds => voice.say("standing.age.old", values! { seconds }),
    }
}

/// Returns how long the last refresh took beside the usual; empty if there was none.
pub fn speed(voice: Voice<'_>, standing: &Standing) -> Mrkdwn {
    let Some(trend) = standing.trend() else { return Mrkdwn::default() };
    let (key, percent) = match trend.speed() {
        None => ("standing.took.unknown", 0),
        Some(Speed::AsUsual) => ("standing.took.usual", 0),
        Some(Speed::Faster(percent)) => ("standing.took.faster", percent),
        Some(Speed::Slower(percent)) => ("standing.took.slower", percent),
    };
    voice.say(key, values! { took => trend.took, usual => trend.usual, percent })
}
