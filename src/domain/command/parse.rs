//! From the text behind `/datalake` to a [`Command`].

use super::{
    Command, RollbackCommand, RunCommand, Verb,
    fold::fold,
    grammar::{Form, GRAMMAR, Opt, Takes},
};
use crate::domain::{approval::Verdict, snapshot::SnapshotChoice, source::Layer, stage::StageId};

/// Runs that `list` shows when no number is given, and the most it shows.
const LIST_LIMIT: u16 = 10;
pub(super) const MAX_LIST_LIMIT: u16 = 50;

/// The last page that can be asked for.
pub(super) const LAST_PAGE: u16 = 20;

/// Sources that are shown at once.
pub const SOURCES: u16 = 15;

/// Longest reason for a run, in characters.
pub const MAX_REASON: usize = 300;

/// Why a text is not a command; carries what the answer needs to put the person right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    /// No command begins with this word; `near` is the one that was probably meant.
    UnknownCommand {
        word: String,
        near: Option<&'static str>,
    },
    UnknownOption {
        verb: Verb,
        word: String,
        near: Option<&'static str>,
    },
    /// A word too many.
    Unexpected {
        verb: Verb,
        word: String,
    },
    /// The command needs a word that is not there.
    Missing {
        verb: Verb,
        name: &'static str,
    },
    /// The option, or argument, cannot have this value; `near` is the one that was probably meant.
    BadValue {
        verb: Verb,
        name: &'static str,
        value: String,
        near: Option<&'static str>,
    },
}

/// Reads the text behind `/datalake`.
///
/// Options may be written `--name VALUE` or `--name=VALUE`, before or after the argument, and with the dash that phones
/// make of two hyphens.
///
/// # Errors
/// The text is not a command.
pub fn parse(text: &str) -> Result<Command, Misread> {
    let mut words = text.split_whitespace();
    let Some(first) = words.next() else { return Ok(Command::Overview) };
    let verb = verb(first)?;
    let words = Words::read(verb, words)?;
    match verb {
        Verb::Run if words.argument.is_none() && words.options.is_empty() => Ok(Command::Form),
        Verb::Run => run(&words).map(Command::Run),
        Verb::Status => Ok(Command::Status { target: words.argument }),
        Verb::List => {
            let limit = words.number("limit", LIST_LIMIT, MAX_LIST_LIMIT)?;
            let (failed, skip) = (words.has("failed"), words.skip(limit)?);
            Ok(Command::List { failed, limit, skip, source: words.argument })
        }
        Verb::Retry => Ok(Command::Retry { run: words.argument()?, from: words.value("from").map(stage).transpose()? }),
        Verb::Rollback => Ok(Command::Rollback(RollbackCommand {
            source: words.argument()?,
            to: words.value("to").map(str::to_owned),
            reason: words.reason()?,
        })),
        Verb::Cancel => Ok(Command::Cancel { run: words.argument()? }),
        Verb::Approve | Verb::Deny => Ok(Command::Decide {
            request: words.argument()?,
            verdict: if verb == Verb::Approve { Verdict::Approve } else { Verdict::Deny },
            until: words.value("until").map(str::to_owned),
            reason: match words.reason()? {
                // A press of the button is to be quick; who types can say why.
                None if verb == Verb::Deny => return Err(Misread::Missing { verb, name: "--reason" }),
                reason => reason,
            },
        }),
        Verb::Withdraw => Ok(Command::Withdraw { request: words.argument()? }),
        Verb::BreakGlass => {
            let reason = words.reason()?.ok_or(Misread::Missing { verb, name: "--reason" })?;
            Ok(Command::BreakGlass { run: words.argument()?, reason })
        }
        Verb::Sources => Ok(Command::Sources { skip: words.skip(SOURCES)? }),
        Verb::Whoami => Ok(Command::Whoami),
        Verb::Help => Ok(Command::Help { topic: words.argument.as_deref().map(self::verb).transpose()? }),
    }
}

fn run(words: &Words) -> Result<RunCommand, Misread> {
    Ok(RunCommand {
        source: words.argument()?,
        snapshot: match words.value("snapshot") {
            None | Some("latest") => SnapshotChoice::Latest,
            Some(id) => SnapshotChoice::Named(id.to_owned()),
        },
        only: words.list("only", is_table)?,
        layers: words.list("layers", |_| true)?.iter().map(|it| layer(it)).collect::<Result<_, _>>()?,
        plan: words.has("plan"),
        reason: words.reason()?,
    })
}

/// The words behind a verb, sorted by the verb's form.
struct Words {
    form: &'static Form,
    argument: Option<String>,
    options: Vec<(&'static str, String)>,
}

impl Words {
    fn read<'a>(verb: Verb, mut words: impl Iterator<Item = &'a str>) -> Result<Self, Misread> {
        let form = verb.form();
        let mut read = Self { form, argument: None, options: Vec::new() };
        while let Some(word) = words.next() {
            let Some(named) = word.strip_prefix("--").or_else(|| word.strip_prefix('—')) else {
                if form.argument.is_none() || read.argument.is_some() {
                    return Err(Misread::Unexpected { verb, word: word.to_owned() });
                }
                read.argument = Some(word.to_owned());
                continue;
            };
            let (name, inline) = named.split_once('=').map_or((named, None), |(name, value)| (name, Some(value)));
            let option = option(form, name)?;
            let missing = Misread::Missing { verb, name: option.name };
            let value = match (option.takes, inline) {
                (Takes::Nothing, None) => String::new(),
                (Takes::Nothing, Some(_)) => return Err(Misread::Unexpected { verb, word: word.to_owned() }),
                (Takes::Word(_), Some(value)) => value.to_owned(),
                (Takes::Word(_), None) => words.next().ok_or(missing)?.to_owned(),
                (Takes::Rest(_), first) => first.into_iter().chain(words.by_ref()).collect::<Vec<_>>().join(" "),
            };
            if read.has(option.name) {
                return Err(Misread::Unexpected { verb, word: word.to_owned() });
            }
            read.options.push((option.name, value));
        }
        Ok(read)
    }

