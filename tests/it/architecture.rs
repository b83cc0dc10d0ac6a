//! Who may use whom, checked: the table of `ARCHITECTURE.md`, and rules about files that no lint knows.

use std::collections::BTreeSet;

use super::sources::{Source, read, rust};

/// A module, and those of ours that it may name beside itself. A row for a part of a module (`engine/ports`) holds for
/// that part instead of the module's row. The doors (`inbound`) and the adapters do not know each
/// other; the stand-ins do not know the bot, so that a mistake of the bot's is not made twice.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("projection", &["domain"]),
    // The stand-in for Slack judges blocks.
    ("projection/testing", &["domain", "sandbox"]),
    ("engine", &["domain", "projection", "clock", "metrics"]),
    ("adapters", &["domain", "projection", "engine", "clock", "metrics"]),
    ("inbound", &["domain", "projection", "engine", "clock", "health", "metrics"]),
    ("config", &["domain"]),
    ("doctor", &["domain", "projection", "engine", "adapters", "config", "clock"]),
    ("clock", &[]),
    ("fuzzing", &["domain", "projection", "adapters", "inbound", "config"]),
    ("health", &["metrics"]),
    ("metrics", &[]),
    ("telemetry", &[]),
    (
        "app",
        &["domain", "projection", "engine", "adapters", "inbound", "config", "clock", "health", "metrics", "telemetry"],
    ),
    ("sandbox", &["clock"]),
    ("sandbox/world", &["adapters", "clock", "config"]),
    (
        "cli",
        &[
            "domain",
            "projection",
            "engine",
            "adapters",
            "inbound",
            "config",
            "clock",
            "doctor",
            "telemetry",
            "app",
            "sandbox",
        ],
    ),
];

/// Crates of others (whose names begin so), and the only places that may name them.
const HOMES: &[(&str, &[&str])] = &[
    ("arrow", &["src/sandbox/"]),
    ("aws_config", &["src/adapters/", "src/sandbox/"]),
    ("aws_lc_rs", &["src/inbound/sns/", "src/sandbox/aws/sns/"]),
    ("aws_sdk", &["src/adapters/", "src/doctor", "src/sandbox/"]),
    ("aws_types", &["src/adapters/", "src/sandbox/"]),
    ("axum", &["src/inbound/", "src/sandbox/"]),
    ("chrono", &[]),
    ("clap", &["src/cli", "src/telemetry.rs"]),
    ("dynoxide", &["src/sandbox/"]),
    (
        "hyper",
        &[
            "src/adapters/aws/publish/canned.rs",
            "src/adapters/aws/sns.rs",
            "src/adapters/https.rs",
            "src/adapters/slack/",
            "src/inbound/",
            "src/sandbox/",
        ],
    ),
    ("metrics_exporter_prometheus", &["src/app", "src/telemetry.rs"]),
    ("minijinja", &["src/projection/"]),
    ("parquet", &["src/sandbox/"]),
    ("s3s", &["src/sandbox/"]),
    ("serde_dynamo", &["src/adapters/store"]),
    // Of its types, the projection uses the blocks alone.
    (
        "slack_morphism",
        &[
            "src/adapters/slack/",
            "src/projection/blocks",
            "src/projection/message.rs",
            "src/projection/testing/",
            "src/projection/view.rs",
            "src/sandbox/",
        ],
    ),
    (
        "tokio",
        &[
            "src/adapters/",
            "src/app",
            "src/cli",
            "src/doctor/",
            "src/engine",
            "src/health.rs",
            "src/inbound/",
            "src/sandbox/",
        ],
    ),
    ("tokio_rustls", &["src/adapters/https.rs", "src/adapters/slack/sockets.rs"]),
    ("tokio_tungstenite", &["src/adapters/slack/sockets.rs", "src/sandbox/slack/"]),
    ("tower", &["src/inbound/", "src/sandbox/"]),
    (
        "tracing",
        &["src/adapters/", "src/app", "src/cli", "src/engine", "src/inbound/", "src/sandbox/", "src/telemetry.rs"],
    ),
    ("tracing_subscriber", &["src/telemetry.rs"]),
    ("x509_parser", &["src/inbound/sns/"]),
];

