//! What one person may do here, and by which entries of the configuration.

use std::collections::BTreeSet;

use super::{
    access::{Access, Person, Right, Who},
    answer::Reach,
    source::Source,
};

/// A person's rights, as they are now.
#[derive(Clone, Debug)]
pub struct Rights {
    pub person: Person,
    /// How far they may see runs and sources.
    pub views: Reach,
    /// How far they may start, retry and cancel runs.
    pub operates: Reach,
    /// The entries by which they may see.
    pub view: Vec<Who>,
    /// The entries by which they may start, retry and cancel.
    pub operate: Vec<Who>,
    /// The sources whose sensitive layer they may approve, and the entries by which.
    pub approve: Vec<(String, Vec<Who>)>,
}

impl Rights {
    /// Returns what `person` may do who asks in `channel` (`None`: in no channel, as in a Home). Whether they may decide
    /// about one run depends on the run besides.
    pub fn of(person: Person, channel: Option<&str>, access: &Access, sources: &[Source]) -> Self {
        let named = |list: &[Who]| -> Vec<Who> {
            list.iter().filter(|it| person.asks_in(channel, std::slice::from_ref(it))).cloned().collect()
        };
        let approve = sources.iter().filter_map(|source| {
            let by = named(&source.sensitive.as_ref()?.approval.approvers);
            (!by.is_empty()).then(|| (source.name.clone(), by))
        });
        let reach = |right| {
            let allowed = sources.iter().filter(|it| access.allows(&person, channel, &it.name, right));
            let allowed: Vec<String> = allowed.map(|it| it.name.clone()).collect();
            match allowed.len() {
                0 => Reach::Nothing,
                all if all == sources.len() => Reach::Everything,
                _ => Reach::Sources(allowed),
            }
        };
        let (views, operates) = (reach(Right::View), reach(Right::Operate));
        let entries = |right| -> Vec<Who> {
            let lists = sources.iter().map(|it| access.holders(Some(&it.name), right));
            let entries: BTreeSet<Who> = lists.flat_map(&named).collect();
            entries.into_iter().collect()
        };
        let (operate, mut view) = (entries(Right::Operate), entries(Right::View));
        // Operators may also view.
        view.extend(operate.iter().filter(|it| !view.contains(it)).cloned().collect::<Vec<_>>());
        Self { approve: approve.collect(), view, operate, views, operates, person }
    }

    /// Says whether the person has `right` over any source.
    pub fn may(&self, right: Right) -> bool {
        self.reach(right).is_some()
    }

    /// Says whether the person's `right` goes as far as `source`.
    pub fn may_over(&self, right: Right, source: &str) -> bool {
        match self.reach(right) {
            Reach::Nothing => false,
            Reach::Sources(sources) => sources.iter().any(|it| it == source),
            Reach::Everything => true,
        }
    }

    /// Returns how far `right` goes.
    pub fn reach(&self, right: Right) -> &Reach {
        match right {
            Right::View => &self.views,
            Right::Operate => &self.operates,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        access::{Lists, Membership},
        testing,
    };

    fn list(entries: &[&str]) -> Vec<Who> {
        entries.iter().map(|it| it.parse().unwrap()).collect()
    }

    fn person(user: &str, membership: Membership, groups: &[&str]) -> Person {
        Person { user: user.to_owned(), membership, groups: groups.iter().map(|it| (*it).to_owned()).collect() }
    }

    fn access() -> Access {
        let general = Lists { viewers: list(&["*"]), operators: list(&["SOPS", "UBEN"]) };
        let pay = Lists { viewers: list(&["C0PAY"]), operators: list(&["UCAT"]) };
        Access { general, sources: [("pay".to_owned(), pay)].into() }
    }

    fn sources() -> [Source; 2] {
        [testing::source(), Source { name: "pay".to_owned(), sensitive: None, ..testing::source() }]
    }

    fn rights(user: &str, membership: Membership, groups: &[&str]) -> Rights {
        Rights::of(person(user, membership, groups), None, &access(), &sources())
    }

    #[test]
    fn rights_come_with_the_entries_that_give_them() {
        let ops = rights("UBEN", Membership::Member, &["SOPS"]);
        assert!(ops.may(Right::View) && ops.may(Right::Operate) && ops.approve.is_empty());
        assert_eq!(ops.operate.len(), 2);
        let privacy = rights("UDAN", Membership::Member, &["SPRIVACY"]);
        assert!(privacy.may(Right::View) && !privacy.may(Right::Operate));
        assert_eq!(privacy.approve, [("shop".to_owned(), vec![Who::Group("SPRIVACY".to_owned())])]);
    }

    #[test]
    fn guests_and_strangers_have_none() {
        for membership in [Membership::Guest, Membership::Stranger, Membership::Bot] {
            let none = rights("UBEN", membership, &["SOPS", "SPRIVACY"]);
            assert!(!none.may(Right::View) && !none.may(Right::Operate) && none.approve.is_empty(), "{membership:?}");
        }
    }

    #[test]
    fn the_rights_are_those_that_are_checked() {
        for user in ["UANA", "UBEN", "UCAT"] {
            for channel in [None, Some("C0PAY")] {
                let person = person(user, Membership::Member, &[]);
                let rights = Rights::of(person.clone(), channel, &access(), &sources());
                for (right, source) in [Right::View, Right::Operate].iter().flat_map(|it| [(*it, "shop"), (*it, "pay")])
                {
                    let checked = access().allows(&person, channel, source, right);
                    assert_eq!(rights.may_over(right, source), checked, "{user} {channel:?} {right:?} {source}");
                }
            }
        }
    }
}
