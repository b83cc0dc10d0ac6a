//! What the bucket `lake` holds: an export as RDS lays it out, and what an older one has left in the target.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{
    settings::Settings,
    store::{Etag, Object, Store},
};

/// The export, and its name.
pub(crate) const SOURCE: &str = "lake/raw/shop-a1/";
/// Where it is to be published.
pub(crate) const TARGET: &str = "lake/latest/shop/";

const TASK: &str = "shop-a1";
const DATABASE: &str = "shop";

/// Returns the objects that `settings` ask for.
pub(crate) fn prepared(settings: &Settings, now: Timestamp) -> Store {
    let mut store = Store { encrypted: settings.encrypted, ..Store::default() };
    let hours = |ago| now - SignedDuration::from_hours(ago);
    let exported = hours(1);
    for name in names(settings.objects, settings.tables, "b7") {
        let size = if name.ends_with("_SUCCESS") { 0 } else { settings.size };
        store.create(format!("{SOURCE}{name}"), size, None, exported);
    }
    let info = format!(r#"{{"exportTaskIdentifier":"{TASK}","snapshotTime":"{}","status":"COMPLETE"}}"#, hours(2));
    for (name, text) in [
        (format!("export_info_{TASK}.json"), info),
        (
            format!("export_tables_info_{TASK}_from_1_to_{}.json", settings.tables),
            r#"{"perTableStatus":[]}"#.to_owned(),
        ),
    ] {
        store.create(format!("{SOURCE}{name}"), text.len() as u64, Some(text.into()), exported);
    }
    for name in stale_names(settings) {
        store.create(format!("{TARGET}{name}"), settings.size, None, hours(25));
    }
    store
}

/// Gives each hundredth object of the export, or more with `percent`, new content under its old name.
pub(crate) fn change(store: &mut Store, percent: u64, now: Timestamp) -> usize {
    let data = store.objects.iter().filter(|(path, it)| path.starts_with(SOURCE) && it.size > 0 && it.bytes.is_none());
    let every: Vec<String> = data.map(|(path, _)| path.clone()).collect();
    let each = usize::try_from(100 / percent.clamp(1, 100)).unwrap_or(1);
    let chosen: Vec<String> = every.into_iter().step_by(each).collect();
    for path in &chosen {
        let content = store.next();
        let object = store.objects.get_mut(path).expect("it was listed");
        // Tools that look at sizes alone would not see the change.
        *object = Object { content, etag: Etag::of(content), size: object.size + 1, modified: now, bytes: None };
    }
    chosen.len()
}

/// Returns how the target differs from the export's data, as JSON: `missing` or with other content (`wrong`), and
/// `extra`. The manifest and the export's own status files may be there.
pub(crate) fn check(store: &Store) -> String {
    let below = |prefix: &'static str| -> BTreeMap<&str, &Object> {
        let found = store.objects.range(prefix.to_owned()..).take_while(|(path, _)| path.starts_with(prefix));
        let named = found.map(|(path, object)| (&path[prefix.len()..], object));
        named.filter(|(name, _)| name.contains('/')).collect()
    };
    let (source, target) = (below(SOURCE), below(TARGET));
    let missing = source.keys().filter(|it| !target.contains_key(*it)).count();
    let extra = target.keys().filter(|it| !source.contains_key(*it)).count();
    let same = |name: &str, it: &Object| target.get(name).is_none_or(|there| there.content == it.content);
    let wrong = source.iter().filter(|(name, it)| !same(name, it)).count();
    let uploads = store.uploads.len();
    let exact = missing + wrong + extra == 0;
    format!(
        "{{\"exact\":{exact},\"objects\":{},\"missing\":{missing},\"wrong\":{wrong},\"extra\":{extra},\"open_uploads\":{uploads}}}",
        source.len()
    )
}

/// Returns `count` names in `tables` folders: parts, and in each table that has more than one object, `_SUCCESS`.
fn names(count: u64, tables: u64, generation: &str) -> Vec<String> {
    let mut names = Vec::new();
    for table in 0..tables.min(count) {
        let folder = format!("{DATABASE}/{DATABASE}.table_{table:04}/1");
        let own = count / tables + u64::from(table < count % tables);
        let parts = if own > 1 { own - 1 } else { own };
        names.extend((0..parts).map(|part| format!("{folder}/{}", file(generation, table, part))));
        if own > 1 {
            names.push(format!("{folder}/_SUCCESS"));
        }
    }
    names
}

/// Returns the names of the older export's parts, none of which the newer one has.
fn stale_names(settings: &Settings) -> Vec<String> {
    let of_table = |it: u64| (it % settings.tables, it / settings.tables);
    let name = |(table, part)| format!("{DATABASE}/{DATABASE}.table_{table:04}/1/{}", file("a6", table, part));
    (0..settings.stale).map(of_table).map(name).collect()
}

/// Returns a part's name as Spark gives it: the same identity for all parts of a table.
fn file(generation: &str, table: u64, part: u64) -> String {
    format!("part-{part:05}-{generation}f3c1d0-5b7e-4c7a-9d1e-{table:012x}-c000.gz.parquet")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_holds_as_many_objects_as_it_is_asked_for() {
        for (objects, stale, tables) in [(1, 0, 20), (10, 3, 20), (10_000, 9_990, 20), (7, 7, 3)] {
            let settings = Settings { objects, stale, tables, ..Settings::default() };
            let mut store = prepared(&settings, Timestamp::UNIX_EPOCH + SignedDuration::from_hours(100));
            let told = check(&store);
            assert!(told.contains(&format!("\"missing\":{objects},\"wrong\":0,\"extra\":{stale}")), "{told}");
            for path in store.objects.keys().filter(|it| it.starts_with(TARGET)).cloned().collect::<Vec<_>>() {
                store.objects.remove(&path);
            }
            let copies: Vec<_> =
                store.objects.iter().map(|(path, it)| (path.replace(SOURCE, TARGET), it.clone())).collect();
            store.objects.extend(copies);
            assert!(check(&store).starts_with("{\"exact\":true"), "{}", check(&store));
            if change(&mut store, 1, Timestamp::UNIX_EPOCH) > 0 {
                assert!(check(&store).starts_with("{\"exact\":false"), "{}", check(&store));
            }
        }
    }
}
