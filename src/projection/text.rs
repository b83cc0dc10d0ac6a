//! The words that people read, from `templates/`: rendered in the reader's language, escaped in one place.

use std::{fmt, str::FromStr};

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use serde::{Deserialize, Serialize};

use crate::domain::failure::Remedy;

/// Returns the values of a text by name, `values! { name, other => value }`: whatever can be serialised. [`Mrkdwn`] is
/// not escaped again.
macro_rules! values {
    ($($name:ident $(=> $value:expr)?),+ $(,)?) => {
        minijinja::Value::from_pairs([$(
            (stringify!($name), $crate::projection::text::values!(@ $name $($value)?))
        ),+])
    };
    (@ $name:ident) => { minijinja::Value::from(minijinja::value::Serde(&$name)) };
    (@ $name:ident $value:expr) => { minijinja::Value::from(minijinja::value::Serde(&$value)) };
}

pub(super) use values;

mod catalogue;
mod filters;
mod mrkdwn;
mod parts;

pub use mrkdwn::{Mrkdwn, width};
pub use parts::Part;

/// A language that the bot speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    #[default]
    En,
    Ja,
}

impl Locale {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Ja];

    /// Returns the language for a locale as Slack names it (`ja-JP`): English for those that the bot does not speak.
    pub fn from_slack(locale: &str) -> Self {
        let language = locale.split(['-', '_']).next().unwrap_or_default();
        language.to_ascii_lowercase().parse().unwrap_or_default()
    }

    /// Returns the language's name in the configuration, and of its folder in `templates/`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no language of the bot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither \"en\" nor \"ja\"")]
pub struct NotALocale;

impl FromStr for Locale {
    type Err = NotALocale;

    fn from_str(text: &str) -> Result<Self, NotALocale> {
        Self::ALL.into_iter().find(|it| it.as_str() == text).ok_or(NotALocale)
    }
}

/// All words in all languages. Made once, then shared.
#[derive(Debug)]
pub struct Words {
    en: Environment<'static>,
    ja: Environment<'static>,
}

impl Words {
    /// Returns the words of the catalogues that are embedded in the program.
    pub fn new() -> Self {
        Self { en: environment(Locale::En), ja: environment(Locale::Ja) }
    }

    /// Returns the words in one language.
    pub fn voice(&self, locale: Locale) -> Voice<'_> {
        let env = match locale {
            Locale::En => &self.en,
            Locale::Ja => &self.ja,
        };
        Voice { env }
    }

    /// Returns what mends a failure, as plain text: what to change, and what to do then.
    pub fn remedy(&self, locale: Locale, remedy: Remedy) -> String {
        self.voice(locale).remedy(remedy)
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::new()
    }
}

/// The words in one language.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'a> {
    env: &'a Environment<'static>,
}

impl Voice<'_> {
    /// Returns the text `key` with `values` put in, each escaped unless it is [`Mrkdwn`] already.
    ///
    /// The tests render every text with every value that it may get. Should one fail all the same, its key is what
    /// people see: a message with a gap is better than a thread that stands still.
    pub fn say(&self, key: &str, values: Value) -> Mrkdwn {
        let rendered = self.env.get_template(key).and_then(|it| it.render(values));
        debug_assert!(rendered.is_ok(), "{key}: {rendered:?}");
        rendered.map_or_else(|_| Mrkdwn::escaped(key), Mrkdwn::rendered)
    }

    /// Returns the text `key`, which takes no values.
    pub fn text(&self, key: &str) -> Mrkdwn {
        self.say(key, context! {})
    }

    /// Returns the text `key`, which takes no values, for where Slack shows plain text only: buttons, titles.
    pub fn label(&self, key: &str) -> String {
        self.text(key).into_string()
    }

    /// See [`Words::remedy`].
    pub fn remedy(&self, remedy: Remedy) -> String {
        self.label(&format!("remedies.{}", remedy.as_str()))
    }

    /// Says whether there is a text `key`.
    pub fn has(&self, key: &str) -> bool {
        self.env.get_template(key).is_ok()
    }
}

fn environment(locale: Locale) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Custom("mrkdwn".into()));
    env.set_formatter(|out, _, value| out.write_str(&mrkdwn::escape_value(value)).map_err(Into::into));
    filters::add_to(&mut env);
    for (key, text) in catalogue::entries(locale) {
        env.add_template_owned(key, text).expect("a test has compiled every text");
    }
    env
}

#[cfg(test)]
mod tests;
