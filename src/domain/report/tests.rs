use proptest::prelude::*;
use serde_json::json;

use super::*;

fn report(classification: &str, rows: &[(&str, u64)]) -> Report {
    let table = |(name, rows): &(&str, u64)| Table {
        database: "shop".to_owned(),
        table: format!("shop.{name}"),
        rows: *rows,
        columns: Vec::new(),
    };
    Report {
        datalake_run: "shop-202611220300-4f2a91c7-a1".to_owned(),
        layer: "normal".to_owned(),
        classification: classification.to_owned(),
        tables: rows.iter().map(table).collect(),
    }
}

fn fallen(now: &Report, last: &Report, percent: u32) -> Vec<(String, Option<String>, Option<String>)> {
    now.falls(last, percent).into_iter().map(|it| (it.table, it.was, it.is)).collect()
}

#[test]
fn a_report_is_read_as_the_job_writes_it() {
    let read: Report = serde_json::from_value(json!({
        "datalake_run": "r", "layer": "normal", "classification": "c", "more": 1,
        "tables": [{ "database": "shop", "table": "public.users", "rows": 40,
                     "columns": [{ "name": "id", "type": "bigint" }] }],
    }))
    .unwrap();
    assert_eq!((read.rows(), read.tables[0].columns[0].kind.as_str()), (40, "bigint"));
    assert!(serde_json::from_value::<Report>(json!({ "datalake_run": "r" })).is_err());
}

#[test]
fn a_report_of_something_else_is_told() {
    let report = report("c1", &[]);
    let run: ExportTask = report.datalake_run.parse().unwrap();
    let other: ExportTask = "shop-202611230300-4f2a91c7-a1".parse().unwrap();
    assert_eq!(report.differs_from(&run, Layer::Normal, "c1"), None);
    for (run, layer, classification, what) in [
        (&other, Layer::Normal, "c1", "run"),
        (&run, Layer::Sensitive, "c1", "layer"),
        (&run, Layer::Normal, "c2", "classification"),
    ] {
        let how = report.differs_from(run, layer, classification).unwrap();
        assert!(how.starts_with(&format!("the report names the {what} ")), "{how}");
    }
}

#[test]
fn the_most_changed_tables_come_first_and_the_rest_is_a_number() {
    let now = report("c", &[("a", 7), ("b", 100), ("new", 1), ("same", 9), ("large", 900)]);
    let last = report("c", &[("a", 70), ("b", 90), ("same", 9), ("large", 900), ("gone", 5)]);
    let told = |counts: &RowCounts| -> Vec<(String, u64, Option<u64>)> {
        counts.tables.iter().map(|it| (it.table.replace("shop.", ""), it.rows, it.was)).collect()
    };
    let expected =
        [("a", 7, Some(70)), ("b", 100, Some(90)), ("new", 1, None), ("large", 900, Some(900)), ("same", 9, Some(9))];
    let expected = expected.map(|(name, rows, was)| (name.to_owned(), rows, was));
    assert_eq!(told(&now.counts(Some(&last))), expected);
    assert_eq!(now.counts(None).tables[0], Rows { table: "shop.large".to_owned(), rows: 900, was: None });

    let names: Vec<String> = (0..57).map(|it| format!("t{it}")).collect();
    let many: Vec<(&str, u64)> = names.iter().map(|it| (it.as_str(), 1)).collect();
    let counts = report("c", &many).counts(None);
    assert_eq!((counts.tables.len(), counts.more), (20, 37));
}

#[test]
fn only_more_than_the_limit_is_a_fall() {
    let last = report("c", &[("users", 100), ("orders", 10), ("empty", 0)]);
    let some = |it: u64| Some(it.to_string());
    for (users, percent, falls) in [(50, 50, false), (49, 50, true), (99, 0, true), (100, 0, false), (0, 100, false)] {
        let now = report("c", &[("users", users), ("orders", 10), ("empty", 0)]);
        let expected = vec![("shop.users".to_owned(), some(100), some(users))];
        assert_eq!(fallen(&now, &last, percent), if falls { expected } else { Vec::new() }, "{users} {percent}");
    }
}

#[test]
fn a_table_that_is_gone_has_lost_all_its_rows_unless_it_was_reclassified() {
    let last = report("c1", &[("users", 100), ("orders", 10)]);
    let gone = vec![("shop.users".to_owned(), Some("100".to_owned()), Some("0".to_owned()))];
    assert_eq!(fallen(&report("c1", &[("orders", 10)]), &last, 50), gone);
    assert_eq!(fallen(&report("c2", &[("orders", 10)]), &last, 50), []);
    assert_eq!(fallen(&report("c2", &[("orders", 1)]), &last, 50).len(), 1);
}

#[test]
fn tables_have_the_names_that_rds_gives_them() {
    assert_eq!(target("shop", "shop.users"), "shop.users");
    assert_eq!(target("shop", "public.users"), "shop.public.users");
    assert_eq!(target("shop", "shopping.users"), "shop.shopping.users");
    assert_eq!(target("shop", "shop"), "shop.shop");
}

proptest! {
    #[test]
    fn what_has_grown_or_stayed_has_not_fallen(was in any::<u32>(), more in any::<u32>(), percent in 0_u32..=100) {
        let last = report("c", &[("users", u64::from(was))]);
        let now = report("c", &[("users", u64::from(was) + u64::from(more))]);
        prop_assert!(now.falls(&last, percent).is_empty());
    }

    #[test]
    fn a_stricter_limit_finds_no_less(was in 0_u64..1000, is in 0_u64..1000, low in 0_u32..100, more in 0_u32..100) {
        let (last, now) = (report("c", &[("users", was)]), report("c", &[("users", is)]));
        prop_assert!(now.falls(&last, low).len() >= now.falls(&last, low + more).len());
    }
}
