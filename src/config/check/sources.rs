//! `[[sources]]`: the databases, and what is made of them.

use std::{collections::BTreeMap, path::Path, time::Duration};

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use super::{super::reader::Section, NOBODY, shapes};
use crate::domain::{
    access::{Identities, Lists, Who},
    name::check_source_name,
    source::{ApprovalRule, Engine, Export, LayerWork, Location, Schedule, SensitiveLayer, Source},
};

/// How long people have to approve, unless the source says otherwise.
const EXPIRES_AFTER: Duration = Duration::from_secs(8 * 3600);

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
        latest: latest(&section.section("latest", true)),
        expect_every: shapes::duration(section, "expect_every"),
        classification: classification(section, folder),
        normal: LayerWork { glue_job: String::new(), crawler: String::new() },
        sensitive: None,
        operators: Vec::new(),
        break_glass: Vec::new(),
        people: Identities::default(),
    };
    let layers = section.section("layers", true);
    let normal = layers.section("normal", true);
    let work = work(&normal);
    let source = Source { sensitive: sensitive(&layers, &work), normal: work, ..source };
    normal.finish();
    layers.finish();
    if overlap(&source.export.to, &source.latest) {
        section.wrong("latest", "must not overlap `export`: publishing would remove the exports");
    }
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

fn latest(section: &Section<'_>) -> Location {
    let prefix = section.text("prefix").trim_matches('/').to_owned();
    if section.is_there() && prefix.is_empty() {
        section.wrong("prefix", "must name a folder of its own: what is not of the source is removed from it");
    }
    let latest = Location { bucket: shapes::bucket(section), prefix };
    section.finish();
    latest
}

/// Returns the digest of the file that classifies the source's columns. Nothing classified means that everything is
/// sensitive.
fn classification(section: &Section<'_>, folder: &Path) -> String {
    let digest = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let Some(name) = section.optional("classification") else { return digest(b"") };
    match std::fs::read(folder.join(&name)) {
        Ok(bytes) => digest(&bytes),
        Err(error) => {
            section.note(
                "classification",
                format!("names a file that cannot be read, so everything is sensitive: {error}"),
            );
            digest(b"")
        }
    }
}

fn work(section: &Section<'_>) -> LayerWork {
    LayerWork { glue_job: section.text("glue_job"), crawler: section.text("crawler") }
}

fn sensitive(layers: &Section<'_>, normal: &LayerWork) -> Option<SensitiveLayer> {
    let section = layers.section("sensitive", false);
    if !section.is_there() {
        return None;
    }
    let approval = section.section("approval", true);
    let rule = ApprovalRule {
        approvers: approval.list("approvers"),
        quorum: approval.number("quorum", 1),
        expires_after: SignedDuration::try_from(shapes::duration(&approval, "expires_after").unwrap_or(EXPIRES_AFTER))
            .unwrap_or(SignedDuration::MAX),
    };
    if approval.is_there() && rule.approvers.is_empty() {
        approval.wrong("approvers", "names nobody: the layer could never be refreshed");
    }
    if rule.approvers.iter().any(|it| matches!(it, Who::Channel(_))) {
        approval.wrong("approvers", "names a channel: only people and user groups approve");
    }
    let people = rule.approvers.iter().filter(|it| matches!(it, Who::User(_))).count();
    if people == rule.approvers.len() && (people as u64) < u64::from(rule.quorum) && people > 0 {
        approval.wrong("quorum", format!("can never be reached: there are {people} approvers"));
    }
    approval.finish();
    let layer = SensitiveLayer { work: work(&section), approval: rule };
    // Without anybody's approval the normal layer would start what the approval is to guard.
    if !layer.work.glue_job.is_empty() && layer.work.glue_job == normal.glue_job {
        section.wrong("glue_job", "is the job of the normal layer, which nobody approves");
    }
    if !layer.work.crawler.is_empty() && layer.work.crawler == normal.crawler {
        section.wrong("crawler", "is the crawler of the normal layer, which nobody approves");
    }
    section.finish();
    Some(layer)
}

fn clashes(section: &Section<'_>, source: &Source, other: &Source) {
    if source.name == other.name {
        section.wrong("name", "is the name of another source");
    }
    if source.identifier == other.identifier && source.engine == other.engine && !source.identifier.is_empty() {
        section.wrong("identifier", format!("is the database of source `{}` already", other.name));
    }
    if overlap(&source.latest, &other.latest) {
        let what = format!("overlaps that of source `{}`: each would remove the other's objects", other.name);
        section.wrong("latest", what);
    }
    if overlap(&source.latest, &other.export.to) || overlap(&source.export.to, &other.latest) {
        section.wrong(
            "latest",
            format!("and the exports of source `{}` overlap: publishing would remove exports", other.name),
        );
    }
}

/// Says whether one of the two is within the other.
fn overlap(one: &Location, other: &Location) -> bool {
    let within = |inner: &Location, outer: &Location| {
        outer.prefix.is_empty() || format!("{}/", inner.prefix).starts_with(&format!("{}/", outer.prefix))
    };
    let known = !one.bucket.is_empty() && one.bucket == other.bucket;
    known && (within(one, other) || within(other, one))
}
