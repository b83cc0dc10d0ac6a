//! What people are told beside the runs: one message each in the channel of alerts, which changes when it is solved.

use super::{
    blocks::Page,
    message::Message,
    phrase::{redact::redact, seconds},
    run::View,
    text::{Mrkdwn, Voice, values},
    thread::{Key, Wanted},
};
use crate::domain::notice::{About, Fate, Notice};

/// How much is shown of a message that cannot be read.
const EXCERPT: usize = 300;

/// Returns the message that the notice should have.
pub fn wanted(notice: &Notice, view: &View<'_>) -> Wanted {
    let message = message(view.words.voice(view.locale), notice);
    Wanted { key: Key("notice".to_owned()), channel: view.alerts_channel.to_owned(), in_thread: false, message }
}

fn message(voice: Voice<'_>, notice: &Notice) -> Message {
    match &notice.about {
        About::Poison { message, why, body, fate } => {
            let values = values! {
                message, why,
                excerpt => redact(body),
                max => EXCERPT,
                since => notice.since,
            };
            let page = Page::new(voice.say("notice.poison.what", values)).section(self::fate(voice, *fate));
            page.section(voice.text("notice.poison.remedy")).message()
        }
        About::Overdue { source, expected, waiting_since, succeeded_before } => {
            let values = values! {
                source, expected, succeeded_before,
                since => waiting_since,
                solved => notice.solved_at,
                took => notice.solved_at.map(|it| seconds(*waiting_since, it)),
            };
            let page = Page::new(voice.say("notice.overdue.what", values.clone()));
            let open = notice.solved_at.is_none();
            page.section(if open { voice.say("notice.overdue.remedy", values) } else { Mrkdwn::default() }).message()
        }
        About::Unreadable { record, why, version } => {
            let values = values! { record, why => redact(why), version, since => notice.since };
            let page = Page::new(voice.say("notice.unreadable.what", values));
            page.section(voice.text("notice.unreadable.remedy")).message()
        }
    }
}

/// What becomes of a message that cannot be read.
fn fate(voice: Voice<'_>, fate: Fate) -> Mrkdwn {
    match fate {
        Fate::Redriven { after } => voice.say("notice.poison.redriven", values! { after }),
        Fate::Deleted { after } => voice.say("notice.poison.deleted", values! { after }),
        Fate::Kept => voice.text("notice.poison.kept"),
        Fate::Gone => voice.text("notice.poison.gone"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use rstest::rstest;

    use super::*;
    use crate::projection::{
        testing::{WORDS, limits::check, reader::read},
        text::Locale,
    };

    const BODY: &str = "{\"hello\": \"<!channel>\", \"password\": \"hunter2\", \"from\": \"ana@example.com\"}";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn notices() -> Vec<(&'static str, Notice)> {
        let now = at("2026-11-22T03:05:00Z");
        let why = "the body is not JSON: expected value at line 1 column 1";
        let poison = |fate| Notice::new(About::poison("4f0c7c1e-0000-4000-8000-00000000002a", why, BODY, fate), now);
        let overdue = |last: Option<&str>| {
            let (expected, watched) = (Duration::from_hours(26), at("2026-11-20T03:00:00Z"));
            Notice::new(About::overdue("shop", expected, last.map(at), watched, now).unwrap(), now)
        };
        let missed = overdue(Some("2026-11-20T05:11:00Z"));
        let solved = missed.after_success(Some(at("2026-11-22T06:40:00Z"))).unwrap();
        let unreadable = About::unreadable("shop-202611220304-0a09292e-a1", "unknown variant `RESTING`");
        let About::Unreadable { record, why, .. } = unreadable else { panic!() };
        let unreadable = About::Unreadable { record, why, version: "1.2.3".into() };
        vec![
            ("redriven", poison(Fate::Redriven { after: 10 })),
            ("deleted", poison(Fate::Deleted { after: 5 })),
            ("kept", poison(Fate::Kept)),
            ("gone", poison(Fate::Gone)),
            ("never", overdue(None)),
            ("missed", missed),
            ("solved", solved),
            ("unreadable", Notice::new(unreadable, now)),
        ]
    }

    fn draw(notice: &Notice, locale: Locale) -> Message {
        let view =
            View { words: &WORDS, locale, channel: "C0DATALAKE1", alerts_channel: "C0ALERTS0001", names_in: &[] };
        let wanted = wanted(notice, &view);
        assert_eq!((wanted.channel.as_str(), wanted.in_thread), ("C0ALERTS0001", false));
        check(&wanted.message);
        wanted.message
    }

    #[rstest]
    #[case(Locale::En)]
    #[case(Locale::Ja)]
    fn notices_read_well(#[case] locale: Locale) {
        let all = notices().into_iter().map(|(name, it)| format!("── {name}\n{}\n", read(&draw(&it, locale))));
        insta::assert_snapshot!(format!("notices_{locale}"), all.collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn a_message_of_strangers_cannot_speak() {
        let long = "<!here> & ".repeat(10_000);
        let about = About::poison("1", &long, &long, Fate::Kept);
        let shown = read(&draw(&Notice::new(about, at("2026-11-22T03:05:00Z")), Locale::En));
        assert!(!shown.contains("<!here>") && shown.len() < 5000, "{shown}");
        for (name, notice) in notices() {
            let shown = read(&draw(&notice, Locale::En));
            assert!(!shown.contains("hunter2") && !shown.contains("ana@"), "{name}: {shown}");
        }
    }
}
