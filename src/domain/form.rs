//! What somebody has entered into the form for a run, and what of it has to be mended.

use std::collections::BTreeSet;

use super::{
    command::{RunCommand, TooLong, is_table, reason},
    snapshot::SnapshotChoice,
    source::{Layer, Source},
};

/// The option that stands for the newest snapshot.
pub const LATEST: &str = "latest";

/// The fields, as they were left. All of it comes from outside: nothing here is believed before it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entered {
    pub source: Option<String>,
    /// Identifier of a snapshot, or [`LATEST`]. `None`: none was there to choose.
    pub snapshot: Option<String>,
    pub tables: String,
    /// `None`: the form did not ask for them.
    pub layers: Option<Vec<String>>,
    pub reason: String,
}

/// Something that has to be mended before a plan can be made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// No source, or none that there is.
    Source,
    /// The source has no snapshot to choose, or it is not there yet.
    Snapshot,
    /// RDS cannot export this alone.
    Table(String),
    /// No layer, or one that the source does not have.
    Layers,
    /// It has more characters than this.
    Reason { most: usize },
}

impl Entered {
    /// Returns the command that is asked for. `find` returns the source of a name.
    ///
    /// # Errors
    /// All flaws.
    pub fn read<'a>(&self, find: impl Fn(&str) -> Option<&'a Source>) -> Result<RunCommand, BTreeSet<Flaw>> {
        let Some(source) = self.source.as_deref().and_then(find) else { return Err(BTreeSet::from([Flaw::Source])) };
        let mut flaws = BTreeSet::new();
        let snapshot = match self.snapshot.as_deref() {
            Some(LATEST) => SnapshotChoice::Latest,
            // A name with white space in it would not be one word of a command.
            Some(id) if !id.is_empty() && !id.contains(char::is_whitespace) => SnapshotChoice::Named(id.to_owned()),
            Some(_) | None => {
                flaws.insert(Flaw::Snapshot);
                SnapshotChoice::Latest
            }
        };
        let only = self.only();
        flaws.extend(only.iter().find(|it| !is_table(it)).map(|it| Flaw::Table(it.clone())));
        let layers = self.layers(source).unwrap_or_else(|| {
            flaws.insert(Flaw::Layers);
            Vec::new()
        });
        let reason = reason(&self.reason).unwrap_or_else(|TooLong { most }| {
            flaws.insert(Flaw::Reason { most });
            None
        });
        let command = RunCommand { source: source.name.clone(), snapshot, only, layers, plan: false, reason };
        if flaws.is_empty() { Ok(command) } else { Err(flaws) }
    }

    /// Returns the tables: people part them by commas, spaces or lines.
    fn only(&self) -> Vec<String> {
        let parts = self.tables.split(|c: char| c.is_whitespace() || c == ',');
        parts.filter(|it| !it.is_empty()).map(str::to_owned).collect()
    }

    /// Returns the layers that are asked for; none is named where all are wanted, as in a command.
    fn layers(&self, source: &Source) -> Option<Vec<Layer>> {
        let Some(chosen) = &self.layers else { return Some(Vec::new()) };
        let layer = |name: &String| source.layers().into_iter().find(|it| it.as_str() == name);
        let chosen: BTreeSet<Layer> = chosen.iter().map(layer).collect::<Option<_>>()?;
        let all = chosen.len() == source.layers().len();
        if chosen.is_empty() { None } else { Some(if all { Vec::new() } else { chosen.into_iter().collect() }) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;
    use crate::domain::{
        command::{Command, parse},
        testing::source,
    };

    fn entered() -> Entered {
        let text = |it: &str| Some(it.to_owned());
        Entered { source: text("shop"), snapshot: text(LATEST), ..Entered::default() }
    }

    fn read(entered: &Entered) -> Result<RunCommand, Vec<Flaw>> {
        let shop = source();
        entered.read(|it| Some(&shop).filter(|shop| shop.name == it)).map_err(|it| it.into_iter().collect())
    }

    #[test]
    fn what_is_right_becomes_a_command() {
        let full = Entered {
            snapshot: Some("rds:shop-1".to_owned()),
            tables: " db.a,\n db.b  ".to_owned(),
            layers: Some(vec!["sensitive".to_owned()]),
            reason: " month   end ".to_owned(),
            ..entered()
        };
        let command = "run shop --snapshot rds:shop-1 --only db.a,db.b --layers sensitive --reason month end";
        assert_eq!(read(&full).unwrap().to_string(), command);
        assert_eq!(read(&entered()).unwrap().to_string(), "run shop");
        let both = Entered { layers: Some(vec!["sensitive".to_owned(), "normal".to_owned()]), ..entered() };
        assert_eq!(read(&both).unwrap().to_string(), "run shop");
    }

    #[test]
    fn every_flaw_is_found() {
        let bad = Entered {
            snapshot: None,
            tables: "db.a <!channel> db.b".to_owned(),
            layers: Some(vec![]),
            reason: "x".repeat(301),
            ..entered()
        };
        let flaws = [Flaw::Snapshot, Flaw::Table("<!channel>".to_owned()), Flaw::Layers, Flaw::Reason { most: 300 }];
        assert_eq!(read(&bad), Err(flaws.to_vec()));
        let unknown = Entered { source: Some("nosuch".to_owned()), ..bad };
        assert_eq!(read(&unknown), Err(vec![Flaw::Source]));
        let foreign = Entered { layers: Some(vec!["secret".to_owned()]), ..entered() };
        assert_eq!(read(&foreign), Err(vec![Flaw::Layers]));
    }

    proptest! {
        /// What a review carries is read as if it were typed.
        #[test]
        fn whatever_is_taken_can_be_typed(
            snapshot in "[^ ]{1,40}", tables in "[a-z._$, \n]{0,60}", reason in any::<String>(), normal in any::<bool>(),
        ) {
            let layers = Some(vec![if normal { "normal" } else { "sensitive" }.to_owned()]);
            let entered = Entered { snapshot: Some(snapshot), tables, reason, layers, ..entered() };
            if let Ok(command) = read(&entered) {
                proptest::prop_assert_eq!(parse(&command.to_string()), Ok(Command::Run(command)));
            }
        }
    }
}
