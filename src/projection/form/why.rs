//! The modal that asks for the reason of a decision.

use std::collections::BTreeMap;

use super::field;
use crate::{
    domain::approval::MAX_WHY,
    projection::{
        blocks::{
            Page,
            inputs::{Control, Input},
        },
        text::{Locale, Words, values},
        view::{Frame, View},
    },
};

/// By this its submission is told: its metadata is the id of the request.
pub const WHY: &str = "approval.reason";

/// Returns the modal for the request `approval`.
pub fn why(words: &Words, locale: Locale, approval: &str) -> View {
    let voice = words.voice(locale);
    let input = Input {
        name: field::REASON.to_owned(),
        label: voice.text("form.why.label"),
        hint: voice.text("form.why.hint"),
        optional: false,
        tells: false,
        control: Control::Text { value: String::new(), max: MAX_WHY, lines: true },
    };
    let frame = Frame {
        title: voice.label("form.why.title"),
        submit: Some(voice.label("form.why.submit")),
        close: voice.label("form.cancel"),
        callback: WHY,
        metadata: approval.to_owned(),
    };
    View::modal(frame, Page::of_view().input(input).into_blocks())
}

/// Returns what to tell beside the field: it holds no reason, or too long a one.
pub fn no_why(words: &Words, locale: Locale) -> BTreeMap<String, String> {
    let text = words.voice(locale).say("form.why.flaw", values! { most => MAX_WHY });
    BTreeMap::from([(field::REASON.to_owned(), text.literal())])
}
