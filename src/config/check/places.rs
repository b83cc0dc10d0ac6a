//! Places in S3 that must lie apart: who owns one removes from it what is not theirs.

use super::super::reader::Section;
use crate::domain::source::{Layer, Location, Source};

/// A place of a source: the key that says where it is, and what it holds.
struct Place {
    key: &'static str,
    what: &'static str,
    at: Location,
}

/// Reports the places of `source` that overlap each other.
pub(super) fn apart(section: &Section<'_>, source: &Source) {
    if overlap(&source.export.to, &source.latest) {
        section.wrong("latest", "must not overlap `export`: publishing would remove the exports");
    }
    let (made, kept) = (made(source), kept(source));
    for (number, place) in made.iter().enumerate() {
        let others = made[..number].iter().chain(&kept).filter(|it| overlap(&place.at, &it.at));
        for other in others {
            let what = format!("must not have an `output` that overlaps {}: each would remove the other's", other.what);
            section.wrong(place.key, what);
        }
    }
    if has_rules(source) && overlap(&source.rules_at(), &source.latest) {
        section.wrong("latest", "must not hold `classification/`: publishing would remove the rules that jobs read");
    }
}

/// Reports the places of `source` that overlap those of `other`.
pub(super) fn clashes(section: &Section<'_>, source: &Source, other: &Source) {
    let name = &other.name;
    if overlap(&source.latest, &other.latest) {
        section.wrong("latest", format!("overlaps that of source `{name}`: each would remove the other's objects"));
    }
    if overlap(&source.latest, &other.export.to) || overlap(&source.export.to, &other.latest) {
        let what = format!("and the exports of source `{name}` overlap: publishing would remove exports");
        section.wrong("latest", what);
    }
    let (mine, theirs) = (made(source), made(other));
    for place in &mine {
        for it in theirs.iter().chain(&kept(other)).filter(|it| overlap(&place.at, &it.at)) {
            let what = format!("has an `output` that overlaps {} of source `{name}`", it.what);
            section.wrong(place.key, what);
        }
    }
    for place in kept(source) {
        for it in theirs.iter().filter(|it| overlap(&place.at, &it.at)) {
            section.wrong(place.key, format!("overlaps {} of source `{name}`", it.what));
        }
    }
}

/// Returns where the jobs write.
fn made(source: &Source) -> Vec<Place> {
    let of = |layer: Layer| {
        let at = source.layer(layer)?.output.clone();
        let what = match layer {
            Layer::Normal => "the output of the normal layer",
            Layer::Sensitive => "the output of the sensitive layer",
        };
        Some(Place { key: "layers", what, at })
    };
    Layer::ALL.into_iter().filter_map(of).collect()
}

/// Returns where the jobs must not write.
fn kept(source: &Source) -> Vec<Place> {
    let rules =
        has_rules(source).then(|| Place { key: "classification", what: "its classification", at: source.rules_at() });
    let places = [
        Place { key: "export", what: "`export`", at: source.export.to.clone() },
        Place { key: "latest", what: "`latest`", at: source.latest.clone() },
    ];
    places.into_iter().chain(rules).collect()
}

fn has_rules(source: &Source) -> bool {
    !source.rules.file().is_empty()
}

/// Says whether one of the two is within the other.
fn overlap(one: &Location, other: &Location) -> bool {
    let within = |inner: &Location, outer: &Location| {
        outer.prefix.is_empty() || format!("{}/", inner.prefix).starts_with(&format!("{}/", outer.prefix))
    };
    let known = !one.bucket.is_empty() && one.bucket == other.bucket;
    known && (within(one, other) || within(other, one))
}
