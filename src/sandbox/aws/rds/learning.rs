//! The database of the sandbox: a small platform on which people learn to program. Nobody in it exists.

use super::database::{Column, Database, Table};

const USERS: i64 = 40;
const LANGUAGES: [&str; 6] = ["html", "css", "javascript", "ruby", "python", "go"];
const LESSONS_EACH: usize = 4;
const NAMES: [&str; 8] = ["aoi", "haruto", "yui", "sota", "hina", "ren", "mei", "kaito"];

/// 2020-01-01T00:00:00Z in microseconds.
const BEGINNING: i64 = 1_577_836_800_000_000;
const HOUR: i64 = 3_600_000_000;

/// Returns the database; it is the same each time.
pub(super) fn database() -> Database {
    Database {
        name: "learning".to_owned(),
        tables: vec![users(), languages(), lessons(), user_codes(), lesson_histories(), campaigns()],
        gigabytes: 1.7,
    }
}

fn users() -> Table {
    let name = |id: i64| NAMES[usize::try_from(id).expect("ids are positive") % NAMES.len()];
    table(
        "users",
        vec![
            Column::big_int("id", 1..=USERS),
            Column::text("name", (1..=USERS).map(|id| format!("{}{id}", name(id)))),
            Column::text("email", (1..=USERS).map(|id| format!("{}{id}@example.com", name(id)))),
            Column::boolean("is_paying", (1..=USERS).map(|id| id % 3 == 0)),
            Column::date_time("created_at", (1..=USERS).map(|id| BEGINNING + id * 24 * HOUR)),
        ],
    )
}

fn languages() -> Table {
    let rows = 1..=i32::try_from(LANGUAGES.len()).expect("a handful");
    table("languages", vec![Column::int("id", rows), Column::text("name", LANGUAGES)])
}

fn lessons() -> Table {
    let rows = i32::try_from(LANGUAGES.len() * LESSONS_EACH).expect("a few dozen");
    let per_language = i32::try_from(LESSONS_EACH).expect("a handful");
    let titles = LANGUAGES.iter().flat_map(|it| (1..=LESSONS_EACH).map(move |part| format!("{it} {part}")));
    table(
        "lessons",
        vec![
            Column::int("id", 1..=rows),
            Column::int("language_id", (0..rows).map(|row| row / per_language + 1)),
            Column::text("title", titles),
        ],
    )
}

fn user_codes() -> Table {
    let rows = USERS * 2;
    table(
        "user_codes",
        vec![
            Column::big_int("id", 1..=rows),
            Column::big_int("user_id", (0..rows).map(|row| row / 2 + 1)),
            Column::big_int("lesson_id", (0..rows).map(|row| row % 24 + 1)),
            Column::text("code", (0..rows).map(|row| format!("puts \"Hello, {row}\""))),
        ],
    )
}

fn lesson_histories() -> Table {
    let rows = USERS * 3;
    table(
        "lesson_histories",
        vec![
            Column::big_int("id", 1..=rows),
            Column::big_int("user_id", (0..rows).map(|row| row / 3 + 1)),
            Column::big_int("lesson_id", (0..rows).map(|row| row % 24 + 1)),
            Column::date_time("finished_at", (0..rows).map(|row| BEGINNING + row * 7 * HOUR)),
        ],
    )
}

/// A table without rows.
fn campaigns() -> Table {
    table("campaigns", vec![Column::big_int("id", []), Column::text("name", [""; 0])])
}

fn table(name: &str, columns: Vec<Column>) -> Table {
    Table { name: name.to_owned(), columns }
}
