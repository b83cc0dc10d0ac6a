use proptest::{
    prelude::{prop_assert_eq, proptest},
    sample::subsequence,
};

use super::*;
use crate::domain::{classification::testing::rules, schema::Column};

fn table(name: &str, columns: &[&str]) -> Table {
    let column = |it: &&str| Column { name: (*it).to_owned(), original: "int".to_owned(), exported: String::new() };
    Table::new(name, columns.iter().map(column))
}

fn schema(tables: &[(&str, &[&str])], skipped: &[&str]) -> Schema {
    let tables = tables.iter().map(|(name, columns)| table(name, columns));
    Schema::new(tables, skipped.iter().map(|it| (*it).to_owned()))
}

fn last_name() -> ExportTask {
    "shop-202611210300-0a09292e-a1".parse().unwrap()
}

fn inspect(rules: &Rules, policy: Policy, now: &Schema, last: Option<&Schema>) -> (Inspection, Verdict) {
    let name = last_name();
    Inspector { rules, policy, last: last.map(|it| (&name, it)), only: &[] }.inspect(now)
}

fn fine() -> Verdict {
    Verdict::GoesOn { warnings: vec![] }
}

/// Table or column, one line each.
fn told(findings: &[Finding]) -> Vec<String> {
    let line = |it: &Finding| match &it.column {
        Some(column) => format!("{} {}.{column}", it.kind.as_str(), it.table),
        None => format!("{} {}", it.kind.as_str(), it.table),
    };
    findings.iter().map(line).collect()
}

#[test]
fn the_first_run_of_a_source_without_rules_finds_nothing() {
    let (found, verdict) =
        inspect(&Rules::default(), Policy::default(), &schema(&[("shop.users", &["id", "email"])], &[]), None);
    assert_eq!(verdict, fine());
    assert_eq!((found.findings, found.counts, found.numbers, found.against), (vec![], vec![], vec![], None));
}

#[test]
fn what_no_rule_covers_is_named_and_stops_nothing() {
    let rules = rules(&[("shop/users/id", "normal"), ("shop/orders", "normal")]);
    let now =
        schema(&[("shop.users", &["id", "email"]), ("shop.orders", &["id"]), ("shop.carts", &["id", "sum"])], &[]);
    let (found, verdict) = inspect(&rules, Policy::default(), &now, None);
    assert_eq!(verdict, fine());
    assert_eq!(told(&found.findings), ["unclassified shop.carts", "unclassified shop.users.email"]);
    assert_eq!(found.count(FindingKind::Unclassified), 2);
}

#[test]
fn what_is_hidden_has_the_number_of_its_place() {
    let rules = rules(&[("shop/users/id", "normal"), ("shop/users/zip", "hash")]);
    let now = schema(&[("shop.a", &[]), ("shop.Users", &["id", "Email", "zip"]), ("shop.z", &[])], &[]);
    let (found, _) = inspect(&rules, Policy::default(), &now, None);
    let numbers: Vec<_> = found.numbers.iter().map(|it| (it.table.as_str(), it.column.as_deref(), it.number)).collect();
    assert_eq!(numbers, [("shop.a", None, 1), ("shop.z", None, 2), ("shop.users", Some("email"), 1)]);
}

#[test]
fn what_a_run_was_limited_to_has_its_number() {
    let rules = rules(&[("shop/users/id", "normal"), ("shop/cards", "sensitive"), ("shop/pins", "sensitive")]);
    let now = schema(&[("shop.cards", &["id"]), ("shop.pins", &["id"])], &[]);
    let only = ["shop.PINS".to_owned()];
    let inspector = Inspector { rules: &rules, policy: Policy::default(), last: None, only: &only };
    let (found, _) = inspector.inspect(&now);
    assert_eq!(found.numbers, [Number { table: "shop.pins".into(), column: None, number: 2 }]);
}

