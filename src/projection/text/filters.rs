//! What templates do with values: `{{ by | user }}`, `{{ at | date }}`, `{{ seconds | duration }}`.

use jiff::{Timestamp, tz::TimeZone};
use minijinja::{Environment, Error, ErrorKind, State, Value, context};

use super::mrkdwn::{Mrkdwn, short};
use crate::domain::access::Who;

/// Longest value that is shown as code, unless the template says otherwise: an ARN fits.
const CODE: usize = 300;

/// Entries of a list that are shown, unless the template says otherwise.
const LIST: usize = 10;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Steps of a thousand, as AWS's consoles and bills count.
const BYTES: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];

/// Makes the filters known to `env`.
pub(super) fn add_to(env: &mut Environment<'_>) {
    env.add_filter("user", user);
    env.add_filter("who", who);
    env.add_filter("date", date);
    env.add_filter("utc", |at: &str| time(at).map(utc));
    env.add_filter("duration", duration);
    env.add_filter("decimal", decimal);
    env.add_filter("number", number);
    env.add_filter("bytes", bytes);
    env.add_filter("code", |text: &str, max: Option<usize>| code(text, max.unwrap_or(CODE)));
    env.add_filter("short", short);
    env.add_filter("list", list);
    env.add_filter("names", names);
    env.add_filter("linked", linked);
}

/// A person: a mention of a Slack user, or the name of an account at the command line.
fn user(id: &str) -> Value {
    match id.parse() {
        Ok(Who::User(id)) => mention(format!("<@{id}>")),
        Ok(Who::Group(_) | Who::Channel(_) | Who::AnyMember) | Err(_) => Value::from(short(id, CODE)),
    }
}

/// An entry of a list of people in the configuration.
fn who(state: &State<'_, '_>, id: &str) -> Result<Value, Error> {
    match id.parse() {
        Ok(Who::User(id)) => Ok(mention(format!("<@{id}>"))),
        Ok(Who::Group(id)) => Ok(mention(format!("<!subteam^{id}>"))),
        Ok(Who::Channel(id)) => {
            unit(state, "units.channel_members", &context! { channel => mention(format!("<#{id}>")) })
        }
        Ok(Who::AnyMember) => unit(state, "units.any_member", &context! {}),
        Err(_) => Ok(Value::from(short(id, CODE))),
    }
}

fn mention(text: String) -> Value {
    Mrkdwn::rendered(text).into()
}

/// A text that leads to a message, if it is known where that is. The address needs no name of the workspace: Slack
/// opens it in the one that the reader is signed in to.
fn linked(text: &str, channel: &str, ts: &str) -> Value {
    let digits = ts.replace('.', "");
    let known = !channel.is_empty() && channel.bytes().all(|it| it.is_ascii_alphanumeric());
    if !known || digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return Value::from(short(text, CODE));
    }
    let text = Mrkdwn::escaped(&short(&text.replace('|', " "), CODE));
    mention(format!("<https://slack.com/archives/{channel}/p{digits}|{}>", text.as_str()))
}

/// A time, shown to each reader in their own time zone; where Slack cannot do that, in UTC.
fn date(at: &str) -> Result<Value, Error> {
    let at = time(at)?;
    Ok(mention(format!("<!date^{}^{{date_short_pretty}} {{time}}|{}>", at.as_second(), utc(at))))
}

fn time(at: &str) -> Result<Timestamp, Error> {
    at.parse().map_err(|_| Error::new(ErrorKind::InvalidOperation, "not a time"))
}

/// A time in UTC, for where Slack shows plain text only.
fn utc(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A number of seconds, in the two largest units that matter.
fn duration(state: &State<'_, '_>, seconds: i64) -> Result<Value, Error> {
    let (key, whole, part) = match seconds.max(0) {
        it @ 0..MINUTE => ("units.seconds", it, 0),
        it @ MINUTE..HOUR => ("units.minutes", it / MINUTE, 0),
        it @ HOUR..DAY => ("units.hours", it / HOUR, it % HOUR / MINUTE),
        it => ("units.days", it / DAY, it % DAY / HOUR),
    };
    unit(state, key, &context! { whole, part })
}

/// A number with its thousands apart, and at most one digit behind the point.
fn number(value: f64) -> String {
    let tenths = format!("{value:.1}");
    let (whole, part) = tenths.split_once('.').unwrap_or((&tenths, "0"));
    if part == "0" { grouped(whole) } else { format!("{}.{part}", grouped(whole)) }
}

/// An amount: two digits behind the point, rounded up, so that what costs something is not shown as nothing.
fn decimal(value: f64) -> String {
    let hundredths = format!("{:.2}", (value * 100.0).ceil() / 100.0);
    let (whole, part) = hundredths.split_once('.').unwrap_or((&hundredths, "00"));
    format!("{}.{part}", grouped(whole))
}

fn grouped(whole: &str) -> String {
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn bytes(count: f64) -> String {
    let mut size = count;
    let mut units = BYTES.iter();
    let mut unit = units.next();
    // 999.95 would be rounded to 1,000.0.
    while size >= 999.95 && units.len() > 0 {
        size /= 1000.0;
        unit = units.next();
    }
    format!("{} {}", number(size), unit.copied().unwrap_or_default())
}

/// A text that may stand between backticks: none of its own, one line, at most `max` long.
fn code(text: &str, max: usize) -> String {
    short(&text.replace('`', "'"), max)
}

/// The first entries of a list, each as code, and how many more there are.
fn list(state: &State<'_, '_>, entries: Vec<String>, max: Option<usize>) -> Result<Value, Error> {
    let max = max.unwrap_or(LIST);
    let more = entries.len().saturating_sub(max);
    let shown: Vec<String> = entries.into_iter().take(max).map(|it| code(&it, CODE)).collect();
    unit(state, "units.list", &context! { shown, more })
}

/// Every entry of a list.
fn names(state: &State<'_, '_>, entries: Vec<Value>) -> Result<Value, Error> {
    unit(state, "units.names", &context! { entries })
}

/// Renders a text of the catalogue of units.
fn unit(state: &State<'_, '_>, key: &str, values: &Value) -> Result<Value, Error> {
    let text = state.env().get_template(key)?.render(values)?;
    Ok(Value::from_safe_string(text))
}
