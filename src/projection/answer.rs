//! What the bot answers to one person, in that person's language: what happened or did not, and what to do next.

use super::{
    blocks::Page,
    forecast,
    message::Message,
    text::{Locale, Mrkdwn, Voice, Words, values},
};
use crate::domain::{
    access::{Bar, Right},
    answer::{Answer, Forbidden, Outcome},
    command::{MAX_REASON, Misread, Verb},
    name::ExportTask,
    source::Layer,
    stage::StageId,
};

/// What `list --limit` takes; a test compares it with the parser.
const LIST_LIMITS: &str = "1–50";

/// What `--page` takes; a test compares it with the parser.
const PAGES: &str = "1–20";

mod details;
mod help;
pub mod lists;
mod outcome;
mod rollback;
mod rows;
mod source;
pub mod unsent;
mod whoami;

/// Returns `answer` in words.
pub fn answer(words: &Words, locale: Locale, answer: &Answer) -> Message {
    let voice = words.voice(locale);
    let one = |text| Page::new(text).message();
    match answer {
        Answer::Accepted { verb, target } => one(accepted(voice, *verb, target)),
        Answer::NotRecorded => one(voice.text("answer.not_recorded")),
        Answer::Unconfirmed => one(voice.text("answer.unconfirmed")),
        Answer::Outcome(Outcome::Planned(forecast)) => forecast::message(voice, forecast),
        Answer::Outcome(Outcome::RollbackPreviewed(preview)) => rollback::message(voice, preview),
        Answer::Outcome(outcome) => {
            Page::new(outcome::text(voice, outcome)).buttons(outcome::buttons(voice, outcome)).message()
        }
        Answer::Misread(misread) => one(self::misread(voice, misread)),
        Answer::Forbidden(it) => one(forbidden(voice, it)),
        Answer::Unidentified => one(voice.text("answer.unidentified")),
        Answer::UnknownSource { name, near, known } => one(unknown_source(voice, name, near.as_deref(), known)),
        Answer::UnknownRun { text } => one(unknown_run(voice, text)),
        Answer::UnknownTarget { text, near } => one(voice.say("answer.unknown_target", values! { text, near })),
        Answer::AmbiguousRun { text, matches } => one(ambiguous_run(voice, text, matches)),
        Answer::Overview { lake, unmanaged, may_operate, at } => {
            lists::overview(voice, lake, unmanaged, *may_operate, *at)
        }
        Answer::Details(run, unsent) => details::message(voice, run, unsent.as_ref()),
        Answer::Runs(part) => lists::runs(voice, part),
        Answer::Source { standing, unmanaged, at } => source::message(voice, standing, unmanaged, *at),
        Answer::Sources { standings, at } => lists::sources(voice, standings, *at),
        Answer::Whoami(rights) => whoami::message(voice, rights),
        Answer::Help { topic: Some(verb), may_operate } => help::topic(voice, *verb, *may_operate),
        Answer::Help { topic: None, may_operate } => help::all(voice, *may_operate),
        Answer::NoForm => one(voice.say("form.unavailable", values! { usage => Verb::Run.form().usage() })),
        Answer::UnknownButton => one(voice.text("answer.unknown_button")),
        Answer::Broken { reference } => one(voice.say("answer.broken", values! { reference })),
    }
}

fn accepted(voice: Voice<'_>, verb: Option<Verb>, target: &str) -> Mrkdwn {
    match verb {
        Some(verb) => voice.say("answer.accepted.command", values! { verb => verb.word(), target }),
        None => voice.say("answer.accepted.decision", values! { target }),
    }
}

fn right_key(right: Right) -> &'static str {
    match right {
        Right::View => "answer.right.view",
        Right::Operate => "answer.right.operate",
    }
}

fn forbidden(voice: Voice<'_>, Forbidden { right, why, source, ask }: &Forbidden) -> Mrkdwn {
    let key = match why {
        Bar::NoRight | Bar::Unidentified => "answer.forbidden.no_right",
        Bar::NotMember => "answer.forbidden.not_member",
        Bar::OtherWorkspace => "answer.forbidden.other_workspace",
    };
    voice.say(key, values! { right => voice.text(right_key(*right)), source, ask })
}

fn unknown_source(voice: Voice<'_>, name: &str, near: Option<&str>, known: &[String]) -> Mrkdwn {
    voice.say("answer.unknown_source", values! { name, near, known })
}

fn unknown_run(voice: Voice<'_>, text: &str) -> Mrkdwn {
    voice.say("answer.unknown_run", values! { text })
}

fn ambiguous_run(voice: Voice<'_>, text: &str, matches: &[ExportTask]) -> Mrkdwn {
    let matches: Vec<&str> = matches.iter().map(ExportTask::as_str).collect();
    voice.say("answer.ambiguous_run", values! { text, matches })
}

/// What is wrong with a command, what was probably meant, and how it is written.
fn misread(voice: Voice<'_>, misread: &Misread) -> Mrkdwn {
    match misread {
        Misread::UnknownCommand { word, near } => voice.say("answer.misread.command", values! { word, near }),
        Misread::UnknownOption { verb, word, near } => {
            voice.say("answer.misread.option", values! { word, near, usage => verb.form().usage() })
        }
        Misread::Unexpected { verb, word } => {
            voice.say("answer.misread.unexpected", values! { word, usage => verb.form().usage() })
        }
        Misread::Missing { verb, name } => {
            let key = if is_option(*verb, name) { "answer.misread.no_value" } else { "answer.misread.missing" };
            voice.say(key, values! { verb => verb.word(), name, usage => verb.form().usage() })
        }
        Misread::BadValue { verb, name: "reason", .. } => {
            let usage = voice.say("answer.misread.usage", values! { usage => verb.form().usage() });
            Mrkdwn::lines([voice.say("form.flaw.reason", values! { most => MAX_REASON }), usage])
        }
        Misread::BadValue { verb, name, value, near } => {
            let known: Vec<&str> = match *name {
                "from" => StageId::ALL.map(StageId::as_str).to_vec(),
                "layers" => Layer::ALL.map(Layer::as_str).to_vec(),
                "limit" => vec![LIST_LIMITS],
                "page" => vec![PAGES],
                _ => Vec::new(),
            };
            let usage = verb.form().usage();
            voice.say("answer.misread.value", values! { name, value, near, known, usage })
        }
    }
}

/// Says whether the verb has an option of that name: with its dashes it is another word than an argument.
fn is_option(verb: Verb, name: &str) -> bool {
    verb.form().options.iter().any(|it| it.name == name)
}

#[cfg(test)]
mod tests;
