//! What a source does about a table that has lost rows since the last good run.

/// How far rows may fall, and what happens when they fall further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowFall {
    /// Of a hundred rows, how many a table may lose.
    pub percent: u32,
    pub reaction: Reaction,
}

/// What happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reaction {
    /// The run goes on, with a warning.
    #[default]
    Warn,
    /// Somebody decides whether the run goes on.
    Ask,
    /// The run fails.
    Fail,
}

impl Default for RowFall {
    /// A table that has lost more than half of its rows is warned of.
    fn default() -> Self {
        Self { percent: 50, reaction: Reaction::default() }
    }
}
