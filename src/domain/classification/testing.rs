//! Rules for tests, from short texts.

use super::{Class, Entry, Rule, Rules, Treatment};

/// Returns the rule of one word: a class, or `hash` or `mask` for a sensitive column that is treated so.
pub(crate) fn rule(word: &str) -> Rule {
    let (class, normal) = match word {
        "normal" => (Class::Normal, None),
        "sensitive" => (Class::Sensitive, None),
        "drop" => (Class::Drop, None),
        "hash" => (Class::Sensitive, Some(Treatment::Hash)),
        "mask" => (Class::Sensitive, Some(Treatment::Mask)),
        _ => panic!("no class is called {word}"),
    };
    Rule { class: Some(class), normal, owner: None }
}

/// Returns an entry of a name such as `learning/users/id` (a database, a table, a column), with the rule of `word`.
pub(crate) fn entry(name: &str, word: &str) -> Entry {
    Entry { names: name.split('/').map(str::to_owned).collect(), rule: rule(word) }
}

/// Returns the rules of names and words.
pub(crate) fn rules(entries: &[(&str, &str)]) -> Rules {
    Rules::new("", entries.iter().map(|(name, word)| entry(name, word)).collect()).unwrap()
}
