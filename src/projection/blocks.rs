//! Blocks as Slack takes them: a message that is built here is within Slack's limits, whatever it is built of.
//!
//! The limits are those of docs.slack.dev ("Blocks", "Composition objects") and of the validators in Slack's own SDKs.
//! Lengths are those of [`width`].

use serde_json::Value;
use sha2::{Digest, Sha256};
use slack_morphism::prelude::{
    SlackActionBlockElement, SlackActionId, SlackActionsBlock, SlackBlock, SlackBlockButtonElement,
    SlackBlockButtonStyle, SlackBlockConfirmItem, SlackBlockId, SlackBlockMarkDownText, SlackBlockPlainTextOnly,
    SlackContextBlock, SlackContextBlockElement, SlackHeaderBlock, SlackSectionBlock,
};

pub mod chart;
pub mod table;

use super::{
    message::Message,
    text::{Mrkdwn, width},
};

pub mod inputs;
mod plan;
mod rich_text;

pub use plan::{Plan, Task, TaskState};

/// Blocks in a message.
pub const BLOCKS: usize = 50;
/// Blocks in a modal or a Home.
pub const VIEW_BLOCKS: usize = 100;
/// Text of a section or of an element of a context.
pub const SECTION: usize = 3000;
/// `text` of a message: `chat.update` refuses more than 4,000 with `msg_too_long`.
pub const TOP_LEVEL: usize = 3500;
/// Text of all blocks of a modal or a Home: ours, well below the 250 kB that Slack takes of one.
const VIEW: usize = 30_000;
/// Text of all blocks of a message. Undocumented: `msg_blocks_too_long` was seen from 13,172 characters on, Slack's staff
/// speak of 12,000.
pub const MESSAGE: usize = 12_000;
/// Text of a header.
pub const HEADER: usize = 150;
/// Label of a button.
pub const BUTTON: usize = 75;
/// `value` of a button.
pub const VALUE: usize = 2000;
/// Title of a confirmation.
pub const CONFIRM_TITLE: usize = 100;
/// Text of a confirmation.
pub const CONFIRM_TEXT: usize = 300;
/// Labels of the two buttons of a confirmation.
pub const CONFIRM_BUTTON: usize = 30;

/// What buttons may take of [`MESSAGE`]: three with a confirmation each, at their longest.
const FOR_BUTTONS: usize = 3 * (BUTTON + CONFIRM_TITLE + CONFIRM_TEXT + 2 * CONFIRM_BUTTON);
/// What the line below a list that was cut may take of [`MESSAGE`].
const FOR_MORE: usize = 200;
/// Longest line of a list.
const LINE: usize = 600;

/// A message while it is built, the point of it first. What does not fit any more is left out, the end first.
#[derive(Debug)]
pub struct Page {
    paragraphs: Vec<Mrkdwn>,
    blocks: Vec<SlackBlock>,
    /// The same, with kinds of blocks that a workspace may refuse in the place of others; empty while there is none.
    rich: Vec<SlackBlock>,
    room: usize,
    most: usize,
}

impl Page {
    /// Returns a message that begins with the paragraph `text`.
    pub fn new(text: Mrkdwn) -> Self {
        Self::with_room(MESSAGE - FOR_BUTTONS - FOR_MORE, BLOCKS).section(text)
    }

    /// Returns the blocks of a modal or a Home, none yet.
    pub fn of_view() -> Self {
        Self::with_room(VIEW, VIEW_BLOCKS)
    }

    fn with_room(room: usize, most: usize) -> Self {
        Self { paragraphs: Vec::new(), blocks: Vec::new(), rich: Vec::new(), room, most }
    }

    /// Adds `rich`, a kind of block that a workspace may refuse; where it does, what `plain` adds stands in its place.
    #[must_use]
    pub fn either(mut self, rich: SlackBlock, plain: impl FnOnce(Self) -> Self) -> Self {
        let mut blocks = if self.rich.is_empty() { self.blocks.clone() } else { std::mem::take(&mut self.rich) };
        let (cost, room) = (text_width(&rich), self.room);
        blocks.push(rich);
        let mut page = plain(self);
        page.rich = blocks;
        page.room = page.room.min(room.saturating_sub(cost));
        page
    }

    /// Adds a plan; where the workspace refuses it, what `plain` adds stands in its place.
    #[must_use]
    pub fn plan(self, plan: Plan, plain: impl FnOnce(Self) -> Self) -> Self {
        // slack-morphism's own type leaves out the tasks' type, and its dates are of a crate that this one does not use.
        self.either(SlackBlock::Unknown(plan.into_json()), plain)
    }

    /// Adds a block that is within Slack's limits.
    fn push(&mut self, block: SlackBlock) {
        if !self.rich.is_empty() {
            self.rich.push(block.clone());
        }
        self.blocks.push(block);
    }

    /// Adds a paragraph; an empty one adds nothing.
    #[must_use]
    pub fn section(mut self, text: Mrkdwn) -> Self {
        if let Some(text) = self.fit(text) {
            self.push(SlackSectionBlock::new().with_text(markdown(text.clone()).into()).into());
            self.paragraphs.push(text);
        }
        self
    }

