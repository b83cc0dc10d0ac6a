//! Words as they are typed on keyboards that are not English.

/// How far the full-width forms of ASCII lie above it (Unicode, "Halfwidth and Fullwidth Forms").
const FULL_WIDTH: u32 = 0xfee0;

/// Returns `word` in lower case, its full-width letters, digits and signs as ASCII.
pub fn fold(word: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - FULL_WIDTH).unwrap_or(c),
        // What a Japanese keyboard writes where a hyphen is meant.
        '\u{30fc}' | '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => c,
    };
    word.chars().map(narrow).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_to_what_names_are_made_of() {
        for (typed, folded) in [
            ("SHOP", "shop"),
            ("ｓｈｏｐ", "shop"),
            ("ＳＨＯＰ－２", "shop-2"),
            ("shopー2", "shop-2"),
            ("shop−2", "shop-2"),
            ("店", "店"),
            ("", ""),
        ] {
            assert_eq!(fold(typed), folded, "{typed}");
        }
    }
}
