use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::classification::testing::rules;

const SOURCE: &str = "shop";
const CRAWLER: &str = "shop-normal";

fn place(prefix: &str) -> Location {
    Location { bucket: "lake".into(), prefix: prefix.into() }
}

fn pairs(columns: &[(&str, &str)]) -> Vec<(String, String)> {
    columns.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect()
}

/// Returns a table of our crawler's, with its files at `location`, that runs divide.
fn table(name: &str, location: &str, columns: &[(&str, &str)]) -> CatalogTable {
    CatalogTable {
        name: name.to_owned(),
        folder: name.to_owned(),
        location: location.to_owned(),
        columns: pairs(columns),
        partition_keys: pairs(&[(RUN, "string")]),
        crawler: Some(CRAWLER.to_owned()),
        ..CatalogTable::default()
    }
}

/// Returns what is found: `table` or `table.column`, each with what it was to be.
fn found(rules: &Rules, tables: &[CatalogTable]) -> Vec<String> {
    let (output, latest) = (place("normal/shop"), place("latest/shop"));
    let origin = Origin { source: SOURCE, crawler: Some(CRAWLER), places: &[&output, &latest] };
    let found = Guard::new(rules, origin).leaks(tables);
    assert!(found.iter().all(|it| it.kind == FindingKind::Leaked));
    let say = |it: &Finding| {
        let column = it.column.as_ref().map(|it| format!(".{it}")).unwrap_or_default();
        let was = it.was.as_ref().map(|was| format!(" {was}: {}", it.is.as_deref().unwrap_or("?")));
        format!("{}{column}{}", it.table, was.unwrap_or_default())
    };
    found.iter().map(say).collect()
}

fn users() -> Rules {
    rules(&[
        ("shop/users/id", "normal"),
        ("shop/users/email", "hash"),
        ("shop/users/phone", "mask"),
        ("shop/users/name", "sensitive"),
        ("shop/users/secret", "drop"),
        ("shop/logins", "sensitive"),
    ])
}

const USERS: &str = "s3://lake/normal/shop/shop/shop.users/";

#[test]
fn what_is_allowed_passes_and_what_is_not_is_named() {
    let allowed = [("id", "bigint"), ("email", "string"), ("phone", "varchar(3)")];
    assert_eq!(found(&users(), &[table("shop_users", USERS, &allowed)]), Vec::<String>::new());
    let more = [("ID", "bigint"), ("name", "string"), ("secret", "string"), ("new", "int")];
    let leaked = ["shop.users.name", "shop.users.new", "shop.users.secret"];
    assert_eq!(found(&users(), &[table("shop_users", USERS, &more)]), leaked);
}

#[test]
fn a_table_below_the_name_of_a_run_is_told_by_its_folder_and_one_of_another_source_is_left_alone() {
    let at = "s3://lake/normal/shop/shop-202611220304-0a09292e-a1/shop/shop.users/datalake_run=x/";
    let kept = |source: &str, location: &str| CatalogTable {
        crawler: None,
        source: Some(source.to_owned()),
        ..table("people", location, &[("id", "bigint"), ("name", "string")])
    };
    assert_eq!(found(&users(), &[kept(SOURCE, at)]), ["shop.users.name"]);
    assert_eq!(found(&users(), &[kept("crm", "s3://lake/normal/crm/x/")]), Vec::<String>::new());
    let called = CatalogTable { name: "shop_users".to_owned(), ..kept("crm", "s3://lake/normal/crm/x/") };
    assert_eq!(found(&users(), &[called]), Vec::<String>::new());
}

#[test]
fn a_hash_or_a_mask_is_text() {
    let columns = [("id", "bigint"), ("email", "bigint"), ("phone", "array<string>")];
    let leaked = ["shop.users.email hash: bigint", "shop.users.phone mask: array<string>"];
    assert_eq!(found(&users(), &[table("shop_users", USERS, &columns)]), leaked);
}

