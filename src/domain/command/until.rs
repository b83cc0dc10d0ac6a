//! "Only until then": a time as people write it.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Time, tz::TimeZone};

/// Returns the time that `text` means at `now`. `None`: it means none.
///
/// It is a length of time (`90m`, `2h`), a time of day in UTC (`06:00`), of which the next is meant, or a time in full
/// (`2026-11-23T06:00:00+09:00`).
pub fn until(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(whole) = text.parse::<Timestamp>() {
        return Some(whole);
    }
    if let Some((number, unit)) = text.split_at_checked(text.len().saturating_sub(1)) {
        let length = match (number.parse::<i64>(), unit) {
            (Ok(minutes @ 1..=10_000), "m") => Some(SignedDuration::from_mins(minutes)),
            (Ok(hours @ 1..=1000), "h") => Some(SignedDuration::from_hours(hours)),
            (Ok(_) | Err(_), _) => None,
        };
        if let Some(length) = length {
            return Some(now + length);
        }
    }
    let time = Time::strptime("%H:%M", text.trim_end_matches('Z')).ok()?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let at = |day: jiff::civil::Date| Some(day.to_datetime(time).to_zoned(TimeZone::UTC).ok()?.timestamp());
    at(today).filter(|it| *it > now).or_else(|| at(today.checked_add(1.day()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now: Timestamp = "2026-11-22T22:30:00Z".parse().unwrap();
        for (text, expected) in [
            ("90m", Some("2026-11-23T00:00:00Z")),
            ("2h", Some("2026-11-23T00:30:00Z")),
            ("23:00", Some("2026-11-22T23:00:00Z")),
            ("06:00", Some("2026-11-23T06:00:00Z")),
            ("06:00Z", Some("2026-11-23T06:00:00Z")),
            ("22:30", Some("2026-11-23T22:30:00Z")),
            ("2026-11-23T06:00:00+09:00", Some("2026-11-22T21:00:00Z")),
            ("", None),
            ("h", None),
            ("0h", None),
            ("-2h", None),
            ("25:00", None),
            ("tomorrow", None),
            ("５h", None),
        ] {
            assert_eq!(until(text, now), expected.map(|it| it.parse().unwrap()), "{text}");
        }
    }
}