    /// Adds a heading: plain text, no entities.
    #[must_use]
    pub fn header(mut self, text: &str) -> Self {
        if !self.is_full() {
            self.push(SlackHeaderBlock::new(label(text, HEADER)).into());
        }
        self
    }

    /// Adds a line in small print; an empty one adds nothing.
    #[must_use]
    pub fn context(mut self, text: Mrkdwn) -> Self {
        if let Some(text) = self.fit(text) {
            self.push(context(text));
        }
        self
    }

    /// Adds a list, one entry per line. When it is too long, it ends after a whole entry, and `more` says how many are
    /// left out.
    #[must_use]
    pub fn list(mut self, lines: Vec<Mrkdwn>, more: impl FnOnce(usize) -> Mrkdwn) -> Self {
        let count = lines.len();
        let mut shown = 0;
        let mut paragraph = Vec::new();
        let mut length = 0;
        for line in lines {
            let line = line.cut(LINE);
            let cost = line.width() + 1;
            if length + cost > SECTION {
                self = self.section(Mrkdwn::lines(std::mem::take(&mut paragraph)));
                length = 0;
            }
            if length + cost > self.room || self.is_full() {
                break;
            }
            length += cost;
            paragraph.push(line);
            shown += 1;
        }
        self = self.section(Mrkdwn::lines(paragraph));
        let more = if shown < count { more(count - shown).cut(FOR_MORE) } else { Mrkdwn::default() };
        if !more.is_empty() {
            self.push(context(more));
        }
        self
    }

    /// Adds short lines that all fit: as few paragraphs as they go into.
    #[must_use]
    pub fn lines(self, lines: Vec<Mrkdwn>) -> Self {
        self.list(lines, |_| Mrkdwn::default())
    }

    /// Returns how many of `lines` there is room for, in order.
    pub fn room_for(&self, lines: &[Mrkdwn]) -> usize {
        let mut room = self.room;
        let fits = |it: &&Mrkdwn| room.checked_sub(it.width().min(LINE) + 1).inspect(|left| room = *left).is_some();
        lines.iter().take_while(fits).count()
    }

    /// Adds a row of buttons; no buttons, no row. Its `block_id` is made of the buttons, so that it is new when one of
    /// them is: Slack wants that of a message that is edited.
    #[must_use]
    pub fn buttons(mut self, buttons: Vec<Button>) -> Self {
        if !buttons.is_empty() && self.blocks.len() < self.most {
            let elements: Vec<SlackActionBlockElement> = buttons.into_iter().map(Button::into_element).collect();
            let id = SlackBlockId(row_id(&elements));
            self.push(SlackActionsBlock::new(elements).with_block_id(id).into());
        }
        self
    }

    /// Returns the message. Its top-level text is that of its paragraphs: notifications show the beginning of it, screen
    /// readers read it in place of the blocks.
    pub fn message(self) -> Message {
        let text = Mrkdwn::lines(self.paragraphs).cut(TOP_LEVEL);
        Message { text: text.into_string(), blocks: self.blocks, rich: self.rich }
    }

    /// Returns the blocks, for a modal or a Home.
    pub fn into_blocks(self) -> Vec<SlackBlock> {
        self.blocks
    }

    /// Returns what of `text` there is room for, and takes that room.
    fn fit(&mut self, text: Mrkdwn) -> Option<Mrkdwn> {
        if text.is_empty() || self.room == 0 || self.is_full() {
            return None;
        }
        let text = text.cut(SECTION.min(self.room));
        self.room -= text.width();
        Some(text)
    }

    /// One block is kept for buttons, one for the end of a list.
    fn is_full(&self) -> bool {
        self.blocks.len() + 2 >= self.most
    }
}

/// A button. What a press of it does is decided when it comes; `value` only says on what.
#[derive(Clone, Debug)]
pub struct Button {
    pub action: &'static str,
    pub label: String,
    pub value: String,
    pub style: Style,
    pub confirm: Option<Confirm>,
}

/// How much a button stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    /// The one thing that the message wants done.
    Primary,
    /// It takes something away.
    Danger,
}

/// The question that Slack asks before it sends a press.
#[derive(Clone, Debug)]
pub struct Confirm {
    pub title: String,
    pub text: Mrkdwn,
    pub yes: String,
    pub no: String,
}

impl Button {
    fn into_element(self) -> SlackActionBlockElement {
        let style = match self.style {
            Style::Plain => None,
            Style::Primary => Some(SlackBlockButtonStyle::Primary),
            Style::Danger => Some(SlackBlockButtonStyle::Danger),
        };
        SlackBlockButtonElement::new(label(&self.label, BUTTON))
            .with_action_id(SlackActionId(self.action.to_owned()))
            .with_value(plain(&self.value, VALUE))
            .opt_style(style)
            .opt_confirm(self.confirm.map(Confirm::into_item))
            .into()
    }
}

