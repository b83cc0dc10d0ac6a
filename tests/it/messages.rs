//! `docs/messages.md`: everything that people read in Slack, taken from the snapshots of the projection's own tests.
//!
//! `make messages` writes it. A snapshot that no chapter names gets one by the name of its module.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use super::sources::read;

const PATH: &str = "docs/messages.md";

const HEAD: &str = "# Messages

What people read in Slack, in both languages, as the tests of the projection draw it. `make messages` writes this page; a test
compares it with the snapshots.

How it is to be read: `[Label] action=value` is a button, with `!` the primary one; below it, after `?`, the question that
Slack asks first. `(…)` is small print, `# …` a header, `{22 03:05}` a time, which Slack shows to each reader in their own time
zone. `▤` begins a plan (`[x]` done, `[~]` under way, `[!]` failed), `▦` a table, `▥` a chart, `┌ … └` a form. What stands below
`┄┄` is the same message for workspaces that take newer blocks. `── key · place` names a message of a run and where it goes.
";

/// A chapter: its title, when it is seen, and the snapshots in it as `module::name`; a module alone is all that is left
/// of it.
struct Chapter {
    title: &'static str,
    seen: &'static str,
    of: &'static [&'static str],
}

const CHAPTERS: &[Chapter] = &[
    Chapter {
        title: "A run's message",
        seen: "One for each run, in the channel of `slack.channel`, edited in place from the first minute to the end.",
        of: &["run::roots", "run::waits", "run::root", "run::plan", "run::plans"],
    },
    Chapter {
        title: "Replies in its thread",
        seen: "What has happened, in order, below the run's message; nobody is called for them.",
        of: &["run::thread", "run::stumbles", "run::replies", "thread"],
    },
    Chapter {
        title: "Alerts",
        seen: "In the channel of `slack.alerts_channel`, when a run has failed and wants a person.",
        of: &["run::alerts", "run::alert"],
    },
    Chapter {
        title: "Approvals",
        seen: "In the run's thread, when a refresh of the sensitive layer waits for people, and after they have decided.",
        of: &["run::approvals", "run::approval", "approval"],
    },
    Chapter {
        title: "Notices",
        seen: "In the alerts channel, about what belongs to no run; once for each cause, edited when it is solved.",
        of: &["notice", "notices"],
    },
    Chapter {
        title: "Answers",
        seen: "Only the one who has typed a command or pressed a button sees them.",
        of: &["answer::short", "answer::outcomes", "answer::unsent", "answer::refusals"],
    },
    Chapter {
        title: "Lists and details",
        seen: "What `status`, `list`, `sources`, `whoami` and `help` answer, to the one who asked.",
        of: &["answer::long", "answer", "list", "lists", "table"],
    },
    Chapter {
        title: "Forms",
        seen: "When a run is started without all that it needs, and where a reason is asked for.",
        of: &["form", "forms", "modal", "plan", "view"],
    },
    Chapter { title: "Home", seen: "The app's Home tab, for each reader by what they may do.", of: &["home"] },
    Chapter { title: "Board", seen: "The one message that shows every source and how fresh it is.", of: &["board"] },
];

/// The chapter of what Slack is sent, word by word.
const WIRE: &str = "On the wire";

/// A snapshot in each language that it was made in.
#[derive(Debug, Default)]
struct Snapshot {
    /// Texts by language: `en`, `ja`, or none.
    texts: BTreeMap<String, String>,
}

/// Returns the snapshots by module and name: `run::tests` is told as `run`.
fn snapshots() -> BTreeMap<(String, String), Snapshot> {
    let mut found: BTreeMap<(String, String), Snapshot> = BTreeMap::new();
    for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/projection")) {
        let (module, name, locale) = place(&path);
        let text = fs::read_to_string(&path).unwrap();
        let body = text.splitn(3, "---\n").nth(2).unwrap_or_else(|| panic!("{} has no head", path.display()));
        let texts = &mut found.entry((module, name)).or_default().texts;
        assert!(texts.insert(locale, body.trim_end().to_owned()).is_none(), "{} is there twice", path.display());
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|it| it.is_dir());
    let snapshots = files.into_iter().filter(|it| it.extension().is_some_and(|it| it == "snap"));
    snapshots.chain(folders.iter().flat_map(|it| self::files(it))).collect()
}

