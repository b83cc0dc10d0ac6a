//! What stands between `<` and `>`: links, mentions, dates.

use jiff::{Timestamp, ToSpan as _, civil::Date};

use super::Reader;

impl Reader<'_> {
    /// Returns how `inner`, which stands between `<` and `>`, is shown.
    pub(super) fn special(&self, inner: &str) -> String {
        let (target, label) = inner.split_once('|').map_or((inner, None), |(target, label)| (target, Some(label)));
        let labelled = |other: &str| label.unwrap_or(other).to_owned();
        if let Some(date) = inner.strip_prefix("!date^") {
            return self.date(date);
        }
        if let Some(user) = target.strip_prefix('@') {
            return self.world.people.get(user).map_or_else(|| labelled(target), |it| format!("@{}", it.name));
        }
        if let Some(channel) = target.strip_prefix('#') {
            return self.world.channels.get(channel).map_or_else(|| labelled(target), |it| format!("#{}", it.name));
        }
        if let Some(group) = target.strip_prefix("!subteam^") {
            return self.world.groups.get(group).map_or_else(|| labelled(target), |it| format!("@{}", it.handle));
        }
        match target.strip_prefix('!') {
            Some(everyone) => format!("@{everyone}"),
            None => labelled(target.strip_prefix("mailto:").unwrap_or(target)),
        }
    }

    /// Returns a date, `unix^format^link|fallback` or without the link, in the reader's time zone.
    fn date(&self, date: &str) -> String {
        let (date, fallback) = date.split_once('|').unwrap_or((date, ""));
        let mut parts = date.split('^');
        let seconds = parts.next().and_then(|it| it.parse().ok());
        let at = seconds.and_then(|it| Timestamp::from_second(it).ok());
        match (at, parts.next()) {
            (Some(at), Some(format)) => self.formatted(at, format),
            (_, _) => fallback.to_owned(),
        }
    }

    /// Fills in the placeholders that docs.slack.dev, "Formatting message text", lists.
    fn formatted(&self, at: Timestamp, format: &str) -> String {
        let at_home = at.to_zoned(self.zone.clone());
        let today = self.now.to_zoned(self.zone.clone()).date();
        let pretty =
            |format: &str| relative(at_home.date(), today).unwrap_or_else(|| at_home.strftime(format).to_string());
        let fixed = |format: &str| at_home.strftime(format).to_string();
        [
            ("{date_num}", fixed("%Y-%m-%d")),
            ("{date_long_pretty}", pretty("%A, %B %-d, %Y")),
            ("{date_short_pretty}", pretty("%b %-d, %Y")),
            ("{date_pretty}", pretty("%B %-d, %Y")),
            ("{date_long}", fixed("%A, %B %-d, %Y")),
            ("{date_short}", fixed("%b %-d, %Y")),
            ("{date}", fixed("%B %-d, %Y")),
            ("{time_secs}", fixed("%H:%M:%S")),
            ("{time}", fixed("%H:%M")),
        ]
        .into_iter()
        .fold(format.to_owned(), |text, (placeholder, value)| text.replace(placeholder, &value))
    }
}

fn relative(date: Date, today: Date) -> Option<String> {
    let near = [("yesterday", -1), ("today", 0), ("tomorrow", 1)];
    let named = near.into_iter().find(|(_, days)| today.checked_add(days.days()).is_ok_and(|it| it == date));
    named.map(|(name, _)| name.to_owned())
}
