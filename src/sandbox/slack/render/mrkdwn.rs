//! Slack's markup as a reader sees it: marks are gone, links and mentions are names.

use super::Reader;

impl Reader<'_> {
    /// Returns `text` as it is shown.
    pub(super) fn mrkdwn(&self, text: &str) -> String {
        let mut shown = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('<') {
            let Some(length) = rest[start..].find('>') else { break };
            shown.push_str(&rest[..start]);
            shown.push_str(&self.special(&rest[start + 1..start + length]));
            rest = &rest[start + length + 1..];
        }
        shown.push_str(rest);
        decoded(&unmarked(&shown))
    }
}

/// Returns `text` with the three escapes undone that Slack knows.
pub(super) fn decoded(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Returns `text` without the marks of bold, italic, struck and code.
fn unmarked(text: &str) -> String {
    let chars: Vec<char> = text.replace("```", "").chars().collect();
    let mut hidden = vec![false; chars.len()];
    for mark in ['`', '*', '_', '~'] {
        let mut at = 0;
        while let Some((open, close)) = pair(&chars, mark, at) {
            hidden[open] = true;
            hidden[close] = true;
            at = close + 1;
        }
    }
    chars.iter().zip(hidden).filter(|(_, hidden)| !hidden).map(|(c, _)| *c).collect()
}

/// Finds the next two marks that enclose something: the first after a non-word and before a non-space, the second the
/// other way round, on one line.
fn pair(chars: &[char], mark: char, from: usize) -> Option<(usize, usize)> {
    let word = |at: usize| chars.get(at).is_some_and(|it| it.is_alphanumeric());
    let space = |at: usize| chars.get(at).is_none_or(|it| it.is_whitespace());
    let before = |at: usize| at.checked_sub(1);
    (from..chars.len()).filter(|at| chars[*at] == mark).find_map(|open| {
        if before(open).is_some_and(word) || space(open + 1) {
            return None;
        }
        let line = chars[open + 1..].iter().position(|it| *it == '\n').map_or(chars.len(), |it| open + 1 + it);
        let mut closing = (open + 2..line).filter(|at| chars[*at] == mark);
        closing.find(|at| !space(at - 1) && !word(at + 1)).map(|close| (open, close))
    })
}
