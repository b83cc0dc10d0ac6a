//! The grammar of the commands, as data: the parser and the help are both made from it.

use serde::{Deserialize, Serialize};

use crate::domain::access::Right;

/// The first word of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    Run,
    Status,
    List,
    Retry,
    Cancel,
    Rollback,
    Approve,
    Deny,
    Withdraw,
    #[serde(rename = "break-glass")]
    BreakGlass,
    Sources,
    Whoami,
    Help,
}

/// One command of the grammar.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub verb: Verb,
    /// The one word that may follow the verb, and whether it must.
    pub argument: Option<Argument>,
    pub options: &'static [Opt],
}

/// A word without a name.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// How the usage names it.
    pub name: &'static str,
    pub required: bool,
}

/// A named word: `--name`, or `--name VALUE`.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    pub name: &'static str,
    pub takes: Takes,
}

/// What follows an option's name, and how the usage names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    Word(&'static str),
    /// All that is left of the line, so that nothing can stand behind it.
    Rest(&'static str),
}

impl Takes {
    /// Returns how the usage names what follows, if something does.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Word(name) | Self::Rest(name) => Some(name),
        }
    }
}

/// The id of a request for approval, as its message shows it.
const REQUEST: Option<Argument> = Some(Argument { name: "REQUEST", required: true });

/// Every command, in the order of the help.
pub const GRAMMAR: &[Form] = &[
    Form {
        verb: Verb::Run,
        // Without a source, a form asks for it.
        argument: Some(Argument { name: "SOURCE", required: false }),
        options: &[
            Opt { name: "snapshot", takes: Takes::Word("ID|latest") },
            Opt { name: "only", takes: Takes::Word("DB.TABLE,…") },
            Opt { name: "layers", takes: Takes::Word("normal,sensitive") },
            Opt { name: "plan", takes: Takes::Nothing },
            Opt { name: "reason", takes: Takes::Rest("WORDS…") },
        ],
    },
    Form { verb: Verb::Status, argument: Some(Argument { name: "SOURCE|RUN", required: false }), options: &[] },
    Form {
        verb: Verb::List,
        argument: Some(Argument { name: "SOURCE", required: false }),
        options: &[
            Opt { name: "failed", takes: Takes::Nothing },
            Opt { name: "limit", takes: Takes::Word("N") },
            Opt { name: "page", takes: Takes::Word("K") },
        ],
    },
    Form {
        verb: Verb::Retry,
        argument: Some(Argument { name: "RUN", required: true }),
        options: &[Opt { name: "from", takes: Takes::Word("STAGE") }],
    },
    Form { verb: Verb::Cancel, argument: Some(Argument { name: "RUN", required: true }), options: &[] },
    Form {
        verb: Verb::Rollback,
        argument: Some(Argument { name: "SOURCE", required: true }),
        options: &[Opt { name: "to", takes: Takes::Word("RUN") }, Opt { name: "reason", takes: Takes::Rest("WORDS…") }],
    },
    Form {
        verb: Verb::Approve,
        argument: REQUEST,
        options: &[
            Opt { name: "until", takes: Takes::Word("TIME") },
            Opt { name: "reason", takes: Takes::Rest("WORDS…") },
        ],
    },
    Form { verb: Verb::Deny, argument: REQUEST, options: &[Opt { name: "reason", takes: Takes::Rest("WORDS…") }] },
    Form { verb: Verb::Withdraw, argument: REQUEST, options: &[] },
    Form {
        verb: Verb::BreakGlass,
        argument: Some(Argument { name: "RUN", required: true }),
        options: &[Opt { name: "reason", takes: Takes::Rest("WORDS…") }],
    },
    Form { verb: Verb::Sources, argument: None, options: &[Opt { name: "page", takes: Takes::Word("K") }] },
    Form { verb: Verb::Whoami, argument: None, options: &[] },
    Form { verb: Verb::Help, argument: Some(Argument { name: "COMMAND", required: false }), options: &[] },
];

impl Verb {
    /// Returns the verb as it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Status => "status",
            Self::List => "list",
            Self::Retry => "retry",
            Self::Cancel => "cancel",
            Self::Rollback => "rollback",
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Withdraw => "withdraw",
            Self::BreakGlass => "break-glass",
            Self::Sources => "sources",
            Self::Whoami => "whoami",
            Self::Help => "help",
        }
    }

    /// Returns the right that the command needs; `None`: anybody may ask.
    pub fn right(self) -> Option<Right> {
        match self {
            Self::Run | Self::Retry | Self::Cancel | Self::Rollback | Self::BreakGlass => Some(Right::Operate),
            Self::Status | Self::List | Self::Sources => Some(Right::View),
            // Who decides depends on the request.
            Self::Approve | Self::Deny | Self::Withdraw | Self::Whoami | Self::Help => None,
        }
    }

    /// Returns what may follow the verb.
    pub fn form(self) -> &'static Form {
        GRAMMAR.iter().find(|it| it.verb == self).expect("the grammar has every verb")
    }
}

impl Form {
    /// Returns the command's usage: `retry RUN [--from STAGE]`.
    pub fn usage(&self) -> String {
        let mut usage = self.verb.word().to_owned();
        match self.argument {
            Some(Argument { name, required: true }) => usage += &format!(" {name}"),
            Some(Argument { name, required: false }) => usage += &format!(" [{name}]"),
            None => {}
        }
        for option in self.options {
            match option.takes.name() {
                Some(value) => usage += &format!(" [--{} {value}]", option.name),
                None => usage += &format!(" [--{}]", option.name),
            }
        }
        usage
    }
}