#[test]
fn a_table_of_which_nothing_is_allowed_is_named_as_a_whole() {
    let at = "s3://lake/normal/shop/shop/shop.logins/";
    let logins = table("shop_logins", at, &[("id", "bigint"), ("at", "timestamp")]);
    assert_eq!(found(&users(), std::slice::from_ref(&logins)), ["shop.logins"]);
    let gone = CatalogTable { is_deprecated: true, ..logins };
    assert_eq!(found(&users(), &[gone]), Vec::<String>::new(), "its files are gone");
}

#[test]
fn untransformed_data_in_the_catalog_is_judged_as_what_it_is() {
    let raw = table("shop_users", "s3://lake/latest/shop/shop/shop.users/1/", &[("id", "bigint"), ("name", "string")]);
    assert_eq!(found(&users(), &[raw]), ["shop.users.name"]);
}

#[test]
fn a_table_with_another_layout_is_told_by_its_name() {
    let columns = [("id", "bigint"), ("name", "string")];
    for name in ["users", "shop_users"] {
        for at in ["s3://lake/normal/shop/users/", "s3://lake/normal/shop/v1/users/", "s3://elsewhere/users/", ""] {
            assert_eq!(found(&users(), &[table(name, at, &columns)]), ["shop.users.name"], "{name} {at}");
        }
    }
    // Who has written it is not known, but it is called like one of ours.
    let by_hand = CatalogTable { crawler: None, ..table("users", "s3://elsewhere/users/", &columns) };
    assert_eq!(found(&users(), &[by_hand]), ["shop.users.name"]);
}

#[test]
fn what_cannot_be_told_is_allowed_nothing() {
    let columns = [("id", "bigint")];
    for at in ["s3://lake/normal/shop/copies/", "s3://lake/normal/shop/other/other.users/", "s3://elsewhere/"] {
        assert_eq!(found(&users(), &[table("copies", at, &columns)]), ["copies"], "{at}");
    }
}

#[test]
fn tables_of_others_are_left_alone() {
    let columns = [("name", "string")];
    let others = CatalogTable { crawler: Some("hr".into()), ..table("users", "s3://lake/hr/users/", &columns) };
    let by_hand = CatalogTable { crawler: None, ..table("figures", "s3://elsewhere/figures/", &columns) };
    let near = CatalogTable { crawler: None, ..table("figures", "s3://lake/normal/shopping/shop/f/", &columns) };
    assert_eq!(found(&users(), &[others.clone(), by_hand, near]), Vec::<String>::new());
    // Whoever has written it: it shows our data.
    let shown = CatalogTable { location: USERS.into(), ..others };
    assert_eq!(found(&users(), &[shown]), ["shop.users"]);
}

#[test]
fn where_a_table_may_be_one_of_two_it_shows_what_both_allow() {
    let rules = rules(&[
        ("shop/public.users/id", "normal"),
        ("shop/public.users/name", "normal"),
        ("shop/audit.users/id", "normal"),
    ]);
    let columns = [("id", "bigint"), ("name", "string")];
    assert_eq!(found(&rules, &[table("users", "s3://elsewhere/users/", &columns)]), ["users.name"]);
    let at = |schema: &str| format!("s3://lake/normal/shop/shop/{schema}.users/");
    assert_eq!(found(&rules, &[table("public_users", &at("public"), &columns)]), Vec::<String>::new());
    assert_eq!(found(&rules, &[table("audit_users", &at("audit"), &columns)]), ["shop.audit.users.name"]);
}

