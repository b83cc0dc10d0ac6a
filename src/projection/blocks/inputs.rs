//! Inputs of a modal: menus, boxes to tick, texts.
//!
//! The limits are those of docs.slack.dev ("Input block", "Block elements", "Composition objects").

use slack_morphism::prelude::{
    SlackActionId, SlackBlock, SlackBlockCheckboxesElement, SlackBlockChoiceItem, SlackBlockId,
    SlackBlockPlainTextInputElement, SlackBlockPlainTextOnly, SlackBlockStaticSelectElement, SlackBlockText,
    SlackInputBlock, SlackInputBlockElement,
};

use super::{Page, label};
use crate::projection::text::{Mrkdwn, width};

/// Options of a menu.
pub const OPTIONS: usize = 100;
/// `value` of an option: Slack's SDKs differ between 75 and 150; the lesser one holds in both.
pub const OPTION_VALUE: usize = 150;
/// Text and description of an option.
const OPTION: usize = 75;
/// Label and hint of an input: Slack takes 2,000, people read less.
const LABEL: usize = 150;

/// An input, with what is in it at first.
#[derive(Clone, Debug)]
pub struct Input {
    /// By this a submission says what was entered, and an error where it belongs. Slack keeps what people have entered
    /// for as long as an input of the same name is there.
    pub name: String,
    pub label: Mrkdwn,
    pub hint: Mrkdwn,
    pub optional: bool,
    /// A choice is told at once, before the form is submitted.
    pub tells: bool,
    pub control: Control,
}

/// What people use.
#[derive(Clone, Debug)]
pub enum Control {
    /// One of some; the first one stands for all that `chosen` does not name.
    Menu { choices: Vec<Choice>, chosen: String },
    /// Any of some.
    Boxes { choices: Vec<Choice>, chosen: Vec<String> },
    Text {
        value: String,
        /// In characters.
        max: usize,
        /// More than one line.
        lines: bool,
    },
}

/// Something that can be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    pub text: Mrkdwn,
    pub note: Mrkdwn,
    /// At most [`OPTION_VALUE`] long.
    pub value: String,
}

impl Page {
    /// Adds an input. What is in a menu beyond the first [`OPTIONS`] is left out.
    #[must_use]
    pub fn input(mut self, input: Input) -> Self {
        let Input { name, label, hint, optional, tells, control } = input;
        let action = SlackActionId(name.split('.').next().unwrap_or_default().to_owned());
        let block = SlackInputBlock::new(plain(&label, LABEL), control.element(action))
            .with_block_id(SlackBlockId(name))
            .opt_hint(Some(hint).filter(|it| !it.is_empty()).map(|it| plain(&it, LABEL)))
            .with_optional(optional)
            .with_dispatch_action(tells);
        self.push(SlackBlock::Input(block));
        self
    }
}

impl Control {
    fn element(self, action: SlackActionId) -> SlackInputBlockElement {
        match self {
            Self::Menu { choices, chosen } => {
                let options: Vec<_> = choices.into_iter().take(OPTIONS).map(Choice::item).collect();
                let first = options.iter().find(|it| it.value == chosen).or(options.first()).cloned();
                let element = SlackBlockStaticSelectElement::new().with_action_id(action);
                element.with_options(options).opt_initial_option(first).into()
            }
            Self::Boxes { choices, chosen } => {
                let options: Vec<SlackBlockChoiceItem<SlackBlockText>> =
                    choices.into_iter().map(Choice::box_).collect();
                let ticked: Vec<_> = options.iter().filter(|it| chosen.contains(&it.value)).cloned().collect();
                let element = SlackBlockCheckboxesElement::new(options).with_action_id(action);
                element.opt_initial_options(Some(ticked).filter(|it| !it.is_empty())).into()
            }
            Self::Text { value, max, lines } => SlackBlockPlainTextInputElement::new()
                .with_action_id(action)
                .with_multiline(lines)
                .with_max_length(max as u64)
                .opt_initial_value(Some(value).filter(|it| !it.is_empty() && width(it) <= max))
                .into(),
        }
    }
}

impl Choice {
    fn item(self) -> SlackBlockChoiceItem<SlackBlockPlainTextOnly> {
        let note = Some(self.note).filter(|it| !it.is_empty()).map(|it| plain(&it, OPTION));
        SlackBlockChoiceItem::new(plain(&self.text, OPTION), self.value).opt_description(note)
    }

    fn box_(self) -> SlackBlockChoiceItem<SlackBlockText> {
        let note = Some(self.note).filter(|it| !it.is_empty()).map(|it| plain(&it, OPTION));
        SlackBlockChoiceItem::new(plain(&self.text, OPTION).into(), self.value).opt_description(note)
    }
}

fn plain(text: &Mrkdwn, max: usize) -> SlackBlockPlainTextOnly {
    label(&text.literal(), max)
}
