//! A classification file as the stand-in's job understands it: written anew from the format's description, so that a
//! mistake of the bot's is not made twice.

use toml::{Table, Value};

/// How a layer shows a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    AsItIs,
    Hash,
    Mask,
}

/// The rules of a source.
pub(super) struct Rules(Table);

impl Rules {
    /// Reads the file.
    ///
    /// # Errors
    /// It is no TOML.
    pub(super) fn read(file: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(file).map_err(|error| error.to_string())?;
        text.parse().map(Self).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    /// Returns how the Normal layer, or else the Sensitive one, shows a column, named by database, table and itself.
    /// `None`: not at all.
    pub(super) fn shape(&self, [database, table, column]: [&str; 3], normal: bool) -> Option<Shape> {
        let database = member(&self.0, database).and_then(Value::as_table);
        let table = database.and_then(|it| member(it, table)).and_then(Value::as_table);
        let column = table.and_then(|it| member(it, column));
        let nearest = [column, table.and_then(|it| it.get("*")), database.and_then(|it| it.get("*"))];
        let (class, treatment) = nearest.into_iter().flatten().find_map(class).unwrap_or(("sensitive", "drop"));
        match (class, normal, treatment) {
            ("normal", _, _) | ("sensitive", false, _) => Some(Shape::AsItIs),
            ("sensitive", true, "hash") => Some(Shape::Hash),
            ("sensitive", true, "mask") => Some(Shape::Mask),
            _ => None,
        }
    }
}

/// Returns what is called `name` in any case.
fn member<'a>(table: &'a Table, name: &str) -> Option<&'a Value> {
    table.iter().find(|(key, _)| key.to_lowercase() == name.to_lowercase()).map(|(_, value)| value)
}

/// Returns the class that a value gives, and how the Normal layer treats it.
fn class(value: &Value) -> Option<(&str, &str)> {
    if let Some(class) = value.as_str() {
        return Some((class, "drop"));
    }
    let rule = value.as_table()?;
    let treatment = rule.get("normal").and_then(Value::as_str).unwrap_or("drop");
    Some((rule.get("class")?.as_str()?, treatment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rule_decides() {
        let rules = Rules::read(
            br#"
            [legacy]
            "*" = "drop"
            [shop]
            "*" = { owner = "Shop" }
            [shop.users]
            "*" = { class = "sensitive", owner = "Identity" }
            ID = "normal"
            email = { class = "sensitive", normal = "hash" }
            phone = { class = "sensitive", normal = "mask" }
            secret = "drop"
            "#,
        )
        .unwrap();
        for (names, normal, sensitive) in [
            (["shop", "users", "id"], Some(Shape::AsItIs), Some(Shape::AsItIs)),
            (["shop", "Users", "email"], Some(Shape::Hash), Some(Shape::AsItIs)),
            (["shop", "users", "phone"], Some(Shape::Mask), Some(Shape::AsItIs)),
            (["shop", "users", "secret"], None, None),
            (["shop", "users", "new"], None, Some(Shape::AsItIs)),
            (["shop", "new", "id"], None, Some(Shape::AsItIs)),
            (["legacy", "x", "id"], None, None),
        ] {
            assert_eq!((rules.shape(names, true), rules.shape(names, false)), (normal, sensitive), "{names:?}");
        }
    }
}