#[test]
fn gone_and_skipped_tables_follow_the_policy() {
    let last = schema(&[("shop.a", &[]), ("shop.b", &[]), ("shop.c", &[])], &[]);
    let now = schema(&[("shop.a", &[])], &["shop.b"]);
    let of = |skipped_tables, gone_tables| {
        inspect(&Rules::default(), Policy { skipped_tables, gone_tables, ..Policy::default() }, &now, Some(&last)).1
    };
    assert_eq!(
        of(Then::Warn, Then::Warn),
        Verdict::GoesOn { warnings: Warning::of(vec![finding(FindingKind::GoneTable, "shop.c", None)], None, 1) }
    );
    let asked = |verdict| if let Verdict::Doubtful(findings) = verdict { told(&findings) } else { vec![] };
    assert_eq!(asked(of(Then::Ask, Then::Warn)), ["skipped_table shop.b"]);
    assert_eq!(asked(of(Then::Warn, Then::Ask)), ["gone_table shop.c"]);
    assert_eq!(asked(of(Then::Ask, Then::Ask)), ["skipped_table shop.b", "gone_table shop.c"]);
    let failed = |verdict| if let Verdict::Fails(it) = verdict { Some((it.code, it.message)) } else { None };
    let (gone, skipped) = (codes::TABLES_GONE.to_owned(), codes::TABLES_FAILED.to_owned());
    assert_eq!(failed(of(Then::Ask, Then::Fail)), Some((gone, "shop.c".to_owned())));
    assert_eq!(failed(of(Then::Fail, Then::Fail)), Some((skipped, "shop.b".to_owned())));
}

#[test]
fn a_record_holds_the_first_findings_and_how_many_there_are() {
    let names: Vec<String> = (0..70).map(|it| format!("shop.t{it:02}")).collect();
    let tables: Vec<(&str, &[&str])> = names.iter().map(|it| (it.as_str(), &[][..])).collect();
    let (found, verdict) =
        inspect(&Rules::default(), Policy::default(), &schema(&[], &[]), Some(&schema(&tables, &[])));
    assert_eq!((found.findings.len(), found.count(FindingKind::GoneTable)), (MOST_FINDINGS, 70));
    let Verdict::GoesOn { warnings } = verdict else { panic!("{verdict:?}") };
    assert_eq!((warnings.len(), &warnings[20]), (21, &Warning::More { more: 50, kind: FindingKind::GoneTable }));
}

#[test]
fn an_approval_is_about_what_its_layer_shows() {
    let rules = rules(&[("shop/users/id", "normal"), ("shop/users/pin", "drop"), ("legacy", "drop")]);
    let of = |columns: &[&str], last: &Schema| {
        let now = schema(&[("shop.users", columns), ("legacy.x", &["id"]), ("shop.old", &["id"])], &[]);
        inspect(&rules, Policy::default(), &now, Some(last)).0
    };
    let last = schema(&[("shop.users", &["id"]), ("shop.old", &["id"])], &[]);
    let found = of(&["id", "pin", "email"], &last);
    // What was unclassified before is no difference.
    assert!(told(&found.findings).contains(&"unclassified shop.old".to_owned()));
    assert_eq!(told(found.for_sensitive()), ["new_column shop.users.email", "unclassified shop.users.email"]);
    assert_eq!(of(&["id", "email"], &last).sensitive_digest, found.sensitive_digest, "what is dropped is in no layer");
    let none = of(&["id", "pin"], &last);
    assert_eq!((none.for_sensitive(), none.sensitive_digest.as_str()), (&[][..], ""));
}

#[test]
fn what_rules_name_and_no_export_has_is_told_at_its_highest() {
    let rules = rules(&[
        ("shop/users/id", "normal"),
        ("shop/users/Gone", "drop"),
        ("shop/carts/id", "normal"),
        ("shop/carts/sum", "normal"),
        ("legacy", "drop"),
    ]);
    let missing = missing(&rules, &schema(&[("shop.users", &["ID"])], &[]));
    let told: Vec<String> = missing.iter().map(|it| it.join("/")).collect();
    assert_eq!(told, ["legacy", "shop/carts", "shop/users/gone"]);
}

#[test]
fn a_record_of_it_reads_back() {
    let rules = rules(&[("shop/users/id", "normal")]);
    let now = schema(&[("shop.users", &["id", "email"])], &["shop.b"]);
    let (found, _) = inspect(&rules, Policy::default(), &now, Some(&schema(&[("shop.c", &[])], &[])));
    let json = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Inspection>(&json).unwrap(), found);
}

proptest! {
    /// The digest is of every difference, also of those that the record has no room for.
    #[test]
    fn the_digest_differs_exactly_if_the_differences_do(
        one in subsequence((0..60).collect::<Vec<u32>>(), 0..=60), other in subsequence((0..60).collect::<Vec<u32>>(), 0..=60),
    ) {
        let digest = |tables: &[u32]| {
            let tables = tables.iter().map(|it| Table::new(&format!("shop.t{it}"), []));
            let rules = Rules::default();
            inspect(&rules, Policy::default(), &Schema::new(tables, []), Some(&schema(&[], &[]))).0.sensitive_digest
        };
        prop_assert_eq!(digest(&one) == digest(&other), one == other);
    }
}
