//! A text in mrkdwn taken apart, for where Slack reads no mrkdwn: rich text, whose elements are plain text, mentions and
//! dates of their own, and titles, which are plain text altogether.

use super::mrkdwn::{Mrkdwn, pieces, unescaped};

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
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn marks_become_parts_and_entities_become_characters() {
        let text = "a &amp;amp; `x &lt; y` by <@UANA>, <!subteam^S1> at <!date^7^{date_short_pretty} {time}|then>.";
        let date = Part::Date { second: 7, format: "{date_short_pretty} {time}".into(), fallback: "then".into() };
        let said = |it: &str| Part::Text(it.to_owned());
        assert_eq!(
            Mrkdwn::rendered(text.to_owned()).parts(),
            [
                said("a &amp; "),
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
        assert_eq!(Mrkdwn::rendered(text.to_owned()).to_plain(), "a &amp; x < y by UANA, S1 at then.");
    }

    proptest! {
        /// What was written by others comes out as it was, and as nothing but text.
        #[test]
        fn values_stay_text(value in any::<String>()) {
            let text = value.replace('`', "'");
            let expected: Vec<Part> = Some(Part::Text(text.clone())).filter(|_| !text.is_empty()).into_iter().collect();
            prop_assert_eq!(Mrkdwn::escaped(&text).parts(), expected);
        }
    }
}
