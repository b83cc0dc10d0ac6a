//! The help, made from the grammar: what a caller may not do is left out.

use crate::{
    domain::{
        access::Right,
        command::{GRAMMAR, Verb},
        stage::StageId,
    },
    projection::{
        blocks::Page,
        message::Message,
        text::{Mrkdwn, Voice, values},
    },
};

/// Every command that the caller may use.
pub(super) fn all(voice: Voice<'_>, may_operate: bool) -> Message {
    let title = voice.text("help.title");
    let open = GRAMMAR.iter().filter(|it| may_operate || !operates(it.verb));
    let mut page = Page::new(title);
    for form in open {
        page = page.section(entry(voice, form.verb));
    }
    page.context(voice.text("help.hint")).message()
}

/// One command, with what its words mean.
pub(super) fn topic(voice: Voice<'_>, verb: Verb, may_operate: bool) -> Message {
    let entry = entry(voice, verb);
    let words = match verb {
        Verb::Run => voice.text("help.words.run"),
        Verb::Rollback => voice.text("help.words.rollback"),
        Verb::Retry => voice.say("help.words.retry", values! { stages => StageId::ALL.map(StageId::as_str) }),
        Verb::Status | Verb::Cancel | Verb::BreakGlass => voice.text("help.words.run_name"),
        Verb::Approve | Verb::Deny | Verb::Withdraw => voice.text("help.words.request"),
        Verb::List | Verb::Sources | Verb::Whoami | Verb::Help => Mrkdwn::default(),
    };
    let page = Page::new(entry).section(words);
    if operates(verb) && !may_operate { page.section(voice.text("help.operators_only")) } else { page }.message()
}

fn operates(verb: Verb) -> bool {
    verb.right() == Some(Right::Operate)
}

fn entry(voice: Voice<'_>, verb: Verb) -> Mrkdwn {
    let does = voice.text(&format!("help.does.{verb}"));
    let example = voice.text(&format!("help.example.{verb}"));
    voice.say("help.entry", values! { usage => verb.form().usage(), does, example })
}
