//! From the text of a message to the words that its author typed: Slack writes names, links and three signs in a way of its
//! own (docs.slack.dev, "Formatting message text").

/// Returns what is said behind the bot's name, or before it if there is nothing behind. `bot` is the bot's user; if that is
/// not known, the first name counts.
pub(super) fn spoken(text: &str, bot: Option<&str>) -> String {
    let pieces = pieces(text);
    let is_bot = |it: &Piece<'_>| matches!(it, Piece::Marked(name) if names(name, bot));
    let words = match pieces.iter().position(is_bot) {
        Some(at) => {
            let behind = plain(&pieces[at + 1..]);
            if behind.is_empty() { plain(&pieces[..at]) } else { behind }
        }
        None => plain(&pieces),
    };
    // A name may be followed by a comma or a colon, as among people.
    words.trim_start_matches([',', ':']).trim_start().to_owned()
}

/// A part of a text.
enum Piece<'a> {
    /// As it was typed, with its entities.
    Text(&'a str),
    /// What stands between `<` and `>`.
    Marked(&'a str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once('<') {
        pieces.push(Piece::Text(before));
        let Some((marked, after)) = marked.split_once('>') else {
            pieces.push(Piece::Text(marked));
            return pieces;
        };
        pieces.push(Piece::Marked(marked));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// Says whether a mark is the name of the bot: `@U123`, or `@U123|datalake`.
fn names(mark: &str, bot: Option<&str>) -> bool {
    let user = mark.strip_prefix('@').map(|it| it.split_once('|').map_or(it, |(id, _)| id));
    user.is_some_and(|it| bot.is_none_or(|bot| it == bot))
}

/// Returns the pieces as they were typed, with single blanks. Signs of code are left out: people copy commands with them.
fn plain(pieces: &[Piece<'_>]) -> String {
    let text: String = pieces.iter().map(typed).collect();
    text.replace('`', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn typed(piece: &Piece<'_>) -> String {
    match piece {
        Piece::Text(text) => unescaped(text),
        Piece::Marked(mark) => {
            let (target, label) = mark.split_once('|').map_or((*mark, None), |(it, label)| (it, Some(label)));
            // A channel and a person are written with their sign and name; of a link the label is what was typed.
            let sign = target.chars().next().filter(|it| "@#".contains(*it));
            match (sign, label.filter(|it| !it.is_empty())) {
                (Some(sign), Some(label)) => format!("{sign}{}", unescaped(label.trim_start_matches(sign))),
                (None, Some(label)) => unescaped(label),
                (_, None) => unescaped(target),
            }
        }
    }
}

/// Returns `text` with its three entities as they were typed; nothing is undone twice.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("<@UBOT> status shop", "status shop")]
    #[case::named("<@UBOT|datalake> status shop", "status shop")]
    #[case::blanks("  <@UBOT>   status \u{a0} shop\n", "status shop")]
    #[case::politely("<@UBOT>, status shop", "status shop")]
    #[case::colon("<@UBOT>: help", "help")]
    #[case::within("Good morning <@UBOT> status shop", "status shop")]
    #[case::name_last("status shop <@UBOT>", "status shop")]
    #[case::name_alone("<@UBOT>", "")]
    #[case::without_name("status shop", "status shop")]
    #[case::another("<@UANA> says: <@UBOT> help", "help")]
    #[case::option("<@UBOT> run shop --only a.b", "run shop --only a.b")]
    #[case::as_code("<@UBOT> `status shop`", "status shop")]
    #[case::entities("<@UBOT> status &lt;shop&gt; &amp;lt;", "status <shop> &lt;")]
    #[case::linked("<@UBOT> run shop --only <http://db.users|db.users>", "run shop --only db.users")]
    #[case::address("<@UBOT> status <http://example.com>", "status http://example.com")]
    #[case::mail("<@UBOT> status <mailto:a@b.example|a@b.example>", "status a@b.example")]
    #[case::channel("<@UBOT> status <#C1|shop>", "status #shop")]
    #[case::person("<@UBOT> status <@UANA|ana> <@UBEN>", "status @ana @UBEN")]
    #[case::open("<@UBOT> status <shop", "status shop")]
    fn what_was_typed(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(spoken(text, Some("UBOT")), expected);
    }

    #[test]
    fn the_first_name_counts_where_the_bots_own_is_not_known() {
        assert_eq!(spoken("<@UWHO> help", None), "help");
    }

    proptest! {
        #[test]
        fn any_text_gives_words_of_its_own(text in "[<>@|&;a-z `#:]{0,60}") {
            let words = spoken(&text, Some("UBOT"));
            prop_assert!(words.chars().count() <= text.chars().count());
            prop_assert_eq!(words.trim(), words.as_str());
        }
    }
}
