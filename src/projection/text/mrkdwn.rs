//! Text in Slack's mrkdwn: escaping, measuring and cutting.
//!
//! Slack reads `<…>` as a mention, a date or a link, and wants `&`, `<` and `>` written as entities everywhere else, in
//! code and addresses too; nothing else is escaped (docs.slack.dev, "Formatting message text").

use minijinja::Value;
use serde::{Serialize, Serializer};

/// What stands for the part of a text that was cut off.
const CUT: char = '…';

/// A text in mrkdwn that is safe to show: every `&`, `<` and `>` in it is ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mrkdwn(String);

impl Mrkdwn {
    /// Returns `text` so that Slack shows it as it is.
    pub fn escaped(text: &str) -> Self {
        Self(escape(text))
    }

    /// Takes a text that a template has made.
    pub(super) fn rendered(text: String) -> Self {
        Self(text)
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Returns the text for where Slack shows plain text: without entities, which would be shown as they are. What looks
    /// like a mention gets other brackets, in case a client makes one of it all the same.
    pub fn literal(&self) -> String {
        self.0.replace("&lt;", "‹").replace("&gt;", "›").replace("&amp;", "&")
    }

    /// Says whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the text's length as Slack may count it, see [`width`].
    pub fn width(&self) -> usize {
        width(&self.0)
    }

    /// Returns the text, at most `max` long: what is too much goes, never from within a character, an entity or a
    /// mention.
    #[must_use]
    pub fn cut(self, max: usize) -> Self {
        if self.width() <= max {
            return self;
        }
        let mut kept = String::new();
        let mut room = max.saturating_sub(CUT.len_utf16());
        for piece in pieces(&self.0) {
            let Some(left) = room.checked_sub(width(piece)) else { break };
            room = left;
            kept.push_str(piece);
        }
        kept.push(CUT);
        Self(kept)
    }

    /// Returns the texts that are not empty, one per line.
    pub fn lines(texts: impl IntoIterator<Item = Self>) -> Self {
        let texts: Vec<String> = texts.into_iter().map(Self::into_string).filter(|it| !it.is_empty()).collect();
        Self(texts.join("\n"))
    }
}

/// As a value in another text it is not escaped again.
impl From<Mrkdwn> for Value {
    fn from(text: Mrkdwn) -> Self {
        Self::from_safe_string(text.0)
    }
}

/// As a value in another text it is not escaped again.
impl Serialize for Mrkdwn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::from(self.clone()).serialize(serializer)
    }
}

/// Returns the length of `text` in UTF-16 units: of the ways in which Slack may count "characters" the stricter one.
pub fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Returns `value` as it may stand in a text. Every value that a template shows goes through here.
pub(super) fn escape_value(value: &Value) -> String {
    match value.as_str() {
        Some(text) if value.is_safe() => text.to_owned(),
        Some(text) => escape(text),
        None => escape(&value.to_string()),
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match entity(c) {
            Some(entity) => escaped.push_str(entity),
            None => escaped.push(c),
        }
    }
    escaped
}

/// Returns the character that an entity of ours stands for; other text as it is.
pub(super) fn unescaped(piece: &str) -> String {
    let entity = ['&', '<', '>'].into_iter().find(|it| entity(*it) == Some(piece));
    entity.map_or_else(|| piece.to_owned(), String::from)
}

fn entity(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    }
}

/// Returns the beginning of the plain text `text` that is at most `max` long once it is escaped; one line, whatever
/// white space it has.
pub(super) fn short(text: &str, max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cost = |c: char| entity(c).map_or(c.len_utf16(), str::len);
    if line.chars().map(cost).sum::<usize>() <= max {
        return line;
    }
    let mut room = max.saturating_sub(CUT.len_utf16());
    let fits = |c: &char| room.checked_sub(cost(*c)).inspect(|left| room = *left).is_some();
    let mut kept: String = line.chars().take_while(fits).collect();
    kept.push(CUT);
    kept
}

/// Splits a text into what may not be torn: entities, `<…>`, characters.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = match first {
            '&' => rest.find(';').map(|at| at + 1),
            '<' => rest.find('>').map(|at| at + 1),
            _ => None,
        };
        let (piece, after) = rest.split_at(end.unwrap_or(first.len_utf8()));
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn nothing_is_torn() {
        let text = Mrkdwn::rendered("a &amp; <@UANA> 日本".to_owned());
        assert_eq!(text.width(), 18);
        for (max, cut) in
            [(18, "a &amp; <@UANA> 日本"), (17, "a &amp; <@UANA> …"), (15, "a &amp; …"), (7, "a …"), (1, "…")]
        {
            assert_eq!(text.clone().cut(max).as_str(), cut, "{max}");
        }
    }

    #[test]
    fn a_short_text_is_measured_as_it_will_be_escaped() {
        assert_eq!(short("a <b>", 11), "a <b>");
        assert_eq!(short("a <b>", 10), "a <b…");
        assert_eq!(short(" two\n lines ", 100), "two lines");
    }

    proptest! {
        #[test]
        fn an_escaped_text_has_no_marks_of_its_own(text in any::<String>()) {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(['<', '>']));
            prop_assert_eq!(escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), text);
        }

        #[test]
        fn cut_texts_fit(text in "[a&<>日𝄞 \n]{0,60}", max in 1_usize..40) {
            prop_assert!(Mrkdwn::escaped(&text).cut(max).width() <= max);
            prop_assert!(Mrkdwn::escaped(&short(&text, max)).width() <= max);
        }
    }
}
