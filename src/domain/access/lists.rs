//! The lists of people in the configuration: general ones, and those of sources that have their own.

use std::collections::BTreeMap;

use super::{Person, Right, Who};

/// Who may do what, over one source or over all that have no lists of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    pub viewers: Vec<Who>,
    pub operators: Vec<Who>,
}

impl Lists {
    /// Says whether `person`, who asks in `channel`, has `right`. Operators may also view.
    fn allow(&self, person: &Person, channel: Option<&str>, right: Right) -> bool {
        let operates = person.asks_in(channel, &self.operators);
        match right {
            Right::View => operates || person.asks_in(channel, &self.viewers),
            Right::Operate => operates,
        }
    }

    fn holders(&self, right: Right) -> &[Who] {
        match right {
            Right::View => &self.viewers,
            Right::Operate => &self.operators,
        }
    }
}

/// Who may do what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub general: Lists,
    /// By the name of the source; these stand in the place of the general ones.
    pub sources: BTreeMap<String, Lists>,
}

impl Access {
    /// Says whether `person`, who asks in `channel` (`None`: in no channel, as in a Home), has `right` over `source`.
    pub fn allows(&self, person: &Person, channel: Option<&str>, source: &str, right: Right) -> bool {
        self.of(Some(source)).allow(person, channel, right)
    }

    /// Returns whom to ask for `right` over `source`, or in general.
    pub fn holders(&self, source: Option<&str>, right: Right) -> &[Who] {
        self.of(source).holders(right)
    }

    /// Says whether every full member may see `source`: then what is said of it may stand where all can read it.
    pub fn is_open(&self, source: &str) -> bool {
        self.of(Some(source)).viewers.contains(&Who::AnyMember)
    }

    /// Returns every list: what a person must be looked up in.
    pub fn lists(&self) -> Vec<&[Who]> {
        let all = std::iter::once(&self.general).chain(self.sources.values());
        all.flat_map(|it| [it.operators.as_slice(), it.viewers.as_slice()]).collect()
    }

    fn of(&self, source: Option<&str>) -> &Lists {
        source.and_then(|it| self.sources.get(it)).unwrap_or(&self.general)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::{prelude::*, sample::select};
    use rstest::rstest;

    use super::*;
    use crate::domain::access::Membership;

    fn list(entries: &[&str]) -> Vec<Who> {
        entries.iter().map(|it| it.parse().unwrap()).collect()
    }

    fn person(user: &str, membership: Membership, groups: &[&str]) -> Person {
        let groups = groups.iter().map(|it| (*it).to_owned()).collect();
        Person { user: user.to_owned(), membership, groups }
    }

    /// Anybody sees, the group operates; the source `pay` is for one channel and one person.
    fn access() -> Access {
        Access {
            general: Lists { viewers: list(&["*"]), operators: list(&["SOPS", "UBEN"]) },
            sources: [("pay".to_owned(), Lists { viewers: list(&["C0PAY"]), operators: list(&["UCAT"]) })].into(),
        }
    }

    #[rstest]
    #[case::group("UANA", &["SOPS"], None, "shop", true, true)]
    #[case::named("UBEN", &[], None, "shop", true, true)]
    #[case::anybody("UDAN", &[], None, "shop", true, false)]
    #[case::replaced_for_operators("UANA", &["SOPS"], None, "pay", false, false)]
    #[case::in_its_channel("UANA", &["SOPS"], Some("C0PAY"), "pay", true, false)]
    #[case::in_another_channel("UANA", &[], Some("C0SHOP"), "pay", false, false)]
    #[case::operators_view("UCAT", &[], None, "pay", true, true)]
    fn who_may(
        #[case] user: &str,
        #[case] groups: &[&str],
        #[case] channel: Option<&str>,
        #[case] source: &str,
        #[case] views: bool,
        #[case] operates: bool,
    ) {
        let person = person(user, Membership::Member, groups);
        let may = |right| access().allows(&person, channel, source, right);
        assert_eq!((may(Right::View), may(Right::Operate)), (views, operates));
    }

    #[test]
    fn whom_to_ask_are_the_holders_of_the_source() {
        assert_eq!(access().holders(Some("pay"), Right::Operate), list(&["UCAT"]));
        assert_eq!(access().holders(Some("shop"), Right::Operate), list(&["SOPS", "UBEN"]));
        assert_eq!(access().holders(None, Right::View), list(&["*"]));
        assert!(access().is_open("shop") && !access().is_open("pay"));
    }

    fn lists() -> impl Strategy<Value = Vec<Who>> {
        let entry = select(vec!["*", "UANA", "UBEN", "SOPS", "SALL", "C0OPS", "G0PRIV"]);
        proptest::collection::vec(entry.prop_map(|it| it.parse().unwrap()), 0..4)
    }

    fn right() -> impl Strategy<Value = Right> {
        select(vec![Right::View, Right::Operate])
    }

    proptest! {
        #[test]
        fn only_full_members_may_anything(
            viewers in lists(), operators in lists(), right in right(),
            membership in select(vec![Membership::Guest, Membership::Bot, Membership::Deactivated, Membership::Stranger]),
            channel in select(vec![None, Some("C0OPS"), Some("G0PRIV")]),
        ) {
            let access = Access { general: Lists { viewers, operators }, ..Access::default() };
            let anybody = person("UANA", membership, &["SOPS", "SALL"]);
            prop_assert!(!access.allows(&anybody, channel, "shop", right));
        }

        #[test]
        fn who_operates_also_views_and_lists_of_a_source_stand_alone(
            general in (lists(), lists()), own in (lists(), lists()), right in right(),
            groups in proptest::collection::btree_set(select(vec!["SOPS".to_owned(), "SALL".to_owned()]), 0..3),
            channel in select(vec![None, Some("C0OPS"), Some("G0PRIV")]),
        ) {
            let lists = |(viewers, operators): (Vec<Who>, Vec<Who>)| Lists { viewers, operators };
            let person = Person { user: "UANA".into(), membership: Membership::Member, groups: BTreeSet::clone(&groups) };
            let own = lists(own);
            let both = Access { general: lists(general), sources: [("pay".to_owned(), own.clone())].into() };
            let alone = Access { general: own, ..Access::default() };
            let may = |access: &Access, right| access.allows(&person, channel, "pay", right);
            prop_assert_eq!(may(&both, right), may(&alone, right));
            prop_assert!(!may(&both, Right::Operate) || may(&both, Right::View));
        }
    }
}