    fn argument(&self) -> Result<String, Misread> {
        let name = self.form.argument.map_or("", |it| it.name);
        self.argument.clone().ok_or(Misread::Missing { verb: self.form.verb, name })
    }

    fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(it, _)| *it == name).map(|(_, value)| value.as_str())
    }

    /// Returns the entries of an option's value; an option that is there must have some, and only `valid` ones.
    fn list(&self, name: &'static str, valid: impl Fn(&str) -> bool) -> Result<Vec<String>, Misread> {
        let Some(value) = self.value(name) else { return Ok(Vec::new()) };
        let entries: Vec<String> = value.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect();
        if entries.is_empty() || !entries.iter().all(|it| valid(it)) {
            return Err(Misread::BadValue { verb: self.form.verb, name, value: value.to_owned(), near: None });
        }
        Ok(entries)
    }

    fn reason(&self) -> Result<Option<String>, Misread> {
        let Some(text) = self.value("reason") else { return Ok(None) };
        let (verb, name) = (self.form.verb, "reason");
        match reason(text) {
            Ok(None) => Err(Misread::Missing { verb, name }),
            Ok(reason) => Ok(reason),
            Err(TooLong { .. }) => Err(Misread::BadValue { verb, name, value: text.to_owned(), near: None }),
        }
    }

    /// Returns a number from 1 to `most`.
    fn number(&self, name: &'static str, default: u16, most: u16) -> Result<u16, Misread> {
        let Some(value) = self.value(name) else { return Ok(default) };
        let bad = || Misread::BadValue { verb: self.form.verb, name, value: value.to_owned(), near: None };
        value.parse().ok().filter(|it| (1..=most).contains(it)).ok_or_else(bad)
    }

    /// Returns how many entries are on the pages before the one that is asked for.
    fn skip(&self, per_page: u16) -> Result<u16, Misread> {
        Ok((self.number("page", 1, LAST_PAGE)? - 1) * per_page)
    }
}

/// A reason that has more than `most` characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is longer than {most} characters")]
pub struct TooLong {
    pub most: usize,
}

/// Returns `text` as a reason: on one line, without white space around it. `None`: it says nothing.
///
/// # Errors
/// It is too long.
pub fn reason(text: &str) -> Result<Option<String>, TooLong> {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() > MAX_REASON {
        return Err(TooLong { most: MAX_REASON });
    }
    Ok(Some(words).filter(|it| !it.is_empty()))
}

/// Says whether RDS can export `text` alone: a database, schema or table whose names are of letters, digits, `$`, `_`.
pub fn is_table(text: &str) -> bool {
    let named = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"$_".contains(&b));
    text.split('.').count() <= 3 && text.split('.').all(named)
}

fn verb(word: &str) -> Result<Verb, Misread> {
    let lower = word.to_lowercase();
    let known = GRAMMAR.iter().map(|it| it.verb.word());
    GRAMMAR
        .iter()
        .find(|it| it.verb.word() == lower)
        .map(|it| it.verb)
        .ok_or_else(|| Misread::UnknownCommand { word: word.to_owned(), near: nearest(&lower, known) })
}

fn option(form: &'static Form, name: &str) -> Result<&'static Opt, Misread> {
    let known = form.options.iter().map(|it| it.name);
    form.options.iter().find(|it| it.name == name).ok_or_else(|| Misread::UnknownOption {
        verb: form.verb,
        word: name.to_owned(),
        near: nearest(name, known),
    })
}

fn layer(word: &str) -> Result<Layer, Misread> {
    let known = Layer::ALL.map(Layer::as_str);
    Layer::ALL.into_iter().find(|it| it.as_str() == word).ok_or_else(|| Misread::BadValue {
        verb: Verb::Run,
        name: "layers",
        value: word.to_owned(),
        near: nearest(word, known.into_iter()),
    })
}

fn stage(word: &str) -> Result<StageId, Misread> {
    word.parse().map_err(|()| Misread::BadValue {
        verb: Verb::Retry,
        name: "from",
        value: word.to_owned(),
        near: nearest(word, StageId::ALL.into_iter().map(StageId::as_str)),
    })
}

/// Returns the one of `known` that `word` was probably meant to be: at most a third of its letters away, however it is
/// typed.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = fold(word);
    known
        .map(|it| (strsim::damerau_levenshtein(&word, it), it))
        .filter(|(distance, it)| *distance <= it.chars().count().div_ceil(3).max(1))
        .min()
        .map(|(_, it)| it)
}

#[cfg(test)]
mod tests;
