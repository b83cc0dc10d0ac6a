//! `[[sources]]`: the databases, and what is made of them.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use sha2::{Digest, Sha256};

use super::{
    super::{
        classification::{self, Mistaken},
        reader::Section,
    },
    NOBODY, layers, places, policy, retention, shapes,
};
use crate::domain::{
    access::{Identities, Lists, Who},
    classification::Rules,
    name::check_source_name,
    source::{Catalog, Engine, Export, Layer, LayerWork, Location, Publish, Schedule, Source},
};

/// What every source has.
pub(super) struct Shared {
    pub(super) people: Identities,
    pub(super) break_glass: Vec<Who>,
}

/// Returns the sources, which are in `region`, and the lists of people of those that have their own, by name.
pub(super) fn sources(
    root: &Section<'_>,
    folder: &Path,
    general: &Lists,
    shared: &Shared,
    region: &str,
) -> (Vec<Source>, BTreeMap<String, Lists>) {
    let (mut read, mut own): (Vec<Source>, _) = (Vec::new(), BTreeMap::new());
    let sections = root.sections("sources");
    if sections.is_empty() {
        root.wrong("sources", "has none: add a [[sources]] for each database");
    }
    for section in sections {
        let name = section.text("name");
        let section = if name.is_empty() { section } else { section.renamed(format!("sources.{name}")) };
        own.extend(access(&section.section("access", false), general).map(|it| (name.clone(), it)));
        let operators = own.get(&name).unwrap_or(general).operators.clone();
        let (people, break_glass) = (shared.people.clone(), shared.break_glass.clone());
        let source = Source { operators, people, break_glass, ..source(&section, name, folder, region) };
        for other in &read {
            clashes(&section, &source, other);
        }
        read.push(source);
    }
    (read, own)
}

/// Returns the source's own lists, if it has any; one that is not there is the general one.
fn access(section: &Section<'_>, general: &Lists) -> Option<Lists> {
    let list = |key, general: &[Who]| if section.has(key) { section.list(key) } else { general.to_vec() };
    let lists = Lists { viewers: list("viewers", &general.viewers), operators: list("operators", &general.operators) };
    if section.has("operators") && lists.operators.is_empty() {
        section.wrong("operators", NOBODY);
    }
    if section.has("viewers") && !lists.viewers.contains(&Who::AnyMember) {
        section.note(
            "viewers",
            "guards answers and Homes only: everybody in `slack.channel` sees the source's runs there",
        );
    }
    section.finish();
    section.is_there().then_some(lists)
}

fn source(section: &Section<'_>, name: String, folder: &Path, region: &str) -> Source {
    if let Some(why) = Some(&name).filter(|it| !it.is_empty()).and_then(|it| check_source_name(it).err()) {
        section.wrong("name", why);
    }
    let (classification, rules) = rules(section, folder);
    let nowhere = Location { bucket: String::new(), prefix: String::new() };
    let source = Source {
        name,
        engine: section.choice("engine", &[("rds", Engine::Rds), ("aurora", Engine::Aurora)], true),
        identifier: shapes::identifier(section),
        schedule: section.choice(
            "schedule",
            &[("on-snapshot", Schedule::OnSnapshot), ("manual", Schedule::Manual)],
            false,
        ),
        export: export(&section.section("export", true), region),
        publish: section.choice("publish", &[("copy", Publish::Copy), ("pointer", Publish::Pointer)], false),
        latest: shapes::folder(&section.section("latest", true)),
        expect_every: shapes::duration(section, "expect_every"),
        classification,
        rules,
        retention: retention::retention(&section.section("retention", false)),
        policy: policy::policy(&section.section("policy", false)),
        normal: LayerWork { glue_job: String::new(), catalog: Catalog::Crawler(String::new()), output: nowhere },
        sensitive: None,
        operators: Vec::new(),
        break_glass: Vec::new(),
        people: Identities::default(),
    };
    let source = layers::layers(&section.section("layers", true), source);
    places::apart(section, &source);
    section.finish();
    source
}

fn export(section: &Section<'_>, region: &str) -> Export {
    // RDS fails exports to a prefix with a slash at its end, and takes no colon.
    let prefix = section.optional("prefix").unwrap_or_default();
    if prefix.contains(':') {
        section.wrong("prefix", "must not have a colon: RDS does not take it");
    }
    let export = Export {
        to: Location { bucket: shapes::bucket(section), prefix: prefix.trim_matches('/').to_owned() },
        role_arn: shapes::role_arn(section),
        kms_key: shapes::kms_key(section, region),
        only: section.list("only"),
    };
    section.finish();
    export
}

/// What follows from a classification with a mistake. It keeps no other source's runs from going on: the bot starts.
const UNREAD: &str = "everything is sensitive, the leak guard does not judge, and jobs that read the file refuse it";

/// Stands for the bytes of a file that cannot be read. They are those of no file, so that jobs that check the digest refuse
/// to go on, as with a file that has a mistake: to them, no bytes are a source without a file, of which Normal is empty.
const NO_FILE: &[u8] = b"datalake-bot: the classification cannot be read";

/// Returns the digest of the file that classifies the source's columns, and its rules. Nothing classified means that
/// everything is sensitive.
fn rules(section: &Section<'_>, folder: &Path) -> (String, Arc<Rules>) {
    let Some(name) = section.optional("classification") else {
        return (digest(b""), Arc::default());
    };
    let bytes = match std::fs::read(folder.join(&name)) {
        Ok(bytes) => bytes,
        Err(error) => {
            section.note("classification", format!("names a file that cannot be read, so {UNREAD}: {error}"));
            return (digest(NO_FILE), Arc::default());
        }
    };
    let digest = digest(&bytes);
    let rules = match String::from_utf8(bytes).map(|it| classification::read(&it)) {
        Ok(Ok(rules)) => rules,
        Ok(Err(Mistaken { mistakes, rules })) => {
            for mistake in mistakes {
                section.note("classification", format!("names a file with a mistake, so {UNREAD}: {mistake}"));
            }
            rules
        }
        Err(_) => {
            section.note("classification", format!("names a file that is not UTF-8 text, so {UNREAD}"));
            Rules::default()
        }
    };
    (digest, Arc::new(rules))
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn clashes(section: &Section<'_>, source: &Source, other: &Source) {
    if source.name == other.name {
        section.wrong("name", "is the name of another source");
    }
    if source.identifier == other.identifier && source.engine == other.engine && !source.identifier.is_empty() {
        section.wrong("identifier", format!("is the database of source `{}` already", other.name));
    }
    for (mine, theirs) in [(Layer::Normal, Layer::Sensitive), (Layer::Sensitive, Layer::Normal)] {
        if let Some(found) = database(source, mine).filter(|it| database(other, theirs) == Some(it)) {
            let (mine, theirs, name) = (mine.as_str(), theirs.as_str(), &other.name);
            let what = format!("has `{found}` for its {mine} tables, which is the {theirs} database of `{name}`");
            section.wrong("layers", what);
        }
    }
    places::clashes(section, source, other);
}

/// Returns the database whose tables the bot keeps.
fn database(source: &Source, layer: Layer) -> Option<&str> {
    match &source.layer(layer)?.catalog {
        Catalog::Tables { database } => Some(database.as_str()).filter(|it| !it.is_empty()),
        Catalog::Crawler(_) => None,
    }
}
