//! Exports that are under way in the account, the bot's own and those that people start in the console.

use jiff::Timestamp;

/// How many export tasks an account may have in progress in a Region
/// ([quotas](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html)).
pub const SLOTS: usize = 5;

/// An export task that takes a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveExport {
    /// Name of the export task.
    pub name: String,
    /// ARN of the snapshot or cluster.
    pub source_arn: String,
    /// As RDS says it: `IN_PROGRESS`.
    pub status: String,
    pub percent: Option<u8>,
    /// When it began to export data; `None` before that.
    pub started_at: Option<Timestamp>,
}

/// An export of one of the sources that no run has asked for: the bot shows it, and leaves it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmanaged {
    pub source: String,
    pub export: ActiveExport,
}

/// A run's place among those that wait for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Runs that began to wait earlier.
    pub before: u32,
    /// Slots that are free; `None`: it is not known.
    pub free: Option<usize>,
}

impl Place {
    /// Says whether it is the run's turn to try: the one that waits longest always may, the others when there is a slot
    /// for each before them too.
    pub fn may_try(self) -> bool {
        usize::try_from(self.before).is_ok_and(|before| before < self.free.unwrap_or(1).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_longest_tries_first_and_nobody_is_kept_from_a_slot_that_is_free() {
        for (before, free, may) in [
            (0, Some(0), true),
            (1, Some(0), false),
            (0, None, true),
            (1, None, false),
            (1, Some(1), false),
            (1, Some(2), true),
            (4, Some(5), true),
        ] {
            assert_eq!(Place { before, free }.may_try(), may, "{before} {free:?}");
        }
    }
}
