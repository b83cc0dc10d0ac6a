//! What the reader may do, and why.

use super::right_key;
use crate::{
    domain::{
        access::{Membership, Right, Who},
        answer::Reach,
        rights::Rights,
    },
    projection::{
        blocks::Page,
        message::Message,
        text::{Mrkdwn, Voice, values},
    },
};

pub(super) fn message(voice: Voice<'_>, rights: &Rights) -> Message {
    let person = &rights.person;
    let member = person.membership == Membership::Member;
    let held = [(Right::View, &rights.view), (Right::Operate, &rights.operate)];
    let lines = held.map(|(right, by)| self::right(voice, right, rights.reach(right), by));
    let page = Page::new(voice.say("table.whoami.who", values! { user => person.user, member }));
    // Who has no rights at all has read why.
    let page = if member { page.section(Mrkdwn::lines(lines)) } else { page };
    let approves = rights
        .approve
        .iter()
        .map(|(source, by)| voice.say("table.whoami.approve", values! { source, by => named(by) }));
    let except = (!rights.approve.is_empty()).then(|| voice.text("table.whoami.except"));
    page.lines(approves.collect()).context(except.unwrap_or_default()).message()
}

/// A right, of which sources if not of all, and by which entries.
fn right(voice: Voice<'_>, right: Right, reach: &Reach, by: &[Who]) -> Mrkdwn {
    let name = voice.text(right_key(right));
    let sources: &[String] = match reach {
        Reach::Nothing => return voice.say("table.whoami.may_not", values! { right => name }),
        Reach::Sources(sources) => sources,
        Reach::Everything => &[],
    };
    let name = voice.say("answer.reach", values! { right => name, sources });
    voice.say("table.whoami.may", values! { right => name, by => named(by) })
}

fn named(by: &[Who]) -> Vec<String> {
    by.iter().map(ToString::to_string).collect()
}
