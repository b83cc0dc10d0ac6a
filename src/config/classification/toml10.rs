//! What TOML 1.0, which the Glue jobs read, does not have, and the bot's own reader takes.

/// Returns the bytes at which `text` has an escape of TOML 1.1: `\e` or `\x41` in a string in double quotes.
pub(super) fn newer(text: &str) -> Vec<usize> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some(start) = rest.find(['#', '"', '\'']) {
        rest = &rest[start..];
        if rest.starts_with('#') {
            rest = rest.find('\n').map_or("", |it| &rest[it..]);
            continue;
        }
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|it| rest.starts_with(*it)).unwrap_or("\"");
        rest = &rest[quote.len()..];
        let inside = end(rest, quote);
        if quote.starts_with('"') {
            let at = text.len() - rest.len();
            found.extend(escapes(&rest[..inside]).filter(|(_, it)| matches!(it, b'e' | b'x')).map(|(it, _)| at + it));
        }
        // Three quotes that end a text may follow on one or two that belong to it.
        rest = rest[inside..].trim_start_matches(&quote[..1]);
    }
    found
}

/// Returns where the string ends that `text` is the inside of.
fn end(text: &str, quote: &str) -> usize {
    let mut from = 0;
    while let Some(at) = text[from..].find(quote) {
        let inside = &text[..from + at];
        let is_escaped = quote.starts_with('"') && inside.bytes().rev().take_while(|it| *it == b'\\').count() % 2 == 1;
        if !is_escaped {
            return from + at;
        }
        from += at + 1;
    }
    text.len()
}

/// Returns the backslashes of `text` that escape something, each with the byte after it.
fn escapes(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        at += bytes.get(at..)?.iter().position(|it| *it == b'\\')?;
        let found = (at, *bytes.get(at + 1)?);
        at += 2;
        Some(found)
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::escape(r#"a = "\e""#, &[5])]
    #[case::hex(r#"["\x61"]"#, &[2])]
    #[case::both(r#"a = "\e\x41""#, &[5, 7])]
    #[case::lines("a = \"\"\"\n\"\\e\"\n\"\"\"", &[9])]
    #[case::after_a_quote(r#"a = "\"\e""#, &[7])]
    #[case::older(r#"a = "\t\u0041\\e\"""#, &[])]
    #[case::literal(r"a = '\e' # \e", &[])]
    #[case::literal_lines("a = '''\\e'''", &[])]
    #[case::comment("# it's \"\\e\na = 'x'", &[])]
    #[case::second("a = 'x'\nb = \"\\e\"", &[13])]
    #[case::quotes("a = \"\"\"x\"\"\"\"\"\nb = '\\e'", &[])]
    #[case::nothing("a = \"\"\nb = \"\\e\"", &[12])]
    #[case::unfinished("a = \"\\e", &[5])]
    #[case::backslash("a = \"\\", &[])]
    fn escapes_of_a_later_toml_are_found(#[case] text: &str, #[case] expected: &[usize]) {
        assert_eq!(newer(text), expected);
    }
}
