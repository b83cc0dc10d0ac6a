//! The catalogues: TOML files of texts, one per subject and language, the same keys in each language.

use super::Locale;

/// Takes in the catalogue of a subject in each language.
macro_rules! subjects {
    ($($subject:literal),+ $(,)?) => {
        [$((
            $subject,
            include_str!(concat!("../../../templates/en/", $subject, ".toml")),
            include_str!(concat!("../../../templates/ja/", $subject, ".toml")),
        )),+]
    };
}

/// Subject, English, Japanese.
const CATALOGUES: [(&str, &str, &str); 23] = subjects![
    "alert",
    "answer",
    "approval",
    "board",
    "button",
    "finding",
    "names",
    "forecast",
    "form",
    "freshness",
    "help",
    "home",
    "notice",
    "outcome",
    "plan",
    "remedies",
    "rollback",
    "run",
    "stage",
    "table",
    "thread",
    "units",
    "wait",
];

/// Returns every text in `locale` with its key: subject and path in the file, joined by dots (`stage.export.done`).
pub(super) fn entries(locale: Locale) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    for (subject, en, ja) in CATALOGUES {
        let text = match locale {
            Locale::En => en,
            Locale::Ja => ja,
        };
        let table = toml::from_str(text).expect("a test has read every catalogue");
        flatten(subject, table, &mut entries);
    }
    entries
}

fn flatten(path: &str, table: toml::Table, entries: &mut Vec<(String, String)>) {
    for (name, value) in table {
        let key = format!("{path}.{name}");
        if let toml::Value::Table(table) = value {
            flatten(&key, table, entries);
        } else {
            let text = value.as_str().expect("a test has seen that catalogues hold texts only");
            entries.push((key, text.to_owned()));
        }
    }
}