impl Confirm {
    fn into_item(self) -> SlackBlockConfirmItem {
        SlackBlockConfirmItem::new(
            label(&self.title, CONFIRM_TITLE),
            markdown(self.text.cut(CONFIRM_TEXT)).into(),
            label(&self.yes, CONFIRM_BUTTON),
            label(&self.no, CONFIRM_BUTTON),
        )
    }
}

/// Verbatim: Slack must not make links and mentions of what only looks like them.
fn markdown(text: Mrkdwn) -> SlackBlockMarkDownText {
    SlackBlockMarkDownText::new(text.into_string()).with_verbatim(true)
}

fn context(text: Mrkdwn) -> SlackBlock {
    SlackContextBlock::new(vec![SlackContextBlockElement::MarkDown(markdown(text))]).into()
}

/// Returns the length of all texts in a block.
fn text_width(block: &SlackBlock) -> usize {
    fn within(value: &Value) -> usize {
        let own = |(key, it): (&String, &Value)| match it.as_str() {
            Some(text) if matches!(key.as_str(), "text" | "title" | "label" | "caption" | "fallback") => width(text),
            Some(_) | None => within(it),
        };
        match value {
            Value::Object(members) => members.iter().map(own).sum(),
            Value::Array(items) => items.iter().map(within).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        }
    }
    serde_json::to_value(block).as_ref().map_or(0, within)
}

fn row_id(buttons: &[SlackActionBlockElement]) -> String {
    let json = serde_json::to_vec(buttons).expect("buttons are made of strings");
    format!("buttons-{}", hex::encode(&Sha256::digest(json)[..8]))
}

fn label(text: &str, max: usize) -> SlackBlockPlainTextOnly {
    plain(text, max).into()
}

/// Returns the beginning of `text` for where Slack shows it as it is. A name that looks like a mention is not to be taken for
/// one by whatever reads it.
fn literal(text: &str, max: usize) -> String {
    plain(&text.replace('<', "‹").replace('>', "›").replace('&', "＆"), max)
}

/// Returns the beginning of `text` that is at most `max` long.
fn plain(text: &str, max: usize) -> String {
    let mut room = max;
    let fits = |c: &char| room.checked_sub(c.len_utf16()).inspect(|left| room = *left).is_some();
    if width(text) <= max { text.to_owned() } else { text.chars().take_while(fits).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::testing::{limits::check, reader::read};

    fn long(text: &str, count: usize) -> Mrkdwn {
        Mrkdwn::escaped(&text.repeat(count))
    }

    #[test]
    fn whatever_is_too_long_is_cut() {
        let confirm =
            Confirm { title: "t".repeat(500), text: long("&", 500), yes: "日".repeat(50), no: "𝄞".repeat(50) };
        let button = Button {
            action: "run.retry",
            label: "L".repeat(100),
            value: "v".repeat(3000),
            style: Style::Primary,
            confirm: Some(confirm),
        };
        let mut page = Page::new(long("<", 5000));
        for _ in 0..100 {
            page = page.section(long("日&", 900)).context(long("x", 10));
        }
        let buttons = ["run.retry", "run.cancel", "run.details"];
        let buttons = buttons.map(|action| Button {
            action,
            style: if action == "run.retry" { Style::Primary } else { Style::Plain },
            ..button.clone()
        });
        check(&page.buttons(buttons.to_vec()).message());
    }

    #[test]
    fn a_long_list_ends_after_a_whole_entry_and_says_how_many_more() {
        for (count, length) in [(1000, 10), (300, 100), (60, 590)] {
            let lines = (0..count).map(|_| long("x", length)).collect();
            let message = Page::new(long("t", 1)).list(lines, |more| Mrkdwn::escaped(&more.to_string())).message();
            check(&message);
            let shown = read(&message).lines().filter(|it| *it == "x".repeat(length)).count();
            assert!(shown > 10 && read(&message).ends_with(&format!("({})", count - shown)), "{shown} of {count}");
        }
    }

    #[test]
    fn a_short_list_is_whole_and_the_text_says_what_the_blocks_say() {
        let lines = vec![Mrkdwn::escaped("a"), Mrkdwn::escaped("b")];
        let message = Page::new(Mrkdwn::escaped("t")).list(lines, |_| unreachable!("everything fits")).message();
        assert_eq!(message.blocks.len(), 2);
        assert_eq!(message.text, "t\na\nb");
    }

    #[test]
    fn another_row_has_another_name() {
        let button = |value: &str| Button {
            action: "run.details",
            label: "Show".into(),
            value: value.into(),
            style: Style::Plain,
            confirm: None,
        };
        let row = |value| {
            let message = Page::new(Mrkdwn::escaped("t")).buttons(vec![button(value)]).message();
            serde_json::to_value(&message.blocks[1]).unwrap()["block_id"].as_str().unwrap().to_owned()
        };
        assert_eq!(row("a"), row("a"));
        assert_ne!(row("a"), row("b"));
    }
}
