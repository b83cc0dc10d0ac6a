use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use rstest::rstest;

use super::{
    testing::{entry, rules},
    *,
};

fn owned(name: &str, owner: &str) -> Entry {
    let names = if name.is_empty() { Vec::new() } else { name.split('/').map(str::to_owned).collect() };
    Entry { names, rule: Rule { owner: Some(owner.to_owned()), ..Rule::default() } }
}

#[test]
fn without_rules_everything_is_sensitive_and_unclassified() {
    let rules = Rules::default();
    let id = rules.of("learning", "users", "id");
    assert!(rules.is_empty());
    assert_eq!((id.class, id.normal, id.unclassified, id.owner), (Class::Sensitive, Treatment::Drop, true, None));
    assert_eq!((id.in_normal(), id.in_sensitive()), (None, true));
}

#[rstest]
#[case::own("users", "id", Class::Normal, false)]
#[case::of_the_table("users", "email", Class::Sensitive, false)]
#[case::of_the_database("orders", "id", Class::Normal, false)]
fn the_nearest_rule_gives_the_class(
    #[case] table: &str,
    #[case] column: &str,
    #[case] class: Class,
    #[case] unclassified: bool,
) {
    let rules = rules(&[("shop", "normal"), ("shop/users", "sensitive"), ("shop/users/id", "normal")]);
    let found = rules.of("shop", table, column);
    assert_eq!((found.class, found.unclassified), (class, unclassified));
    assert!(rules.of("other", table, column).unclassified);
}

#[test]
fn a_rule_that_names_an_owner_only_leaves_the_class_to_others() {
    let entries = vec![owned("", "Platform"), owned("shop/users/id", "Identity"), entry("shop", "normal")];
    let rules = Rules::new("", entries).unwrap();
    let id = rules.of("shop", "users", "id");
    assert_eq!((id.class, id.owner, id.unclassified), (Class::Normal, Some("Identity"), false));
    let other = rules.of("legacy", "users", "id");
    assert_eq!((other.class, other.owner, other.unclassified), (Class::Sensitive, Some("Platform"), true));
}

/// A treatment belongs to the rule that gives the class.
#[test]
fn a_treatment_is_not_mixed_into_another_rules_class() {
    let rules = rules(&[("shop/users", "hash"), ("shop/users/id", "sensitive")]);
    assert_eq!(rules.shown_in_normal("shop", "users", "email"), Some(Shape::Hashed));
    assert_eq!(rules.shown_in_normal("shop", "users", "id"), None);
}

#[test]
fn the_case_of_names_makes_no_difference() {
    let rules = rules(&[("Shop/Users/Id", "normal")]);
    assert_eq!(rules.shown_in_normal("sHOP", "USERS", "id"), Some(Shape::AsItIs));
}

#[rstest]
#[case::spelling(vec![entry("Shop/a/b", "drop"), entry("shop/c", "drop")], 1,
    Reason::Spelling { name: "shop".into(), other: "Shop".into() })]
#[case::spelling_of_a_column(vec![entry("shop/a/Id", "drop"), entry("shop/a/id", "drop")], 1,
    Reason::Spelling { name: "id".into(), other: "Id".into() })]
#[case::below_a_database(vec![entry("shop", "drop"), entry("shop/a/id", "hash")], 1,
    Reason::BelowDropped { dropped: "shop".into() })]
#[case::below_a_table(vec![entry("shop/a/id", "normal"), entry("shop/a", "drop")], 0,
    Reason::BelowDropped { dropped: "shop.a".into() })]
#[case::everything(vec![Entry { names: vec![], rule: testing::rule("drop") }], 0, Reason::ClassOfEverything)]
#[case::not_sensitive(vec![Entry {
    names: vec!["shop".into()],
    rule: Rule { class: Some(Class::Normal), normal: Some(Treatment::Hash), owner: None },
}], 0, Reason::NotSensitive)]
fn what_cannot_all_hold_is_refused(#[case] entries: Vec<Entry>, #[case] entry: usize, #[case] reason: Reason) {
    assert_eq!(Rules::new("", entries).unwrap_err(), [Conflict { entry, reason }]);
}

