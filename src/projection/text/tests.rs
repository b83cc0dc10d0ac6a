use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::*;
use crate::domain::{
    approval::Subject, command::GRAMMAR, doubt::FindingKind, run::RunStatus, source::Layer, stage::StageId,
};
use crate::projection::testing::WORDS;

fn texts(locale: Locale) -> BTreeMap<String, String> {
    catalogue::entries(locale).into_iter().collect()
}

fn shown(locale: Locale, template: &str, value: impl Serialize) -> String {
    WORDS.voice(locale).env.render_named_str("it", template, values! { it => value }).unwrap()
}

#[test]
fn both_languages_have_the_same_texts_of_the_same_values() {
    let keys = |locale| texts(locale).into_keys().collect::<BTreeSet<_>>();
    assert_eq!(keys(Locale::En), keys(Locale::Ja));
    for key in keys(Locale::En) {
        let values = |env: &Environment<'_>| env.get_template(&key).unwrap().undeclared_variables(false);
        assert_eq!(values(&WORDS.en), values(&WORDS.ja), "{key}");
    }
}

#[test]
fn texts_have_no_marks_of_their_own() {
    for (key, text) in Locale::ALL.into_iter().flat_map(texts) {
        let fixed: String = text.split("{%").flat_map(|it| it.rsplit("%}").next()).collect();
        let fixed: String = fixed.split("{{").flat_map(|it| it.rsplit("}}").next()).collect();
        assert!(!fixed.contains(['<', '>', '&']), "{key}: {fixed}");
        assert_eq!(text.trim_end(), text, "{key}");
    }
}

/// Slack shows `*bold*` and code only where white space or ASCII punctuation stands around them, which Japanese texts
/// easily forget.
#[test]
fn bold_and_code_are_set_apart() {
    let may_touch = |c: char| c.is_whitespace() || c.is_ascii_punctuation() || c == '·';
    for (key, text) in texts(Locale::Ja).into_iter().filter(|(key, _)| !key.starts_with("remedies.")) {
        for (line, mark) in text.lines().flat_map(|it| [(it, '*'), (it, '`')]) {
            for (count, (at, _)) in line.match_indices(mark).enumerate() {
                let outside =
                    if count % 2 == 0 { line[..at].chars().next_back() } else { line[at + 1..].chars().next() };
                assert!(outside.is_none_or(may_touch), "{key}: {outside:?} beside {mark} in {line}");
            }
        }
    }
}

#[test]
fn every_text_is_used() {
    let mut source = String::new();
    read_sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/projection")), &mut source);
    let made = families();
    for key in texts(Locale::En).into_keys() {
        assert!(made.contains(&key) || source.contains(&format!("\"{key}\"")), "nothing says {key}");
    }
    for key in made {
        assert!(texts(Locale::En).contains_key(&key), "there is no {key}");
    }
}

fn read_sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            read_sources(&entry.path(), into);
        } else if entry.file_name() != "tests.rs" {
            into.push_str(&fs::read_to_string(entry.path()).unwrap());
        }
    }
}

/// Keys of what people are asked.
fn questions() -> impl Iterator<Item = String> {
    let states = ["pending", "approved", "denied", "expired"];
    let requests = Subject::ALL.iter().map(|it| it.as_str()).chain(["leak_ahead"]);
    let requests = requests.flat_map(move |it| states.map(|state| format!("approval.{it}.{state}")));
    let findings = FindingKind::ALL.iter().map(|it| format!("finding.{}", it.as_str()));
    let found = Subject::ALL.iter().map(|it| format!("finding.headline.{}", it.as_str()));
    let confirms = ["deny", "stop"].map(|it| format!("button.{it}.confirm.text"));
    requests.chain(findings).chain(found).chain(confirms)
}

/// What is told of a stage's work.
const FACTS: [&str; 15] = [
    "state",
    "percent",
    "gigabytes",
    "tables",
    "exported_tables",
    "switched_tables",
    "rows",
    "skipped_tables",
    "objects",
    "copied_objects",
    "per_second",
    "expected_end",
    "bytes",
    "removed",
    "approved_by",
];

/// Keys that are put together from the names of variants.
fn families() -> BTreeSet<String> {
    let stages =
        StageId::ALL.iter().flat_map(|id| ["name", "todo", "doing", "done"].map(|it| format!("stage.{id}.{it}")));
    let remedies = Remedy::ALL.iter().map(|it| format!("remedies.{}", it.as_str()));
    let layers = Layer::ALL.iter().map(|it| format!("run.layer.{}", it.as_str()));
    let verbs = GRAMMAR.iter().flat_map(|it| ["does", "example"].map(|kind| format!("help.{kind}.{}", it.verb)));
    let buttons = ["retry", "cancel", "acknowledge", "details", "approve", "deny", "go_on", "stop"]
        .map(|it| format!("button.{it}.label"));
    let titles = ["retry", "cancel", "deny", "stop"].map(|it| format!("button.{it}.confirm.title"));
    let statuses = [
        RunStatus::Running,
        RunStatus::WaitingApproval,
        RunStatus::Succeeded,
        RunStatus::SucceededWithWarnings,
        RunStatus::Failed,
        RunStatus::Canceled,
        RunStatus::Superseded,
        RunStatus::Expired,
    ];
    let outcomes = [
        "queued",
        "running",
        "canceling",
        "waiting_approval",
        "doubtful",
        "doubt_denied",
        "doubt_expired",
        "succeeded",
        "warned",
        "failed",
        "canceled",
        "denied",
        "superseded",
        "expired",
    ];
    let outcomes = outcomes.iter().flat_map(|it| [format!("run.headline.{it}"), format!("plan.title.{it}")]);
    let all = outcomes.chain(stages).chain(remedies).chain(layers).chain(verbs).chain(buttons).chain(titles);
    let all = all.chain(questions());
    all.chain(FACTS.map(|it| format!("stage.fact.{it}")))
        .chain(statuses.map(|it| format!("run.status.{}", it.as_str())))
        .collect()
}