/// Crates whose name as a library is not their name with underscores.
const LIBRARY_NAMES: &[(&str, &str)] = &[("dynoxide-rs", "dynoxide"), ("md-5", "md5")];

const LONGEST: usize = 400;
const MEDIAN: usize = 150;

#[test]
fn modules_use_only_what_the_table_allows() {
    let mut broken = Vec::new();
    for source in rust("src") {
        let Some((row, may_use)) = row(&source.path) else { continue };
        let module = row.split('/').next().unwrap_or(row);
        for used in source.own_modules().iter().filter(|it| *it != module && !may_use.contains(&it.as_str())) {
            broken.push(format!("{}: {row} uses crate::{used}", source.path));
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_module_has_its_row() {
    let library = read("src/lib.rs");
    let declared = library.lines().filter_map(|it| it.trim_start_matches("pub ").strip_prefix("mod "));
    for module in declared.map(|it| it.trim_end_matches(';')) {
        assert!(MAY_USE.iter().any(|(row, _)| *row == module), "{module} is not in the table");
    }
    for (row, _) in MAY_USE {
        assert!(!rust(&format!("src/{row}")).is_empty(), "the table's {row} is not there");
    }
}

/// The crate's root can be reached past `crate::` too, which the table would not see.
#[test]
fn nobody_climbs_out_of_its_module() {
    for source in rust("src") {
        let depth = source.path.matches('/').count();
        let climb = "super::".repeat(depth);
        assert!(!source.code_at_work().contains(&climb), "{}: name it from `crate::`", source.path);
    }
}

#[test]
fn crates_are_named_only_where_they_are_at_home() {
    let mut broken = Vec::new();
    for source in rust("src") {
        for head in source.path_heads() {
            for (name, homes) in HOMES.iter().filter(|(name, _)| head.starts_with(name)) {
                if !homes.iter().any(|it| source.path.starts_with(it)) {
                    broken.push(format!("{}: {head}:: is at home in {homes:?} ({name})", source.path));
                }
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_dependency_is_used() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let (src, tests) = (heads(&["src"]), heads(&["src", "tests", "benches"]));
    for (section, named) in [("dependencies", &src), ("dev-dependencies", &tests)] {
        for name in manifest[section].as_table().unwrap().keys() {
            let library = LIBRARY_NAMES.iter().find(|(it, _)| it == name).map(|(_, library)| (*library).to_owned());
            let library = library.unwrap_or_else(|| name.replace('-', "_"));
            assert!(named.contains(&library), "{name} is among the {section} and is not used");
        }
    }
}

#[test]
fn files_are_short() {
    let mut lengths: Vec<(usize, String)> = all().into_iter().map(|it| (it.text.lines().count(), it.path)).collect();
    lengths.sort();
    let (longest, path) = lengths.last().unwrap();
    assert!(*longest <= LONGEST, "{path} has {longest} lines, more than {LONGEST}");
    let (median, _) = lengths[lengths.len() / 2];
    assert!(median < MEDIAN, "half of the files have {median} lines or more");
}

/// Unit tests beside their module are for what the folder's name says.
#[test]
fn every_file_says_what_it_is_for() {
    let silent = all().into_iter().filter(|it| !it.text.starts_with("//!") && !it.path.ends_with("/tests.rs"));
    let silent: Vec<String> = silent.map(|it| it.path).collect();
    assert!(silent.is_empty(), "without a `//!` at the top:\n{}", silent.join("\n"));
}

#[test]
fn nothing_is_left_for_later() {
    for source in rust("src") {
        for word in ["todo!(", "unimplemented!(", "TODO", "FIXME", "XXX"] {
            assert!(!source.text.contains(word), "{}: {word}", source.path);
        }
    }
}

/// Returns the row that holds for a file: the one that names most of its path. The crate's two roots have none.
fn row(path: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    let holds = |row: &str| path == format!("src/{row}.rs") || path.starts_with(&format!("src/{row}/"));
    MAY_USE.iter().filter(|(row, _)| holds(row)).max_by_key(|(row, _)| row.len())
}

fn all() -> Vec<Source> {
    rust("src").into_iter().chain(rust("tests")).collect()
}

fn heads(folders: &[&str]) -> BTreeSet<String> {
    folders.iter().flat_map(|it| rust(it)).flat_map(|it| it.path_heads()).collect()
}