#[test]
fn folders_are_columns_unless_they_tell_runs_apart_or_have_no_name() {
    let keys = |keys: &[(&str, &str)]| CatalogTable {
        partition_keys: pairs(keys),
        ..table("shop_users", USERS, &[("id", "bigint")])
    };
    let fine = keys(&[(RUN, "string"), ("partition_0", "string")]);
    assert_eq!(found(&users(), &[fine]), Vec::<String>::new());
    assert_eq!(found(&users(), &[keys(&[("name", "string"), ("partition_x", "string")])]).len(), 2);
    let column = table("shop_users", USERS, &[("id", "bigint"), ("partition_0", "string")]);
    assert_eq!(found(&users(), &[column]), ["shop.users.partition_0"], "a column may be called so");
}

#[test]
fn whether_anything_is_seen_is_told() {
    let (rules, output) = (users(), place("normal/shop"));
    let places = [&output];
    let guard = Guard::new(&rules, Origin { source: SOURCE, crawler: Some(CRAWLER), places: &places });
    let ours = table("shop_users", USERS, &[("id", "bigint")]);
    let others = CatalogTable { crawler: Some("hr".into()), ..table("x", "s3://lake/hr/x/", &[("id", "bigint")]) };
    let gone = CatalogTable { is_deprecated: true, ..ours.clone() };
    assert!(!guard.sees_any(&[]) && !guard.sees_any(&[others.clone(), gone]));
    assert!(guard.sees_any(&[others, ours]));
}

#[test]
fn without_rules_nothing_is_judged() {
    assert_eq!(found(&Rules::default(), &[table("x", USERS, &[("name", "string")])]), Vec::<String>::new());
}

const WORDS: [&str; 5] = ["normal", "sensitive", "drop", "hash", "mask"];
const COLUMNS: [&str; 4] = ["a", "b", "c", "d"];
const TABLES: [&str; 3] = ["shop.users", "public.orders", "lines"];

proptest! {
    /// Whatever is in the catalog: what is found are exactly the columns that may not be there, table by table.
    #[test]
    fn what_is_found_is_what_a_plain_model_finds(
        words in prop::collection::btree_map((0..3_usize, 0..4_usize), 0..5_usize, 1..12),
        shown in prop::collection::btree_set((0..3_usize, 0..4_usize), 0..12),
        text in any::<bool>(),
    ) {
        let bare = |table: usize| TABLES[table].strip_prefix("shop.").unwrap_or(TABLES[table]);
        let names: Vec<(String, &str)> = words
            .iter()
            .map(|((table, column), word)| (format!("shop/{}/{}", bare(*table), COLUMNS[*column]), WORDS[*word]))
            .collect();
        let rules = rules(&names.iter().map(|(name, word)| (name.as_str(), *word)).collect::<Vec<_>>());
        let kind = if text { "string" } else { "bigint" };
        let mut columns: BTreeMap<usize, Vec<(&str, &str)>> = BTreeMap::new();
        for (table, column) in &shown {
            columns.entry(*table).or_default().push((COLUMNS[*column], kind));
        }
        let at = |table: usize| format!("s3://lake/normal/shop/shop/{}/", TABLES[table]);
        let tables: Vec<CatalogTable> =
            columns.iter().map(|(it, columns)| table(&crawled(TABLES[*it]), &at(*it), columns)).collect();

        let is_leaked = |it: &(usize, usize)| match words.get(it).map(|it| WORDS[*it]) {
            Some("normal") => false,
            Some("hash" | "mask") => !text,
            _ => true,
        };
        let leaked: Vec<_> = shown.iter().filter(|it| is_leaked(it)).collect();
        let of = |table: usize| leaked.iter().filter(|it| it.0 == table).count();
        let expected: usize =
            columns.iter().map(|(table, all)| if of(*table) == all.len() { 1 } else { of(*table) }).sum();
        let found = found(&rules, &tables);
        prop_assert_eq!(found.len(), expected, "{:?}", found);
        for (table, column) in leaked {
            let whole = format!("shop.{}", bare(*table));
            let named = format!("{whole}.{}", COLUMNS[*column]);
            prop_assert!(found.iter().any(|it| *it == whole || it.starts_with(&named)), "{} not in {:?}", named, found);
        }
    }
}
