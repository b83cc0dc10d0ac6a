//! The repository's own files, as the tests of its rules read them.

use std::{collections::BTreeSet, fs, path::Path};

/// A Rust source file.
pub(crate) struct Source {
    /// Relative to the repository: `src/engine/hints.rs`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Returns the text of a file of the repository.
pub(crate) fn read(path: &str) -> String {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&full).unwrap_or_else(|error| panic!("{}: {error}", full.display()))
}

/// Returns the sources of a module: `{path}.rs`, and every file below the folder `{path}`, sorted;
/// none where neither is there.
pub(crate) fn rust(path: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open = vec![root.join(format!("{path}.rs")), root.join(path)];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        match fs::read_dir(&path) {
            Ok(entries) => open.extend(entries.map(|it| it.unwrap().path())),
            Err(_) if path.extension().is_some_and(|it| it == "rs") && path.is_file() => {
                found.push(Source { path: relative(root, &path), text: fs::read_to_string(&path).unwrap() });
            }
            Err(_) => {}
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap().display().to_string()
}

impl Source {
    /// Returns the text without whole-line comments.
    pub(crate) fn code(&self) -> String {
        self.text.lines().filter(|it| !it.trim_start().starts_with("//")).map(|it| format!("{it}\n")).collect()
    }

    /// Returns the text without whole-line comments and without the module of unit tests at its end.
    pub(crate) fn code_at_work(&self) -> String {
        let code = self.code();
        code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
    }

    /// Returns our own top-level modules that the file names, as `crate::a` or inside `crate::{a, b::c}`.
    pub(crate) fn own_modules(&self) -> BTreeSet<String> {
        let code = self.code();
        let mut names = BTreeSet::new();
        for (at, found) in code.match_indices("crate::") {
            let rest = &code[at + found.len()..];
            match rest.strip_prefix('{') {
                Some(group) => names.extend(first_words(group)),
                None => names.extend(word(rest)),
            }
        }
        names
    }

    /// Returns what paths in the file begin with: `tokio` for `tokio::time::sleep`, and our own types and modules too.
    pub(crate) fn path_heads(&self) -> BTreeSet<String> {
        let code = self.code();
        let is_part = |it: char| it.is_alphanumeric() || it == '_';
        let heads = code.match_indices("::").filter_map(|(at, _)| {
            let before = &code[..at];
            let head = before.trim_end_matches(is_part);
            (!head.ends_with("::")).then(|| before[head.len()..].to_owned())
        });
        heads.filter(|it| !it.is_empty()).collect()
    }
}

/// Returns the first word of each part of `a, b::{c, d}} …`, up to the brace that closes the group.
fn first_words(group: &str) -> BTreeSet<String> {
    let (mut depth, mut start) = (0, 0);
    let mut words = BTreeSet::new();
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                words.extend(word(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    words
}

fn word(text: &str) -> Option<String> {
    let word: String = text.trim_start().chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
    (!word.is_empty()).then_some(word)
}

#[test]
fn names_are_found_in_every_form_of_use() {
    let text = "// crate::commented\nuse crate::{\n    a::{b, c},\n    d,\n};\nfn f() { crate::e::g(); tokio::spawn(h) }\n\
                #[cfg(test)]\nmod tests {\n    use crate::late;\n}\n";
    let source = Source { path: String::new(), text: text.to_owned() };
    assert_eq!(source.own_modules().into_iter().collect::<Vec<_>>(), ["a", "d", "e", "late"]);
    assert_eq!(source.path_heads().into_iter().collect::<Vec<_>>(), ["a", "crate", "tokio"]);
    assert!(!source.code_at_work().contains("late"));
}
