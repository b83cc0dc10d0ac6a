use proptest::{
    prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest},
    sample::subsequence,
};

use super::*;

fn column(name: &str, original: &str) -> Column {
    Column { name: name.to_owned(), original: original.to_owned(), exported: String::new() }
}

fn table(name: &str, columns: &[(&str, &str)]) -> Table {
    Table::new(name, columns.iter().map(|(name, original)| column(name, original)))
}

fn schema(tables: &[Table]) -> Schema {
    Schema::new(tables.to_vec(), [])
}

/// What was found, one line each.
fn told(findings: &[Finding]) -> Vec<String> {
    let line = |it: &Finding| {
        let types = [&it.was, &it.is].map(|it| it.as_deref().unwrap_or("-"));
        format!("{} {} {} {}>{}", it.kind.as_str(), it.table, it.column.as_deref().unwrap_or("-"), types[0], types[1])
    };
    findings.iter().map(line).collect()
}

#[test]
fn new_gone_and_retyped_are_told_apart() {
    let last = schema(&[
        table("shop.users", &[("id", "int"), ("email", "varchar"), ("age", "int")]),
        table("shop.carts", &[("id", "int")]),
    ]);
    let now = schema(&[
        table("shop.users", &[("id", "bigint"), ("email", "varchar"), ("phone", "varchar")]),
        table("shop.orders", &[("id", "int")]),
    ]);
    assert_eq!(
        told(&now.diff(&last)),
        [
            "new_table shop.orders - ->-",
            "gone_table shop.carts - ->-",
            "gone_column shop.users age int>-",
            "retyped shop.users id int>bigint",
            "new_column shop.users phone ->varchar",
        ]
    );
}

#[test]
fn another_type_in_parquet_alone_is_another_type() {
    let with = |exported: &str| {
        let column = Column { exported: exported.to_owned(), ..column("id", "decimal") };
        schema(&[Table::new("shop.users", [column])])
    };
    assert_eq!(told(&with("b").diff(&with("a"))), ["retyped shop.users id a>b"]);
}

#[test]
fn another_case_is_no_difference() {
    let (was, is) =
        (schema(&[table("shop.Users", &[("Id", "int")])]), schema(&[table("shop.users", &[("id", "int")])]));
    assert_eq!(is.diff(&was), []);
}

#[test]
fn of_what_was_skipped_nothing_is_known() {
    let all = schema(&[table("shop.users", &[]), table("shop.orders", &[])]);
    let some = Schema::new([table("shop.users", &[])], ["shop.orders".to_owned()]);
    assert_eq!(told(&some.diff(&all)), [""; 0]);
    assert_eq!(told(&all.diff(&some)), [""; 0]);
    assert_eq!(told(&some.skipped()), ["skipped_table shop.orders - ->-"]);
    // The files name it, but only to say that it is not there.
    let mut named = all.clone();
    named.skip(["SHOP.orders".to_owned()]);
    assert_eq!(told(&named.diff(&all)), [""; 0]);
}

#[test]
fn tables_whose_columns_are_not_told_are_not_compared() {
    let (known, unknown) = (schema(&[table("shop.users", &[("id", "int")])]), schema(&[table("shop.users", &[])]));
    assert_eq!((known.diff(&unknown), unknown.diff(&known)), (vec![], vec![]));
}

#[test]
fn what_rules_name_is_found_or_not() {
    let schema = Schema::new([table("shop.public.Users", &[("Id", "int")])], ["shop.public.orders".to_owned()]);
    let has = |names: &[&str]| schema.has(&names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
    assert_eq!(has(&["shop", "public.users", "id"]), Some(true));
    assert_eq!(has(&["shop", "public.users", "email"]), Some(false));
    assert_eq!((has(&["shop", "public.users"]), has(&["shop", "users"])), (Some(true), Some(false)));
    assert_eq!(has(&["shop", "public.orders", "id"]), None);
    assert_eq!(has(&["legacy"]), Some(false));
}

#[test]
fn what_was_skipped_is_read_from_rdss_warning() {
    let warning = r#"{"skippedTables":["a.b",{"tableName":"c.d"},7],"general":[]}"#;
    assert_eq!(skipped_in(warning), ["a.b", "c.d"]);
    for warning in ["", "words", "[]", r#"{"skippedTables":7}"#] {
        assert!(skipped_in(warning).is_empty(), "{warning}");
    }
}

fn tables() -> impl Strategy<Value = Vec<Table>> {
    let columns = subsequence(vec!["a", "b", "c", "d"], 1..=4);
    let kind = prop_oneof![Just("int"), Just("text")];
    let columns = (columns, proptest::collection::vec(kind, 4))
        .prop_map(|(names, kinds)| names.into_iter().zip(kinds).map(|(name, kind)| column(name, kind)).collect());
    let columns: proptest::strategy::BoxedStrategy<Vec<Column>> = columns.boxed();
    (subsequence(vec!["s.t", "s.u", "s.v", "s.w"], 0..=4), proptest::collection::vec(columns, 4)).prop_map(
        |(names, columns)| names.iter().zip(columns).map(|(name, columns)| Table::new(name, columns)).collect(),
    )
}

/// Returns every column of every table, as the findings say they are.
fn flat(schema: &Schema) -> BTreeMap<(String, String), String> {
    let columns = |it: &Table| -> Vec<_> {
        it.columns().map(|column| ((it.name.clone(), column.name.clone()), column.original.clone())).collect()
    };
    schema.tables().flat_map(columns).collect()
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(tables in tables()) {
        let schema = schema(&tables);
        prop_assert!(schema.diff(&schema).is_empty());
    }

    #[test]
    fn the_order_in_which_files_tell_makes_no_difference(tables in tables(), last in tables()) {
        let mut turned = tables.clone();
        turned.reverse();
        let last = schema(&last);
        prop_assert_eq!(schema(&tables).diff(&last), schema(&turned).diff(&last));
    }

    /// Whoever does to the last schema what the findings say has the present one.
    #[test]
    fn the_findings_are_the_whole_difference(was in tables(), is in tables()) {
        let (was, is) = (schema(&was), schema(&is));
        let (mut applied, wanted) = (flat(&was), flat(&is));
        for found in is.diff(&was) {
            let column = || (found.table.clone(), found.column.clone().unwrap());
            match found.kind {
                FindingKind::GoneTable => applied.retain(|(table, _), _| *table != found.table),
                FindingKind::NewTable => {
                    let new = wanted.iter().filter(|((table, _), _)| *table == found.table);
                    applied.extend(new.map(|(at, it)| (at.clone(), it.clone())));
                }
                FindingKind::GoneColumn => prop_assert_eq!(applied.remove(&column()), found.was.clone()),
                FindingKind::NewColumn => {
                    prop_assert!(applied.insert(column(), found.is.clone().unwrap()).is_none());
                }
                FindingKind::Retyped => {
                    prop_assert_eq!(applied.insert(column(), found.is.clone().unwrap()), found.was.clone());
                }
                other @ (FindingKind::SkippedTable
                | FindingKind::Unclassified
                | FindingKind::Leaked
                | FindingKind::FewerRows) => prop_assert!(false, "{}", other.as_str()),
            }
        }
        prop_assert_eq!(applied, wanted);
    }
}
