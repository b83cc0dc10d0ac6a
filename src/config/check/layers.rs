//! `[sources.layers]`: what is made of a source for whom, and who lets it be made.

use std::time::Duration;

use jiff::SignedDuration;

use super::{super::reader::Section, shapes};
use crate::domain::{
    access::Who,
    source::{ApprovalRule, Catalog, Layer, LayerWork, Location, Publish, SensitiveLayer, Source},
};

/// How long people have to approve, unless the source says otherwise.
const EXPIRES_AFTER: Duration = Duration::from_secs(8 * 3600);

/// Returns `source` with its layers.
pub(super) fn layers(section: &Section<'_>, source: Source) -> Source {
    let normal = section.section("normal", true);
    let work = work(&normal, Layer::Normal, &source);
    let source = Source { sensitive: sensitive(section, &work, &source), normal: work, ..source };
    normal.finish();
    section.finish();
    source
}

fn work(section: &Section<'_>, layer: Layer, source: &Source) -> LayerWork {
    LayerWork {
        glue_job: section.text("glue_job"),
        catalog: catalog(section, source.publish),
        output: output(section, layer, source),
    }
}

/// Returns who keeps the layer's tables: which of the two it is, follows from how the source is published.
fn catalog(section: &Section<'_>, publish: Publish) -> Catalog {
    let not_here = |key, why: &str| {
        if section.has(key) {
            section.wrong(key, why);
        }
    };
    match publish {
        Publish::Copy => {
            not_here("database", "goes with `publish = \"pointer\"` only: a crawler knows its own database");
            Catalog::Crawler(section.text("crawler"))
        }
        Publish::Pointer => {
            not_here(
                "crawler",
                "does not go with `publish = \"pointer\"`: the bot itself keeps the tables of `database`",
            );
            Catalog::Tables { database: shapes::database(section) }
        }
    }
}

/// Returns where the layer's tables go; what is not said is beside `latest`.
fn output(section: &Section<'_>, layer: Layer, source: &Source) -> Location {
    let said = section.section("output", false);
    if !said.is_there() {
        return Location {
            bucket: source.latest.bucket.clone(),
            prefix: format!("{}/{}", layer.as_str(), source.name),
        };
    }
    shapes::folder(&said)
}

fn sensitive(layers: &Section<'_>, normal: &LayerWork, source: &Source) -> Option<SensitiveLayer> {
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
    let layer = SensitiveLayer { work: work(&section, Layer::Sensitive, source), approval: rule };
    // Without anybody's approval the normal layer would start what the approval is to guard.
    if !layer.work.glue_job.is_empty() && layer.work.glue_job == normal.glue_job {
        section.wrong("glue_job", "is the job of the normal layer, which nobody approves");
    }
    match &layer.work.catalog {
        Catalog::Crawler(name) if !name.is_empty() && layer.work.catalog == normal.catalog => {
            section.wrong("crawler", "is the crawler of the normal layer, which nobody approves");
        }
        Catalog::Tables { database } if !database.is_empty() && layer.work.catalog == normal.catalog => {
            section.wrong("database", "is the database of the normal layer, which more people read");
        }
        Catalog::Crawler(_) | Catalog::Tables { .. } => {}
    }
    section.finish();
    Some(layer)
}