#[test]
fn every_remedy_says_something_in_each_language() {
    for remedy in Remedy::ALL {
        let [en, ja] = Locale::ALL.map(|it| WORDS.remedy(it, remedy));
        assert!(en.len() > 60 && en.is_ascii() && !ja.is_ascii(), "{remedy:?}: {en} / {ja}");
    }
    assert!(WORDS.remedy(Locale::Ja, Remedy::ExportRoleTrust).contains("export.rds.amazonaws.com"));
}

#[test]
fn slacks_locales_find_their_language() {
    for (slack, locale) in [
        ("ja-JP", Locale::Ja),
        ("ja", Locale::Ja),
        ("JA_jp", Locale::Ja),
        ("en-GB", Locale::En),
        ("fr-FR", Locale::En),
        ("", Locale::En),
    ] {
        assert_eq!(Locale::from_slack(slack), locale, "{slack}");
    }
    assert_eq!("ja".parse(), Ok(Locale::Ja));
    assert_eq!("jp".parse::<Locale>(), Err(NotALocale));
}

#[test]
fn people_are_mentioned() {
    for (who, user, entry) in [
        ("UANA", "<@UANA>", "<@UANA>"),
        ("W0123", "<@W0123>", "<@W0123>"),
        ("S0OPS", "S0OPS", "<!subteam^S0OPS>"),
        ("*", "*", "any full member of the team"),
        ("ana <root>", "ana &lt;root&gt;", "ana &lt;root&gt;"),
        ("<!channel>", "&lt;!channel&gt;", "&lt;!channel&gt;"),
    ] {
        assert_eq!(shown(Locale::En, "{{ it | user }}", who), user);
        assert_eq!(shown(Locale::En, "{{ it | who }}", who), entry);
    }
}

#[test]
fn durations_have_two_units_at_most() {
    for (seconds, en, ja) in [
        (-5, "0 s", "0 秒"),
        (59, "59 s", "59 秒"),
        (60, "1 min", "1 分"),
        (3599, "59 min", "59 分"),
        (3600, "1 h", "1 時間"),
        (7500, "2 h 5 min", "2 時間 5 分"),
        (90_000, "1 d 1 h", "1 日 1 時間"),
    ] {
        assert_eq!(shown(Locale::En, "{{ it | duration }}", seconds), en);
        assert_eq!(shown(Locale::Ja, "{{ it | duration }}", seconds), ja);
    }
}

#[test]
fn sizes_are_read_at_a_glance() {
    for (bytes, text) in [
        (0_u64, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1_234_567, "1.2 MB"),
        (999_999_999, "1 GB"),
        (98_400_000_000, "98.4 GB"),
        (12_345_000_000_000_000, "12,345 TB"),
    ] {
        assert_eq!(shown(Locale::En, "{{ it | bytes }}", bytes), text);
    }
    for (amount, text) in [(0.0, "0.00"), (0.001, "0.01"), (1.7, "1.70"), (12_345.678, "12,345.68")] {
        assert_eq!(shown(Locale::En, "{{ it | decimal }}", amount), text);
    }
    for (number, text) in [(0.0, "0"), (999.0, "999"), (1840.0, "1,840"), (1_234_567.25, "1,234,567.2")] {
        assert_eq!(shown(Locale::Ja, "{{ it | number }}", number), text);
    }
}

#[test]
fn code_cannot_be_left() {
    assert_eq!(shown(Locale::En, "`{{ it | code }}`", "a` <b>\n`"), "`a' &lt;b&gt; '`");
    assert_eq!(shown(Locale::En, "{{ it | list(2) }}", ["a", "b", "c"]), "`a`, `b` and 1 more");
    assert_eq!(shown(Locale::Ja, "{{ it | list }}", ["a"]), "`a`");
}

#[test]
fn dates_have_a_fallback() {
    let date = shown(Locale::En, "{{ it | date }}", "2026-11-22T03:00:00Z");
    assert_eq!(date, "<!date^1795316400^{date_short_pretty} {time}|2026-11-22 03:00 UTC>");
    assert_eq!(shown(Locale::En, "{{ it | utc }}", "2026-11-22T03:00:00Z"), "2026-11-22 03:00 UTC");
}