#[test]
fn the_same_names_elsewhere_and_more_drops_below_a_drop_are_fine() {
    let entries = vec![
        entry("shop/Users/id", "normal"),
        entry("shop/orders/ID", "normal"),
        entry("legacy", "drop"),
        entry("legacy/a", "drop"),
        entry("legacy/b/id", "drop"),
        owned("legacy/b", "Somebody"),
    ];
    assert!(Rules::new("", entries).is_ok());
}

#[test]
fn targets_are_split_where_the_database_ends() {
    assert_eq!(split_target("learning.users"), Some(("learning", "users")));
    assert_eq!(split_target("shop.public.users"), Some(("shop", "public.users")));
    for database in ["postgres", "", "shop.", ".users"] {
        assert_eq!(split_target(database), None);
    }
}

/// A few names, so that rules meet.
fn names() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(prop_oneof![Just("a"), Just("B"), Just("c")].prop_map(str::to_owned), 1..=3)
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let word = prop_oneof![Just("normal"), Just("sensitive"), Just("hash"), Just("mask"), Just("drop")];
    let entry = (names(), word).prop_map(|(names, word)| Entry { names, rule: testing::rule(word) });
    proptest::collection::vec(entry, 0..8)
}

proptest! {
    /// Nothing is in the Normal layer that no rule lets there.
    #[test]
    fn what_no_rule_covers_is_never_in_the_normal_layer(entries in entries(), column in "[d-z]{1,4}") {
        let Ok(rules) = Rules::new("", entries) else { return Ok(()) };
        let found = rules.of("d", "a", &column);
        prop_assert!(found.unclassified);
        prop_assert_eq!(found.in_normal(), None);
        prop_assert!(found.in_sensitive());
    }

    #[test]
    fn what_is_dropped_as_a_whole_is_nowhere(entries in entries(), names in names(), column in any::<String>()) {
        let mut all = vec![Entry { names: names.clone(), rule: testing::rule("drop") }];
        all.extend(entries.into_iter().filter(|it| it.names != names));
        let Ok(rules) = Rules::new("", all) else { return Ok(()) };
        let name = |at: usize| names.get(at).map_or(column.as_str(), String::as_str);
        let found = rules.of(name(0), name(1), name(2));
        prop_assert_eq!((found.in_normal(), found.in_sensitive()), (None, false));
    }

    #[test]
    fn the_order_of_entries_makes_no_difference(entries in entries()) {
        let mut turned = entries;
        // Of two entries with the same names, which no file can have, the last one holds.
        turned.sort_by(|one, other| one.names.cmp(&other.names));
        turned.dedup_by(|one, other| one.names == other.names);
        let straight = Rules::new("", turned.clone());
        turned.reverse();
        let back = Rules::new("", turned);
        prop_assert_eq!(straight.is_ok(), back.is_ok());
        if let (Ok(straight), Ok(back)) = (straight, back) {
            prop_assert_eq!(straight, back);
        }
    }
}

#[test]
fn a_table_is_shown_if_any_column_of_it_can_be() {
    let rules = rules(&[
        ("shop/users/id", "normal"),
        ("shop/users", "sensitive"),
        ("shop/logs/ip", "hash"),
        ("shop/cards/number", "sensitive"),
        ("open", "normal"),
        ("open/cards", "sensitive"),
        ("legacy", "drop"),
    ]);
    let of = |table: &str| {
        table.split_once('/').map(|(db, table)| (rules.shows_table(db, table), rules.keeps_table(db, table)))
    };
    for (table, shown, kept) in [
        ("shop/users", true, true),
        ("shop/logs", true, true),
        ("shop/cards", false, true),
        ("shop/log", false, true),
        ("open/new", true, true),
        ("open/cards", false, true),
        ("legacy/x", false, false),
    ] {
        assert_eq!(of(table), Some((shown, kept)), "{table}");
    }
}
