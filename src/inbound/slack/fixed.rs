//! Answers that are the same for everybody who reads the same language and has the same rights: drawn once.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
};

use axum::body::Bytes;

use crate::{
    domain::{answer::Answer, command::Verb},
    projection::text::Locale,
};

/// What the help depends on. There are few of these, so that nothing is ever forgotten.
type Page = (Locale, Option<Verb>, bool);

/// The bodies of answers that do not change while the process lives.
#[derive(Debug, Default)]
pub struct Fixed(Mutex<HashMap<Page, Bytes>>);

impl Fixed {
    /// Returns the body of `answer` in `locale`: `draw` is called if it is not known, or may have changed.
    pub(super) fn body(&self, locale: Locale, answer: &Answer, draw: impl FnOnce() -> Bytes) -> Bytes {
        let Answer::Help { topic, may_operate } = answer else { return draw() };
        let page = (locale, *topic, *may_operate);
        let known = self.pages().get(&page).cloned();
        known.unwrap_or_else(|| {
            let body = draw();
            self.pages().insert(page, body.clone());
            body
        })
    }

    fn pages(&self) -> MutexGuard<'_, HashMap<Page, Bytes>> {
        self.0.lock().expect("no panic while the pages are held")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_drawn_once_for_each_reader_and_everything_else_each_time() {
        let fixed = Fixed::default();
        let body = |locale, answer: &Answer, text: &'static str| {
            let drawn = fixed.body(locale, answer, || Bytes::from_static(text.as_bytes()));
            String::from_utf8(drawn.to_vec()).unwrap()
        };
        let help = |topic, may_operate| Answer::Help { topic, may_operate };
        assert_eq!(body(Locale::En, &help(None, true), "all"), "all");
        assert_eq!(body(Locale::En, &help(None, true), "drawn again"), "all");
        assert_eq!(body(Locale::Ja, &help(None, true), "Japanese"), "Japanese");
        assert_eq!(body(Locale::En, &help(None, false), "viewer"), "viewer");
        assert_eq!(body(Locale::En, &help(Some(Verb::Run), true), "run"), "run");
        assert_eq!(body(Locale::En, &Answer::Unidentified, "once"), "once");
        assert_eq!(body(Locale::En, &Answer::Unidentified, "twice"), "twice");
    }
}
