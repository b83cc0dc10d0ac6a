//! Who somebody is: `users.info` and `usergroups.users.list`, remembered for a minute.

use std::{
    borrow::Borrow,
    collections::{BTreeSet, HashMap},
    hash::Hash,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::try_join_all;
use serde::Deserialize;
use tokio::time::Instant;

use super::client::Client;
use crate::{
    domain::access::{Membership, Person, Who},
    engine::ports::{ChatError, People, PeopleError},
};

/// How old an answer may be. A right that was taken away ends within this time.
const FRESH: Duration = Duration::from_secs(60);

/// How old an answer may be that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    /// As old as [`FRESH`].
    Fresh,
    /// It is asked for now.
    None,
}

/// Entries of a cache at the most; the bot serves one team.
const ENTRIES: usize = 10_000;

/// Slack's own voice, of which Slack says that it is no bot. It repeats what anybody has it say later.
const SLACKBOT: &str = "USLACKBOT";

/// The [`People`] of one workspace.
#[derive(Debug)]
pub struct SlackPeople {
    client: Arc<Client>,
    /// The configured team: whoever belongs to another one is a stranger.
    team: String,
    users: Cache<String, User>,
    groups: Cache<String, BTreeSet<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "Slack writes it so; `membership` makes one value of them")]
struct User {
    #[serde(default)]
    team_id: Option<String>,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    is_bot: bool,
    #[serde(default)]
    is_restricted: bool,
    #[serde(default)]
    is_ultra_restricted: bool,
    #[serde(default)]
    is_stranger: bool,
    #[serde(default)]
    locale: Option<String>,
    /// Present in an Enterprise organisation: the workspaces of the person.
    #[serde(default)]
    enterprise_user: Option<EnterpriseUser>,
}

#[derive(Clone, Debug, Deserialize)]
struct EnterpriseUser {
    #[serde(default)]
    teams: Vec<String>,
    /// The organisation itself; the bot may serve all of it.
    #[serde(default)]
    enterprise_id: Option<String>,
}

#[derive(Deserialize)]
struct UserAnswer {
    user: User,
}

#[derive(Deserialize)]
struct GroupAnswer {
    users: BTreeSet<String>,
}

impl SlackPeople {
    /// Returns the people behind `client`; `team` is the configured team's id.
    pub fn new(client: Arc<Client>, team: String) -> Self {
        Self { client, team, users: Cache::default(), groups: Cache::default() }
    }

    async fn user(&self, user: &str, age: Age) -> Result<User, ChatError> {
        let id = user.to_owned();
        if let Some(known) = self.users.get(&id).filter(|_| age == Age::Fresh) {
            return Ok(known);
        }
        let parameters = [("user", Some(id.clone())), ("include_locale", Some("true".to_owned()))];
        let answer: UserAnswer = self.client.get("users.info", &parameters).await?;
        self.users.put(id, answer.user.clone());
        Ok(answer.user)
    }

    async fn members(&self, group: &str, age: Age) -> Result<BTreeSet<String>, ChatError> {
        let id = group.to_owned();
        if let Some(known) = self.groups.get(&id).filter(|_| age == Age::Fresh) {
            return Ok(known);
        }
        let parameters = [("usergroup", Some(id.clone()))];
        let users = match self.client.get::<GroupAnswer>("usergroups.users.list", &parameters).await {
            Ok(answer) => answer.users,
            // A group that is gone holds nobody; it must not keep the others from their work.
            Err(ChatError::Refused(why)) => {
                tracing::warn!(group, why, "User group {group} could not be read; it counts as empty");
                BTreeSet::new()
            }
            Err(error) => return Err(error),
        };
        self.groups.put(id, users.clone());
        Ok(users)
    }

    fn membership(&self, id: &str, user: &User) -> Membership {
        let of_team =
            |it: &EnterpriseUser| it.teams.contains(&self.team) || it.enterprise_id.as_ref() == Some(&self.team);
        let ours = user.team_id.as_ref() == Some(&self.team) || user.enterprise_user.as_ref().is_some_and(of_team);
        if user.deleted {
            Membership::Deactivated
        } else if user.is_stranger || !ours {
            Membership::Stranger
        } else if user.is_bot || id == SLACKBOT {
            Membership::Bot
        } else if user.is_restricted || user.is_ultra_restricted {
            Membership::Guest
        } else {
            Membership::Member
        }
    }
}

