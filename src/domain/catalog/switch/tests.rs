use proptest::{collection::vec, prelude::*};

use super::*;

const SOURCE: &str = "shop";

fn table(name: &str, run: &str) -> CatalogTable {
    CatalogTable {
        name: name.to_owned(),
        location: format!("s3://lake/normal/shop/{run}/{name}/"),
        columns: vec![("id".to_owned(), "bigint".to_owned())],
        source: Some(SOURCE.to_owned()),
        run: Some(run.to_owned()),
        ..CatalogTable::default()
    }
}

fn of_others(name: &str) -> CatalogTable {
    CatalogTable { name: name.to_owned(), crawler: Some("another".to_owned()), ..CatalogTable::default() }
}

fn names(tables: &[&CatalogTable]) -> Vec<String> {
    tables.iter().map(|it| it.name.clone()).collect()
}

#[test]
fn each_table_is_created_updated_deleted_or_left() {
    let wanted = [table("a", "two"), table("b", "two"), table("c", "two")];
    let there = [table("a", "one"), table("c", "two"), table("d", "one"), of_others("e")];
    let switch = Switch::between(&wanted, &there, SOURCE).unwrap();
    assert_eq!(names(&switch.create), ["b"]);
    assert_eq!(names(&switch.update), ["a"]);
    assert_eq!(names(&switch.delete), ["d"]);
    assert_eq!((switch.in_place, switch.tables(), switch.is_done()), (1, 3, false));
}

#[test]
fn what_people_add_to_a_table_does_not_matter_and_what_they_change_does() {
    let wanted = [table("a", "two")];
    let is_done = |there: CatalogTable| Switch::between(&wanted, &[there], SOURCE).unwrap().is_done();
    assert!(is_done(CatalogTable { crawler: Some("curious".into()), ..table("a", "two") }));
    assert!(!is_done(CatalogTable { location: "s3://elsewhere/".into(), ..table("a", "two") }));
    assert!(!is_done(CatalogTable { columns: vec![], ..table("a", "two") }));
    assert!(!is_done(CatalogTable { partition_keys: vec![("x".into(), "string".into())], ..table("a", "two") }));
    assert!(!is_done(CatalogTable { run: None, ..table("a", "two") }));
}

#[test]
fn a_table_of_somebody_else_is_never_touched() {
    let wanted = [table("a", "two"), table("b", "two")];
    for other in [of_others("b"), CatalogTable { source: Some("crm".into()), ..table("b", "one") }] {
        let failure = Switch::between(&wanted, &[other], SOURCE).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.message.as_str()), (codes::FOREIGN_TABLE, "b"));
    }
}

#[test]
fn a_layer_is_not_emptied_by_a_job_that_has_written_nothing() {
    let there: Vec<_> = ["a", "b", "c", "d", "e", "f"].iter().map(|it| table(it, "one")).collect();
    let failure = Switch::between(&[], &there, SOURCE).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.message.as_str()), (codes::EMPTY_LAYER, "a, b, c, d, e and 1 more"));
    assert!(Switch::between(&[], &[of_others("a")], SOURCE).unwrap().is_done());
}

/// A table that is there: its name, whether it is ours, and whether the run has been there already.
fn there() -> impl Strategy<Value = Vec<CatalogTable>> {
    let one = (0..8u8, any::<bool>(), any::<bool>()).prop_map(|(name, ours, new)| {
        let name = format!("t{name}");
        if ours { table(&name, if new { "two" } else { "one" }) } else { of_others(&name) }
    });
    vec(one, 0..12).prop_map(|mut tables| {
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        tables.dedup_by(|a, b| a.name == b.name);
        tables
    })
}

/// Does the first `steps` of what a switch says: it may be cut off anywhere.
fn carried_out(switch: &Switch<'_>, there: &[CatalogTable], steps: usize) -> Vec<CatalogTable> {
    let mut after: BTreeMap<String, CatalogTable> = there.iter().map(|it| (it.name.clone(), it.clone())).collect();
    let written = switch.create.iter().chain(&switch.update).map(|it| (it, true));
    for (table, is_written) in written.chain(switch.delete.iter().map(|it| (it, false))).take(steps) {
        if is_written {
            after.insert(table.name.clone(), (*table).clone());
        } else {
            after.remove(&table.name);
        }
    }
    after.into_values().collect()
}

proptest! {
    /// However often it is cut off, a switch that is begun again ends with what is wanted, and leaves others alone.
    #[test]
    fn a_switch_ends_where_it_must_wherever_it_was_cut_off(
        wanted in vec(0..8u8, 1..8), there in there(), cuts in vec(0..6usize, 0..4),
    ) {
        let mut wanted: Vec<_> = wanted.iter().map(|it| table(&format!("t{it}"), "two")).collect();
        wanted.sort_by(|a, b| a.name.cmp(&b.name));
        wanted.dedup();
        let foreign: Vec<_> = there.iter().filter(|it| it.source.is_none()).cloned().collect();
        let clashes = wanted.iter().any(|it| foreign.iter().any(|other| other.name == it.name));
        prop_assert_eq!(Switch::between(&wanted, &there, SOURCE).is_err(), clashes);
        prop_assume!(!clashes);
        let mut now = there;
        for steps in cuts.into_iter().chain([usize::MAX]) {
            let before = now.clone();
            now = carried_out(&Switch::between(&wanted, &before, SOURCE).unwrap(), &before, steps);
        }
        let again = Switch::between(&wanted, &now, SOURCE).unwrap();
        prop_assert!(again.is_done());
        prop_assert_eq!(again.in_place, wanted.len());
        prop_assert_eq!(now.len(), wanted.len() + foreign.len());
        prop_assert!(foreign.iter().all(|it| now.contains(it)));
    }
}
