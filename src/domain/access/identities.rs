//! Who is one person: accounts in Slack and at the command line that belong together.

/// The persons of the configuration. Whoever is in no entry is the account that they use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identities(pub Vec<Identity>);

/// The accounts of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Ids in Slack.
    pub slack: Vec<String>,
    /// Names of accounts at the command line.
    pub cli: Vec<String>,
}

impl Identities {
    /// Says whether two accounts are one person's.
    pub fn are_one(&self, one: &str, other: &str) -> bool {
        one == other || self.0.iter().any(|it| it.has(one) && it.has(other))
    }

    /// Returns the ids in Slack of whoever is called `name` at the command line; none if nothing says who that is.
    pub fn in_slack(&self, name: &str) -> &[String] {
        let entry = self.0.iter().find(|it| it.cli.iter().any(|it| it == name));
        entry.map_or(&[], |it| it.slack.as_slice())
    }
}

impl Identity {
    fn has(&self, account: &str) -> bool {
        self.slack.iter().chain(&self.cli).any(|it| it == account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_one_entry_are_one_person_and_others_are_not() {
        let list = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
        let ana = Identity { slack: list(&["U1", "U2"]), cli: list(&["ana"]) };
        let ben = Identity { slack: list(&["U3"]), cli: list(&[]) };
        let people = Identities(vec![ana, ben]);
        assert!(people.are_one("U1", "U2") && people.are_one("ana", "U2") && people.are_one("U9", "U9"));
        assert!(!people.are_one("U1", "U3") && !people.are_one("ana", "U9") && !people.are_one("x", "y"));
        assert_eq!(people.in_slack("ana"), ["U1", "U2"]);
        // An id in Slack is no name at the command line.
        assert!(people.in_slack("U1").is_empty() && people.in_slack("ben").is_empty());
    }
}
