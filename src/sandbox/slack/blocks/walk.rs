//! Compares a JSON value with a table of what is allowed.

use serde_json::{Map, Value};

use super::Problem;

/// What a value must be.
#[derive(Debug)]
pub(super) enum Rule {
    /// A text object, `plain_text` or `mrkdwn`, of 1 to so many characters.
    Text(usize),
    /// A `plain_text` object of 1 to so many characters.
    Plain(usize),
    /// A string of least to most characters.
    Str(usize, usize),
    /// One of these words.
    Word(&'static [&'static str]),
    Flag,
    /// An integer from least to most.
    Count(u64, u64),
    Number,
    /// An array of least to most items.
    List(usize, usize, &'static Self),
    /// An object without a `type`.
    Object(&'static [Field]),
    /// An object whose `type` is one of these.
    Kinds(&'static [&'static Kind]),
    /// Anything.
    Whole,
}

/// A member of an object.
#[derive(Debug)]
pub(super) struct Field {
    key: &'static str,
    needed: bool,
    rule: Rule,
}

/// A member that must be there.
pub(super) const fn need(key: &'static str, rule: Rule) -> Field {
    Field { key, needed: true, rule }
}

/// A member that may be there.
pub(super) const fn may(key: &'static str, rule: Rule) -> Field {
    Field { key, needed: false, rule }
}

/// An object with a `type`.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
}

/// Members of every object with a `type`. Slack gives ids where there are none.
const COMMON: &[(&str, Rule)] =
    &[("type", Rule::Str(1, 255)), ("block_id", Rule::Str(1, 255)), ("action_id", Rule::Str(1, 255))];

/// Returns what is wrong with the object `value`, whose members must be those of `fields`.
pub(super) fn fields(fields: &'static [Field], value: &Value, at: &str) -> Vec<Problem> {
    let Some(object) = value.as_object() else { return vec![problem(at, "must provide an object")] };
    let mut problems: Vec<Problem> = fields
        .iter()
        .filter(|it| it.needed && !object.contains_key(it.key))
        .map(|it| problem(at, format!("missing required field: {}", it.key)))
        .collect();
    for (key, value) in object {
        let own = fields.iter().find(|it| it.key == key).map(|it| &it.rule);
        let common = COMMON.iter().find(|it| it.0 == key).filter(|_| object.contains_key("type")).map(|it| &it.1);
        match own.or(common) {
            Some(rule) => problems.extend(check(rule, value, &format!("{at}/{key}"))),
            None => problems.push(problem(at, format!("invalid additional property: {key}"))),
        }
    }
    problems
}

fn check(rule: &'static Rule, value: &Value, at: &str) -> Vec<Problem> {
    match rule {
        Rule::Text(most) => text(value, *most, &["plain_text", "mrkdwn"], at),
        Rule::Plain(most) => text(value, *most, &["plain_text"], at),
        Rule::Str(least, most) => string(value, *least, *most, at),
        Rule::Word(words) => match value.as_str() {
            Some(word) if words.contains(&word) => vec![],
            Some(_) | None => vec![problem(at, "must be a valid enum value")],
        },
        Rule::Flag if value.is_boolean() => vec![],
        Rule::Flag => vec![problem(at, "must provide a boolean")],
        Rule::Count(least, most) => match value.as_u64() {
            Some(it) if it < *least => vec![problem(at, format!("must be greater than or equal to {least}"))],
            Some(it) if it > *most => vec![problem(at, format!("must be less than or equal to {most}"))],
            Some(_) => vec![],
            None => vec![problem(at, "must provide an integer")],
        },
        Rule::Number if value.is_number() => vec![],
        Rule::Number => vec![problem(at, "must provide a number")],
        Rule::List(least, most, item) => list(value, *least, *most, item, at),
        Rule::Object(members) => fields(members, value, at),
        Rule::Kinds(kinds) => match kinds.iter().find(|it| value["type"] == it.name) {
            Some(kind) => fields(kind.fields, value, at),
            None => {
                let kind = value["type"].as_str().unwrap_or_default();
                vec![problem(&format!("{at}/type"), format!("unsupported type: {kind}"))]
            }
        },
        Rule::Whole => vec![],
    }
}

fn list(value: &Value, least: usize, most: usize, item: &'static Rule, at: &str) -> Vec<Problem> {
    let Some(items) = value.as_array() else { return vec![problem(at, "must provide an array")] };
    if items.len() < least {
        return vec![problem(at, format!("no less than {least} items allowed"))];
    }
    if items.len() > most {
        return vec![problem(at, format!("no more than {most} items allowed"))];
    }
    items.iter().enumerate().flat_map(|(i, it)| check(item, it, &format!("{at}/{i}"))).collect()
}

fn string(value: &Value, least: usize, most: usize, at: &str) -> Vec<Problem> {
    match value.as_str().map(|it| it.chars().count()) {
        Some(length) if length < least => {
            vec![problem(at, format!("must be more than {} characters", least.saturating_sub(1)))]
        }
        Some(length) if length > most => vec![problem(at, format!("must be less than {} characters", most + 1))],
        Some(_) => vec![],
        None => vec![problem(at, "must provide a string")],
    }
}

fn text(value: &Value, most: usize, kinds: &[&str], at: &str) -> Vec<Problem> {
    let Some(object) = value.as_object() else { return vec![problem(at, "must provide an object")] };
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
    if !kinds.contains(&kind) {
        return vec![problem(&format!("{at}/type"), "must be a valid enum value")];
    }
    let option = if kind == "plain_text" { "emoji" } else { "verbatim" };
    let mut problems = unknown(object, &["type", "text", option], at);
    match object.get("text") {
        Some(text) => problems.extend(string(text, 1, most, &format!("{at}/text"))),
        None => problems.push(problem(at, "missing required field: text")),
    }
    problems
}

fn unknown(object: &Map<String, Value>, known: &[&str], at: &str) -> Vec<Problem> {
    let keys = object.keys().filter(|it| !known.contains(&it.as_str()));
    keys.map(|it| problem(at, format!("invalid additional property: {it}"))).collect()
}

pub(super) fn problem(at: &str, what: impl Into<String>) -> Problem {
    Problem { pointer: at.to_owned(), what: what.into() }
}

/// Returns how many characters of text are in `value`, at any depth: strings under `text`, `title` and `label`.
pub(super) fn text_length(value: &Value) -> usize {
    let own = |key: &str, it: &Value| match it.as_str() {
        Some(text) if matches!(key, "text" | "title" | "label") => text.chars().count(),
        Some(_) | None => text_length(it),
    };
    match value {
        Value::Object(object) => object.iter().map(|(key, it)| own(key, it)).sum(),
        Value::Array(items) => items.iter().map(text_length).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}
