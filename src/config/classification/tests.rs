use rstest::rstest;

use super::*;
use crate::domain::classification::Shape;

fn mistakes(text: &str) -> Vec<String> {
    read(text).unwrap_err().mistakes.iter().map(ToString::to_string).collect()
}

#[test]
fn the_example_is_right() {
    let rules = read(include_str!("../../../deploy/shop.classification.toml")).unwrap();
    assert!(!rules.is_empty());
    assert_eq!(rules.file(), include_str!("../../../deploy/shop.classification.toml"));
}

#[test]
fn depth_decides_what_a_name_is() {
    let rules = read(
        r#"
        "*" = { owner = "Data platform" }
        [legacy]
        "*" = "drop"
        [class]
        "*" = { owner = "Odd names" }
        [class.normal]
        "*" = { class = "sensitive", owner = "Identity" }
        owner = "normal"
        email = { class = "sensitive", normal = "hash" }
        "#,
    )
    .unwrap();
    assert_eq!(rules.shown_in_normal("class", "normal", "owner"), Some(Shape::AsItIs));
    assert_eq!(rules.shown_in_normal("class", "normal", "email"), Some(Shape::Hashed));
    assert_eq!(rules.of("class", "normal", "email").owner, Some("Identity"));
    assert_eq!(rules.of("class", "other", "id").owner, Some("Odd names"));
    assert_eq!(rules.of("other", "other", "id").owner, Some("Data platform"));
    assert!(!rules.of("legacy", "x", "y").in_sensitive());
}

#[test]
fn nothing_said_is_no_rule() {
    for text in ["", "# nothing yet\n"] {
        assert!(read(text).unwrap().is_empty());
    }
}

#[rstest]
#[case::toml("[a.b]\nid = ", "line 2:")]
#[case::class("[a.b]\nid = \"public\"", "line 2: a.b.id must have as `class` one of: normal, sensitive, drop")]
#[case::treatment(
    "[a.b]\nid = { class = \"sensitive\", normal = \"md5\" }",
    "line 2: a.b.id must have as `normal` one of: drop, hash, mask"
)]
#[case::key(
    "[a.\"b.c\"]\nid = { clas = \"normal\" }",
    "line 2: a.\"b.c\".id has the key `clas`, which says nothing: below columns there is nothing to name; did you mean `class`?"
)]
#[case::depth(
    "[a.b.c]\nid = \"normal\"",
    "line 2: a.b.c has the key `id`, which says nothing: below columns there is nothing to name"
)]
#[case::no_table(
    "a = \"drop\"",
    "line 1: a is a database and must be a table; what holds for the whole of it is its \"*\""
)]
#[case::no_table_either(
    "[a]\nb = \"drop\"",
    "line 2: a.b is a table and must be a table; what holds for the whole of it is its \"*\""
)]
#[case::owner("\"*\" = { owner = 7 }", "line 1: \"*\" must have as `owner` a text that is not empty")]
#[case::number("[a.b]\nid = 7", "line 2: a.b.id must be a class, or a table with `class`, `normal` and `owner`")]
#[case::top("\"*\" = \"drop\"", "line 1: \"*\" names a class for everything: at the top there is an owner only")]
#[case::below("[a]\n\"*\" = \"drop\"\n[a.b]\nid = \"normal\"", "line 4: a.b.id is not dropped, and all of a is")]
#[case::lines("[a.b]\nid = { class = \"normal\",\n}", "line 2: a.b.id must be on one line")]
#[case::comma("[a]\nb = { id = \"drop\", }", "line 2: a.b must be on one line")]
#[case::hash_of_normal(
    "[a.b]\nid = { class = \"normal\", normal = \"hash\" }",
    "line 2: a.b.id says how it appears in the Normal layer: only what has the class sensitive can say so"
)]
#[case::escape("[a.b]\n\"\\x61\" = \"drop\"", "line 2: must not have the escapes `\\e` and `\\x`")]
#[case::empty_tables(
    "[a.b]\n[A]\n",
    "line 1: a.b writes `a` what is `A` elsewhere: both are one name to Glue, so write it in one way"
)]
#[case::case(
    "[a.b]\nId = \"drop\"\nid = \"drop\"",
    "line 3: a.b.id writes `id` what is `Id` elsewhere: both are one name to Glue, so write it in one way"
)]
fn a_mistake_is_told_with_its_line(#[case] text: &str, #[case] expected: &str) {
    let mistakes = mistakes(text);
    assert!(mistakes.iter().any(|it| it.starts_with(expected)), "{mistakes:#?}");
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = "[a.b]\nid = \"public\"\nx = 7\n[c]\n\"*\" = \"drop\"\n[c.d]\ny = \"normal\"";
    assert_eq!(mistakes(text).len(), 3, "{:#?}", mistakes(text));
}

/// What is told of names in Slack: `learning.users` with its columns, then another table.
fn hidden(text: &str) -> Vec<&'static str> {
    let rules = read(text).unwrap_err().rules;
    assert!(rules.is_empty(), "nothing is judged by a file with a mistake");
    assert!(rules.of("learning", "users", "id").unclassified);
    assert!(rules.keeps_table("learning", "users") && rules.file().is_empty());
    let columns = ["id", "email", "note"].into_iter().filter(|it| rules.hides_column("learning.users", it));
    columns.chain(rules.hides_table("learning.lessons").then_some("lessons")).collect()
}

#[rstest]
#[case::a_class("id = \"normal\"\nemail = \"sensitiv\"\n\"*\" = \"normal\"", &["email", "lessons"])]
#[case::toml("id = \"normal\"\nemail = \"sensitive\"\nnote = ", &["email", "note", "lessons"])]
#[case::conflict("id = \"normal\"\nID = \"drop\"\n\"*\" = \"normal\"", &["id", "lessons"])]
#[case::nothing_that_can_be_read("id = { is = \"normal\" }", &[])]
fn names_stay_hidden_by_a_file_with_a_mistake(#[case] users: &str, #[case] expected: &[&str]) {
    assert_eq!(hidden(&format!("[learning.users]\n{users}\n")), expected);
}

/// The Glue job reads the same file, in another language: both are held to the same vectors.
#[derive(serde::Deserialize)]
struct Vectors {
    cases: Vec<Case>,
    refused: Vec<Refused>,
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    toml: String,
    columns: Vec<Column>,
}

#[derive(serde::Deserialize)]
struct Refused {
    name: String,
    toml: String,
}

#[derive(serde::Deserialize)]
struct Column {
    database: String,
    table: String,
    column: String,
    class: Class,
    normal: String,
    unclassified: bool,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../tests/vectors/classification.json")).unwrap()
}

#[test]
fn the_shared_vectors_hold() {
    let cases = vectors().cases;
    assert!(!cases.is_empty());
    for Case { name, toml, columns } in cases {
        let rules = read(&toml).unwrap_or_else(|it| panic!("{name}: {:?}", it.mistakes));
        for Column { database, table, column, class, normal, unclassified } in columns {
            let found = rules.of(&database, &table, &column);
            let shown = match found.in_normal() {
                Some(Shape::AsItIs) => "as_is",
                Some(Shape::Hashed) => "hash",
                Some(Shape::Masked) => "mask",
                None => "drop",
            };
            let found = (found.class, shown, found.unclassified);
            assert_eq!(found, (class, normal.as_str(), unclassified), "{name}: {database} {table} {column}");
        }
    }
}

#[test]
fn what_the_shared_vectors_refuse_is_refused() {
    for Refused { name, toml } in vectors().refused {
        assert!(read(&toml).is_err(), "{name}");
    }
}
