//! The next part of a list, as a button asks for it.

use super::{
    Command,
    parse::{LAST_PAGE, MAX_LIST_LIMIT},
};

/// More than this was never shown of a list.
const MOST: u16 = LAST_PAGE * MAX_LIST_LIMIT;

impl Command {
    /// Returns how many entries of a list are left out, because they come before what is asked for.
    pub fn skipped(&self) -> u16 {
        if let Self::List { skip, .. } | Self::Sources { skip } = self { *skip } else { 0 }
    }

    /// Returns the command for what comes after the next `shown` entries of a list; `None` if it is no list, or nobody
    /// goes on for so long.
    #[must_use]
    pub fn after(&self, shown: usize) -> Option<Self> {
        let mut next = self.clone();
        if let Self::List { skip, .. } | Self::Sources { skip } = &mut next {
            *skip = skip.checked_add(u16::try_from(shown).ok()?)?;
        }
        next.into_part()
    }

    /// Returns a command that came with a button, if it asks for a part of a list that can be asked for. Values come from
    /// outside.
    #[must_use]
    pub fn into_part(self) -> Option<Self> {
        let is_list = if let Self::List { limit, .. } = &self {
            (1..=MAX_LIST_LIMIT).contains(limit)
        } else {
            matches!(self, Self::Sources { .. })
        };
        (is_list && self.skipped() <= MOST).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::parse;

    #[test]
    fn a_list_goes_on_where_it_ended() {
        let list = parse("list shop --failed --limit 5 --page 2").unwrap();
        let next = list.after(3).unwrap();
        assert_eq!(next, Command::List { source: Some("shop".into()), failed: true, limit: 5, skip: 8 });
        assert_eq!(parse("sources").unwrap().after(15), Some(Command::Sources { skip: 15 }));
        assert_eq!(list.after(100_000), None);
        assert_eq!(parse("whoami").unwrap().after(1), None);
    }

    #[test]
    fn a_button_asks_for_parts_of_lists_only() {
        let list = |limit, skip| Command::List { source: None, failed: false, limit, skip };
        assert!(list(50, 1000).into_part().is_some());
        for odd in [list(0, 0), list(51, 0), list(10, 1001), Command::Overview, parse("cancel x").unwrap()] {
            assert_eq!(odd.clone().into_part(), None, "{odd:?}");
        }
    }
}
