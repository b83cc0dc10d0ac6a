//! Phrases about how a source stands.

use jiff::Timestamp;
use minijinja::Value;

use crate::{
    domain::{
        lake::{Speed, Standing},
        standing::Shown,
    },
    projection::{
        phrase,
        text::{Mrkdwn, Voice, values},
    },
};

const HOUR: i64 = 3600;

/// Returns one line: how old the data is, and how its last refresh went.
pub fn line(voice: Voice<'_>, standing: &Standing, now: Timestamp) -> Mrkdwn {
    let (source, expected) = (&standing.source.name, standing.source.expect_every.map(|it| it.as_secs()));
    let failing = standing.failure().is_some();
    let (Some(last), Some(age)) = (&standing.last_success, standing.age(now)) else {
        return voice.say("freshness.never", values! { source, expected, failing });
    };
    let values = values! {
        source, expected, failing,
        overdue => standing.is_overdue(now),
        taken => last.snapshot_time,
        age => self::age(voice, age),
        apart => apart(voice, standing),
        speed => speed(voice, standing),
    };
    voice.say("freshness.line", values)
}

/// Returns of when the data is that each layer shows, while a rollback has not ended well.
fn apart(voice: Voice<'_>, standing: &Standing) -> Vec<Value> {
    let shown = |it: Shown| values! { layer => phrase::layer(voice, it.layer), taken => it.taken };
    standing.apart().into_iter().map(shown).collect()
}

/// Returns how old something is, in whole hours: what is shown must not change at every look.
pub fn age(voice: Voice<'_>, seconds: i64) -> Mrkdwn {
    match seconds / HOUR * HOUR {
        0 => voice.text("freshness.age.fresh"),
        seconds => voice.say("freshness.age.old", values! { seconds }),
    }
}

/// Returns how long the last refresh took beside the usual; empty if there was none.
pub fn speed(voice: Voice<'_>, standing: &Standing) -> Mrkdwn {
    let Some(trend) = standing.trend() else { return Mrkdwn::default() };
    let (key, percent) = match trend.speed() {
        None => ("freshness.took.unknown", 0),
        Some(Speed::AsUsual) => ("freshness.took.usual", 0),
        Some(Speed::Faster(percent)) => ("freshness.took.faster", percent),
        Some(Speed::Slower(percent)) => ("freshness.took.slower", percent),
    };
    voice.say(key, values! { took => trend.took, usual => trend.usual, percent })
}