/// Returns module, name and language of a snapshot, from the name of its file:
/// `datalake_bot__projection__run__tests__thread@en.snap`.
fn place(path: &Path) -> (String, String, String) {
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let stem = stem.strip_prefix("datalake_bot__projection__").unwrap_or(stem);
    let (module, name) = stem.rsplit_once("__").unwrap_or(("", stem));
    let (name, locale) = ["en", "ja"]
        .into_iter()
        .find_map(|locale| Some((name.strip_suffix(locale)?.trim_end_matches(['@', '_']), locale)))
        .unwrap_or((name, ""));
    let module = module.trim_end_matches("tests").trim_end_matches('_').replace("__", "::");
    (module, name.to_owned(), locale.to_owned())
}

/// Returns the chapter that a snapshot belongs to: the one that names it, then the one that names its module, or a part of
/// it.
fn chapter(module: &str, name: &str) -> Option<&'static Chapter> {
    let whole = format!("{module}::{name}");
    let parts = [whole.as_str(), module].into_iter().chain(module.split("::")).chain([name]);
    parts.into_iter().find_map(|part| CHAPTERS.iter().find(|it| it.of.contains(&part)))
}

fn page() -> String {
    let mut chapters: BTreeMap<(usize, String), String> = BTreeMap::new();
    for ((module, name), snapshot) in snapshots() {
        let known = chapter(&module, &name).filter(|_| !snapshot.texts.contains_key(""));
        let place = match known {
            Some(chapter) => {
                (CHAPTERS.iter().position(|it| it.title == chapter.title).unwrap(), chapter.title.to_owned())
            }
            None if snapshot.texts.contains_key("") => (usize::MAX, WIRE.to_owned()),
            None => (CHAPTERS.len(), title(&module)),
        };
        let seen = match known {
            Some(chapter) => chapter.seen.to_owned(),
            None if place.1 == WIRE => "What Slack is sent, as JSON.".to_owned(),
            None => format!("From `projection::{module}`."),
        };
        let text = chapters.entry(place).or_insert_with_key(|(_, title)| format!("\n## {title}\n\n{seen}\n"));
        let heading = if known.is_some() { title(&name) } else { format!("{}: {name}", title(&module)) };
        write!(text, "\n### {heading}\n").unwrap();
        for (locale, body) in &snapshot.texts {
            let language = match locale.as_str() {
                "en" => "English",
                "ja" => "日本語",
                _ => "JSON",
            };
            write!(text, "\n{language}\n\n````text\n{body}\n````\n").unwrap();
        }
    }
    chapters.into_values().fold(HEAD.to_owned(), |page, chapter| page + &chapter)
}

fn title(name: &str) -> String {
    let words = name.replace("::", ", ").replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "an order of the one who runs the tests")]
fn the_page_shows_every_snapshot_as_it_is() {
    let page = page();
    if std::env::var("UPDATE_MESSAGES").is_ok() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH), &page).unwrap();
    }
    assert!(read(PATH) == page, "{PATH} is not what the snapshots say: make messages");
}

#[test]
fn every_snapshot_has_its_place() {
    let found = snapshots();
    assert!(found.len() > 8, "the search finds nothing: {:?}", found.keys());
    for ((module, name), snapshot) in &found {
        let languages: Vec<&str> = snapshot.texts.keys().map(String::as_str).collect();
        assert!(languages == ["en", "ja"] || languages == [""], "{module}::{name} is only there in {languages:?}");
    }
    assert_eq!(chapter("run", "roots").unwrap().title, "A run's message");
    assert_eq!(chapter("answer", "something_new").unwrap().title, "Lists and details");
    assert_eq!(chapter("home::board", "first").unwrap().title, "Home");
    assert!(chapter("weather", "today").is_none());
}