impl SlackPeople {
    async fn look_up(&self, user: &str, lists: &[&[Who]], age: Age) -> Result<Person, PeopleError> {
        let failed = |it: ChatError| PeopleError { user: user.to_owned(), why: it.to_string() };
        let found = match self.user(user, age).await {
            Ok(found) => found,
            // Slack knows nobody of that id that we could see.
            Err(ChatError::Refused(why)) if why.starts_with("user_not_") => {
                return Ok(Person { user: user.to_owned(), membership: Membership::Stranger, groups: BTreeSet::new() });
            }
            Err(error) => return Err(failed(error)),
        };
        let configured: BTreeSet<&Who> = lists.iter().flat_map(|it| it.iter()).collect();
        // Side by side: whoever asks waits for all of them.
        let holds = configured.into_iter().filter_map(|who| match who {
            Who::Group(group) => Some(async move {
                let members = self.members(group, age).await.map_err(failed)?;
                Ok(members.contains(user).then(|| group.clone()))
            }),
            Who::User(_) | Who::Channel(_) | Who::AnyMember => None,
        });
        let groups = try_join_all(holds).await?.into_iter().flatten().collect();
        Ok(Person { user: user.to_owned(), membership: self.membership(user, &found), groups })
    }
}

#[async_trait]
impl People for SlackPeople {
    async fn person(&self, user: &str, lists: &[&[Who]]) -> Result<Person, PeopleError> {
        self.look_up(user, lists, Age::Fresh).await
    }

    async fn person_now(&self, user: &str, lists: &[&[Who]]) -> Result<Person, PeopleError> {
        self.look_up(user, lists, Age::None).await
    }

    async fn locale(&self, user: &str) -> Option<String> {
        self.user(user, Age::Fresh).await.ok()?.locale
    }

    fn forget_user(&self, user: &str) {
        self.users.forget(user);
    }

    fn forget_group(&self, group: &str) {
        self.groups.forget(group);
    }

    fn known_locale(&self, user: &str) -> Option<String> {
        self.users.get(&user.to_owned())?.locale
    }
}

/// Remembers answers for as long as they are fresh.
#[derive(Debug)]
struct Cache<K, V>(Mutex<HashMap<K, (Instant, V)>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    fn forget<Q: Eq + Hash + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.0.lock().expect("no panic while the cache is held").remove(key);
    }

    fn get(&self, key: &K) -> Option<V> {
        let entries = self.0.lock().expect("no panic while the cache is held");
        entries.get(key).filter(|(at, _)| at.elapsed() < FRESH).map(|(_, value)| value.clone())
    }

    fn put(&self, key: K, value: V) {
        let mut entries = self.0.lock().expect("no panic while the cache is held");
        if entries.len() >= ENTRIES {
            entries.retain(|_, (at, _)| at.elapsed() < FRESH);
        }
        if entries.len() < ENTRIES {
            entries.insert(key, (Instant::now(), value));
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    #[rstest]
    #[case::member("U1", json!({"team_id": "T1"}), Membership::Member)]
    #[case::guest("U1", json!({"team_id": "T1", "is_restricted": true}), Membership::Guest)]
    #[case::guest_of_one_channel("U1", json!({"team_id": "T1", "is_ultra_restricted": true}), Membership::Guest)]
    #[case::bot("U1", json!({"team_id": "T1", "is_bot": true}), Membership::Bot)]
    #[case::slackbot("USLACKBOT", json!({"team_id": "T1", "is_bot": false}), Membership::Bot)]
    #[case::left("U1", json!({"team_id": "T1", "deleted": true}), Membership::Deactivated)]
    #[case::of_another_team("U1", json!({"team_id": "T2"}), Membership::Stranger)]
    #[case::stranger("U1", json!({"team_id": "T1", "is_stranger": true}), Membership::Stranger)]
    #[case::of_nobody("U1", json!({}), Membership::Stranger)]
    #[case::of_two_workspaces("W1", json!({"team_id": "T2", "enterprise_user": {"teams": ["T2", "T1"]}}), Membership::Member)]
    #[case::of_other_workspaces("W1", json!({"team_id": "T2", "enterprise_user": {"teams": ["T2"]}}), Membership::Stranger)]
    #[case::guest_of_an_organisation(
        "W1",
        json!({"team_id": "T2", "is_restricted": true, "enterprise_user": {"teams": ["T1"]}}),
        Membership::Guest
    )]
    #[tokio::test]
    async fn what_somebody_is(#[case] id: &str, #[case] user: Value, #[case] expected: Membership) {
        let client = Client::new(&"http://127.0.0.1:1/api".parse().unwrap(), &"xoxb".into()).unwrap();
        let people = SlackPeople::new(Arc::new(client), "T1".to_owned());
        assert_eq!(people.membership(id, &serde_json::from_value(user).unwrap()), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_is_fresh_or_forgotten() {
        let cache = Cache::default();
        cache.put("a".to_owned(), 1);
        assert_eq!(cache.get(&"a".to_owned()), Some(1));
        cache.forget("a");
        assert_eq!(cache.get(&"a".to_owned()), None);
        cache.put("a".to_owned(), 2);
        tokio::time::advance(FRESH).await;
        assert_eq!(cache.get(&"a".to_owned()), None);
    }
}
