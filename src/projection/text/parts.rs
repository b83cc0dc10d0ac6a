//! A text in mrkdwn taken apart, for where Slack reads no mrkdwn: rich text, whose elements are plain text, mentions and
//! dates of their own, and titles, which are plain text altogether.

use super::mrkdwn::{Mrkdwn, pieces, unescaped};

/// Stands, unseen, within what would otherwise be a mark or an entity: whoever reads plain text as mrkdwn after all finds
/// none (U+2060, word joiner).
const JOINER: char = '\u{2060}';

/// How marks and entities go on after their first character.
const MARKS: [&str; 3] = ["@", "!", "#"];
const ENTITIES: [&str; 3] = ["amp;", "lt;", "gt;"];

/// A part of a text. What it shows is plain: no entities, and nothing that Slack would take for a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// What stands between backticks.
    Code(String),
    /// The id of a person who is mentioned.
    User(String),
    /// The id of a user group that is mentioned.
    Group(String),
    /// A moment, in Unix seconds, that each reader sees in their own time zone.
    Date {
        second: i64,
        /// As Slack writes it: `{date_short_pretty} {time}`.
        format: String,
        /// What stands there where Slack cannot show it.
        fallback: String,
    },
}

impl Mrkdwn {
    /// Returns the text's parts, in order. Of formatting only code is kept.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut code = false;
        for piece in pieces(self.as_str()) {
            match mark(piece) {
                Some(part) => parts.push(part),
                None if piece == "`" => code = !code,
                None => add(&mut parts, code, &unescaped(piece)),
            }
        }
        parts.iter_mut().for_each(Part::defuse);
        parts
    }

    /// Returns the text as plain text: a mention is the id, a date is in UTC.
    pub fn to_plain(&self) -> String {
        let plain = |part| match part {
            Part::Text(text) | Part::Code(text) => text,
            Part::User(id) | Part::Group(id) => id,
            Part::Date { fallback, .. } => fallback,
        };
        self.parts().into_iter().map(plain).collect()
    }
}

impl Part {
    fn defuse(&mut self) {
        let (Self::Text(text) | Self::Code(text)) = self else { return };
        let is_lit = |it: &usize| {
            let (first, rest) = text.split_at(*it + 1);
            let ways = if first.ends_with('<') { MARKS } else { ENTITIES };
            ways.iter().any(|way| rest.starts_with(way))
        };
        let lit: Vec<usize> = text.match_indices(['<', '&']).map(|(at, _)| at).filter(is_lit).collect();
        lit.into_iter().rev().for_each(|at| text.insert(at + 1, JOINER));
    }
}

/// Adds plain text to the part that it continues, or as a part of its own.
fn add(parts: &mut Vec<Part>, code: bool, text: &str) {
    match (parts.last_mut(), code) {
        (Some(Part::Text(last)), false) | (Some(Part::Code(last)), true) => last.push_str(text),
        (_, false) => parts.push(Part::Text(text.to_owned())),
        (_, true) => parts.push(Part::Code(text.to_owned())),
    }
}

/// Reads `<…>`: the marks that our filters make.
fn mark(piece: &str) -> Option<Part> {
    let inner = piece.strip_prefix('<')?.strip_suffix('>')?;
    if let Some(id) = inner.strip_prefix('@') {
        return Some(Part::User(id.to_owned()));
    }
    if let Some(id) = inner.strip_prefix("!subteam^") {
        return Some(Part::Group(id.to_owned()));
    }
    let (second, rest) = inner.strip_prefix("!date^")?.split_once('^')?;
    let (format, fallback) = rest.split_once('|')?;
    Some(Part::Date { second: second.parse().ok()?, format: format.to_owned(), fallback: fallback.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn marks_become_parts_and_entities_become_characters() {
        let text = "a &amp;amp; `x &lt; y` by <@UANA>, <!subteam^S1> at <!date^7^{date_short_pretty} {time}|then>.";
        let date = Part::Date { second: 7, format: "{date_short_pretty} {time}".into(), fallback: "then".into() };
        let said = |it: &str| Part::Text(it.to_owned());
        let entity = "a &\u{2060}amp; ";
        assert_eq!(
            Mrkdwn::rendered(text.to_owned()).parts(),
            [
                said(entity),
                Part::Code("x < y".into()),
                said(" by "),
                Part::User("UANA".into()),
                said(", "),
                Part::Group("S1".into()),
                said(" at "),
                date,
                said("."),
            ]
        );
        assert_eq!(Mrkdwn::rendered(text.to_owned()).to_plain(), "a &\u{2060}amp; x < y by UANA, S1 at then.");
    }

    proptest! {
        /// What was written by others comes out as it was, and as nothing but text.
        #[test]
        fn values_stay_text(value in "([a<>&@!#^|]|amp;|lt;|UANA|channel|日){0,20}") {
            let parts = Mrkdwn::escaped(&value).parts();
            let said: Vec<&str> = parts.iter().map(|it| if let Part::Text(text) = it { text } else { "?" }).collect();
            prop_assert_eq!(said.concat().replace(JOINER, ""), value);
            for mark in ["<@", "<!", "<#", "&amp;", "&lt;"] {
                prop_assert!(!said.concat().contains(mark), "{:?}", said);
            }
        }
    }
}
