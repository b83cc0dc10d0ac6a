//! What publishing must copy and remove: two sorted listings are merged as their pages come in.

use std::{cmp::Ordering, collections::VecDeque, iter::Peekable};

use super::{
    super::s3::Object,
    manifest::{self, Key, Keys},
    objects::Etag,
};

/// What follows for one object, or what must be known first.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The next page of the source's listing, by [`Diff::source`].
    NeedSource,
    /// The next page of the target's listing, by [`Diff::target`].
    NeedTarget,
    /// The object is not in place.
    Copy(Object),
    /// The object is in place; the copy has this `ETag`.
    Same(Object, Etag),
    /// Nothing wanted has this name.
    Stale(String),
    /// Both listings are through.
    End,
}

/// One listing, as far as it has come.
#[derive(Debug, Default)]
struct Side {
    rows: VecDeque<Object>,
    ended: bool,
}

/// The merge of an export's listing with that of what is below `latest/`. Both are in the order of names, as S3 lists.
pub(super) struct Diff<'a> {
    source: Side,
    target: Side,
    /// What the manifest in place says of the objects that come.
    before: Peekable<Box<dyn Iterator<Item = Key<'a>> + Send + 'a>>,
}

impl<'a> Diff<'a> {
    /// `before`: the keys that the manifest in place names, with `prefix` before each name.
    pub(super) fn new(before: &'a Keys, prefix: String) -> Self {
        let name = move |key: Key<'a>| Some(Key { key: key.key.strip_prefix(&prefix)?.to_owned(), ..key });
        let before: Box<dyn Iterator<Item = Key<'a>> + Send> = Box::new(before.iter().filter_map(name));
        Self { source: Side::default(), target: Side::default(), before: before.peekable() }
    }

    /// Takes a page of the source's listing; `None` after the last.
    pub(super) fn source(&mut self, page: Option<Vec<Object>>) {
        self.source.ended |= page.is_none();
        self.source.rows.extend(page.into_iter().flatten().filter(|it| is_data(&it.name)));
    }

    /// Takes a page of the target's listing; `None` after the last.
    pub(super) fn target(&mut self, page: Option<Vec<Object>>) {
        self.target.ended |= page.is_none();
        self.target.rows.extend(page.into_iter().flatten().filter(|it| it.name != manifest::NAME));
    }

    /// Returns what follows for the next object in the order of names.
    pub(super) fn step(&mut self) -> Step {
        let (wanted, there) = match (self.source.rows.front(), self.target.rows.front()) {
            (None, _) if !self.source.ended => return Step::NeedSource,
            (_, None) if !self.target.ended => return Step::NeedTarget,
            ahead => ahead,
        };
        let order = match (wanted, there) {
            (None, None) => return Step::End,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(wanted), Some(there)) => wanted.name.cmp(&there.name),
        };
        let wanted = self.source.rows.pop_front_if(|_| order.is_le());
        let there = self.target.rows.pop_front_if(|_| order.is_ge());
        match (wanted, there) {
            (Some(wanted), Some(there)) if self.is_same(&wanted, &there) => Step::Same(wanted, there.etag[..].into()),
            (Some(wanted), _) => Step::Copy(wanted),
            (None, Some(there)) => Step::Stale(there.name),
            (None, None) => Step::End,
        }
    }

    /// Says whether `there` is a copy of `wanted`: its `ETag` says so, or the manifest says of which one it is a copy. A
    /// name and a size alone say nothing: other exports may have both.
    fn is_same(&mut self, wanted: &Object, there: &Object) -> bool {
        if wanted.size != there.size {
            return false;
        }
        wanted.size == 0 || wanted.etag == there.etag || self.is_copied(wanted, there)
    }

    fn is_copied(&mut self, wanted: &Object, there: &Object) -> bool {
        while self.before.next_if(|it| it.key < there.name).is_some() {}
        self.before.next_if(|it| it.key == there.name).is_some_and(|it| {
            it.size == there.size
                && *it.etag == Etag::from(&there.etag[..])
                && *it.source_etag == Etag::from(&wanted.etag[..])
        })
    }
}

/// Says whether an object of an export is data: everything but the export's own status files, folder markers and what
/// begins with `_` or `.`, or lies in a folder that does, which readers of Parquet folders skip. `_SUCCESS` is data: it
/// says that a table without Parquet files has no rows.
pub(super) fn is_data(name: &str) -> bool {
    let (folders, file) = name.rsplit_once('/').unwrap_or(("", name));
    let is_hidden = |part: &str| part.starts_with(['_', '.']);
    let is_status = is_info(file) || (file.starts_with("export_tables_info_") && file.ends_with(".json"));
    let is_data = file == "_SUCCESS" || !(file.is_empty() || is_status || is_hidden(file));
    is_data && !folders.split('/').any(is_hidden)
}

/// Says whether this is the status file of an export, which lies directly below its prefix.
pub(super) fn is_info(file: &str) -> bool {
    file.starts_with("export_info_") && file.ends_with(".json")
}

#[cfg(test)]
mod tests;
