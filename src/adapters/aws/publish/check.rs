//! Whether every copy has arrived, with its size: seen by listing the target where something was copied.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    super::s3::Object,
    list::{AT_ONCE, Listing, PAGE, Range, ranges},
    manifest::{self, Manifest},
    names::Names,
    objects::{Etag, Wanted},
};
use crate::domain::failure::{Class, Failure, codes};

/// Missing keys that a failure names; the rest is a number.
const NAMED: usize = 5;

/// Some of what is wanted, and where it is listed.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    /// Numbers of the first and last that were copied.
    ends: (usize, usize),
    range: Range,
}

/// Notes of each object that was copied what is in its place.
///
/// # Errors
/// `CopyIncomplete`: something is missing or has another size.
pub(super) async fn all(target: Listing<'_>, wanted: &mut Wanted, stale: &Names) -> Result<(), Failure> {
    let parts = parts(wanted, stale);
    let found: Vec<Vec<(usize, Etag)>> = {
        let wanted = &*wanted;
        stream::iter(parts).map(|it| part(target, wanted, it)).buffer_unordered(AT_ONCE).try_collect().await?
    };
    found.into_iter().flatten().for_each(|(at, etag)| wanted.seen(at, etag));
    let lost: Vec<usize> = wanted.unseen().collect();
    if lost.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = lost.iter().take(NAMED).map(|it| wanted.names().get(*it)).collect();
    let (lost, all, named) = (lost.len(), wanted.len(), named.join(", "));
    let message = format!("{lost} of {all} objects are missing or of another size after the copy: {named}");
    Err(Failure::new(Class::Data, codes::COPY_INCOMPLETE, message))
}

/// Divides what was copied into parts that are a page each, as far as it is known what is there.
fn parts(wanted: &Wanted, stale: &Names) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    if wanted.unseen().next().is_none() {
        return parts;
    }
    let mut begun_at = 0;
    let mut gone = stale.iter().peekable();
    // How many stale names are passed, and the name before.
    let (mut passed, mut before) = (0, None);
    for (at, row) in wanted.iter().enumerate() {
        while let Some(name) = gone.next_if(|it| *it < row.name) {
            passed += 1;
            before = Some(name);
        }
        if row.there.is_none() {
            // How many names come before this one; the manifest's own may be one more.
            let known = at + passed;
            let until = Some(row.name.clone());
            match parts.last_mut().filter(|_| known - begun_at < PAGE - 1) {
                Some(part) => (part.ends.1, part.range.until) = (at, until),
                None => {
                    begun_at = known;
                    parts.push(Part { ends: (at, at), range: Range { after: before, until } });
                }
            }
        }
        before = Some(row.name);
    }
    parts
}

/// Returns which of a part have arrived, by number, with the `ETag`s of the copies.
async fn part(target: Listing<'_>, wanted: &Wanted, part: Part) -> Result<Vec<(usize, Etag)>, Failure> {
    let (first, last) = part.ends;
    let mut rows = (first..=last).zip(wanted.from(first)).peekable();
    let mut found = Vec::new();
    let mut pages = std::pin::pin!(target.range(part.range));
    while let Some(page) = pages.try_next().await? {
        for there in page {
            while rows.next_if(|(_, row)| row.name < there.name).is_some() {}
            let row = rows.next_if(|(_, row)| row.name == there.name);
            let arrived = row.filter(|(_, row)| row.size == there.size && row.there.is_none());
            found.extend(arrived.map(|(at, _)| (at, there.etag[..].into())));
        }
    }
    Ok(found)
}

/// Says whether what is listed there, of names that `counts`, is what `manifest` names, and nothing else.
pub(super) async fn is_complete(
    target: Listing<'_>,
    manifest: &Manifest,
    counts: fn(&str) -> bool,
) -> Result<bool, Failure> {
    let prefix = target.at.key("");
    let name = |key: String| key.strip_prefix(&prefix).map(str::to_owned);
    let named = manifest.keys.iter().map(|it| Named { name: name(it.key), size: it.size, etag: it.etag });
    is_exactly(target, ranges(&manifest.names(target.at)), named, counts).await
}

/// Says whether what is listed there is what was `wanted` and seen in place, and nothing else.
pub(super) async fn is_in_place(target: Listing<'_>, wanted: &Wanted) -> Result<bool, Failure> {
    let named = wanted.iter().map(|it| Named { name: Some(it.name), size: it.size, etag: it.there.unwrap_or(it.etag) });
    is_exactly(target, ranges(wanted.names()), named, |it| it != manifest::NAME).await
}

/// An object that is to be there.
struct Named<'a> {
    /// `None`: it lies elsewhere.
    name: Option<String>,
    size: u64,
    etag: &'a Etag,
}

async fn is_exactly<'a>(
    target: Listing<'_>,
    ranges: Vec<Range>,
    mut named: impl Iterator<Item = Named<'a>>,
    counts: fn(&str) -> bool,
) -> Result<bool, Failure> {
    let mut pages = target.pages(ranges);
    let mut is_named = |there: &Object| {
        named.next().is_some_and(|it| {
            it.name.as_ref() == Some(&there.name) && it.size == there.size && *it.etag == Etag::from(&there.etag[..])
        })
    };
    while let Some(page) = pages.try_next().await? {
        if !page.iter().filter(|it| counts(&it.name)).all(&mut is_named) {
            return Ok(false);
        }
    }
    Ok(named.next().is_none())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Which names are wanted and there, wanted and copied, or stale.
    fn names(kinds: &[u8]) -> (Wanted, Names) {
        let (mut wanted, mut stale) = (Wanted::default(), Names::default());
        for (at, kind) in kinds.iter().enumerate() {
            let object = Object { name: format!("{at:05}"), size: 1, etag: String::new() };
            match kind {
                0 => wanted.push(&object, Some("".into())),
                1 => wanted.push(&object, None),
                _ => stale.push(&object.name),
            }
        }
        (wanted, stale)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn every_copy_is_in_one_part_and_a_part_is_one_page(kinds in prop::collection::vec(0_u8..3, 0..5000)) {
            let (wanted, stale) = names(&kinds);
            let parts = parts(&wanted, &stale);
            let all: BTreeSet<String> = (0..kinds.len()).map(|it| format!("{it:05}")).collect();
            let mut unseen = wanted.unseen().peekable();
            for part in &parts {
                let Range { after, until } = &part.range;
                let listed = all.iter().filter(|it| after.as_ref().is_none_or(|after| *it > after));
                let listed: Vec<&String> = listed.take_while(|it| Some(*it) <= until.as_ref()).collect();
                prop_assert!(listed.len() < PAGE);
                while let Some(at) = unseen.next_if(|it| *it <= part.ends.1) {
                    prop_assert!(at >= part.ends.0 && listed.iter().any(|it| **it == wanted.names().get(at)));
                }
            }
            prop_assert_eq!(unseen.next(), None);
        }
    }
}
