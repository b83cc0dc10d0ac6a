//! What one person may do here, and by which entries of the configuration.

use super::{
    access::{Access, Person, Right, Who},
    source::Source,
};

/// A person's rights, as they are now.
#[derive(Clone, Debug)]
pub struct Rights {
    pub person: Person,
    /// The entries by which they may see runs and sources.
    pub view: Vec<Who>,
    /// The entries by which they may start, retry and cancel runs.
    pub operate: Vec<Who>,
    /// The sources whose sensitive layer they may approve, and the entries by which.
    pub approve: Vec<(String, Vec<Who>)>,
}

impl Rights {
    /// Returns what `person` may do. Whether they may decide about one run depends on the run besides.
    pub fn of(person: Person, access: &Access, sources: &[Source]) -> Self {
        let named = |list: &[Who]| -> Vec<Who> {
            list.iter().filter(|it| person.is_in(std::slice::from_ref(it))).cloned().collect()
        };
        let approve = sources.iter().filter_map(|source| {
            let by = named(&source.sensitive.as_ref()?.approval.approvers);
            (!by.is_empty()).then(|| (source.name.clone(), by))
        });
        let (approve, operate) = (approve.collect(), named(&access.operators));
        let mut view = named(&access.viewers);
        // Operators may also view.
        view.extend(operate.iter().filter(|it| !access.viewers.contains(it)).cloned());
        Self { view, operate, approve, person }
    }

    /// Says whether the person has `right`.
    pub fn may(&self, right: Right) -> bool {
        !match right {
            Right::View => self.view.is_empty(),
            Right::Operate => self.operate.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{access::Membership, testing};

    fn rights(user: &str, membership: Membership, groups: &[&str]) -> Rights {
        let groups = groups.iter().map(|it| (*it).to_owned()).collect();
        let access = Access {
            viewers: vec!["*".parse().unwrap()],
            operators: vec!["SOPS".parse().unwrap(), "UBEN".parse().unwrap()],
        };
        Rights::of(Person { user: user.to_owned(), membership, groups }, &access, &[testing::source()])
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
        let access = Access { viewers: vec![], operators: vec!["SOPS".parse().unwrap()] };
        for groups in [&[][..], &["SOPS"]] {
            let groups = groups.iter().map(|it| (*it).to_owned()).collect();
            let person = Person { user: "UANA".to_owned(), membership: Membership::Member, groups };
            let rights = Rights::of(person.clone(), &access, &[]);
            for right in [Right::View, Right::Operate] {
                assert_eq!(rights.may(right), access.allows(&person, right), "{right:?}");
            }
        }
    }
}
