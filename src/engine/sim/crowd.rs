//! The people: operators who start, retry and cancel, approvers who press, others who press too; and who they are.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use super::{
    history::Count,
    line::Line,
    scenario::{APPROVERS, Service},
    slack::Press,
    world::{Truth, World},
};
use crate::{
    domain::{
        access::{Access, Lists, Membership, Person, Who},
        answer::Answer,
        approval::{ApprovalState, Verdict},
        command::{Command, RunCommand},
        run::{Run, RunStatus},
        snapshot::SnapshotChoice,
        stage::StageId,
    },
    engine::{
        accept::Asker,
        ports::{ChatError, People, PeopleError, Reader, Readers, Reply, Shown, StoreError, Via, ViewId, Views, Wish},
    },
    projection::view::View,
};

const OPERATORS: [&str; 2] = ["UANA", "UELI"];
const PRIVACY: [&str; 3] = ["UBEN", "UCAT", "UDAN"];
const STRANGER: &str = "USTRANGER";

/// How long Slack waits for an answer.
const SLACK_WAITS: Duration = Duration::from_secs(3);

/// Something that a person does.
pub(super) enum Act {
    Say(&'static str, Command),
    Press(&'static str, Wish),
}

/// Returns who may do what: operators are a group, and anybody may look.
pub(super) fn access() -> Access {
    let general = Lists { viewers: vec![Who::AnyMember], operators: vec![Who::Group("SOPS".to_owned())] };
    Access { general, ..Access::default() }
}

/// People do something every now and then; when the faults are over, they only approve.
pub(super) async fn crowd(world: Arc<World>) {
    for number in 0_u64.. {
        let pause = {
            let mut truth = world.truth();
            let longest = if truth.rolls_back { 50 } else { 100 };
            if truth.quiet { 10 } else { truth.chance.u64(10..longest) }
        };
        sleep(Duration::from_secs(pause)).await;
        let act = world.truth().act();
        if let Some(act) = act {
            send(&world, number, act);
        }
    }
}

/// Slack delivers it: to one replica, or, because the first answer came too late, to two.
fn send(world: &Arc<World>, number: u64, act: Act) {
    let mut truth = world.truth();
    let times = if truth.mishap(15) { 2 } else { 1 };
    let (user, count) = match &act {
        Act::Say(user, _) => (*user, Count::Commands),
        Act::Press(user, _) => (*user, Count::Presses),
    };
    truth.history.add(count);
    let act = Arc::new(act);
    for _ in 0..times {
        let answering: Vec<_> =
            truth.processes.iter().filter(|it| it.answers()).map(|it| Arc::clone(&it.engine)).collect();
        let Some(engine) = truth.chance.choice(answering) else { return };
        let asker = Asker {
            user: user.to_owned(),
            via: Via::Slack,
            is_foreign: false,
            channel: None,
            reply: Some(Reply::Url("https://hooks.slack.com/x".to_owned())),
            delivery: format!("D{number:04}"),
        };
        let (world, act) = (Arc::clone(world), Arc::clone(&act));
        world.clone().tasks.spawn(async move {
            let answer = async {
                match &*act {
                    Act::Say(_, command) => engine.handle(&asker, command.clone()).await,
                    Act::Press(_, wish) => engine.accept(&asker, wish.clone(), None, String::new()).await,
                }
            };
            if let Ok(Answer::Accepted { .. }) = timeout(SLACK_WAITS, answer).await {
                world.truth().slack.accepted.insert(asker.delivery);
            }
        });
    }
}

impl Truth {
    fn act(&mut self) -> Option<Act> {
        if self.quiet {
            return self.press(true);
        }
        let user = OPERATORS[self.chance.usize(0..OPERATORS.len())];
        if let Some(act) = self.wants_back(user) {
            return Some(act);
        }
        match self.chance.u8(0..20) {
            0..3 => self.ask(user),
            3..8 => {
                let over = |it: &Run| matches!(it.status, RunStatus::Failed | RunStatus::Canceled | RunStatus::Expired);
                let run = self.some_run(over)?;
                let from = (self.chance.u8(0..3) == 0).then(|| StageId::ALL[self.chance.usize(0..StageId::ALL.len())]);
                Some(Act::Say(user, Command::Retry { run, from }))
            }
            // Who wants to go back lets runs come to their end.
            8 if self.rolls_back && self.mishap(75) => self.press(true),
            8 => {
                let run = self.some_run(|it| !it.status.is_over())?;
                Some(Act::Say(user, Command::Cancel { run }))
            }
            9..16 => self.press(true),
            16 => {
                let run = self.some_run(|it| it.status == RunStatus::Failed)?.parse().ok()?;
                Some(Act::Press(user, Wish::Acknowledge { run }))
            }
            _ => self.press(false),
        }
    }

    fn ask(&mut self, user: &'static str) -> Option<Act> {
        let snapshots = self.aws.snapshots.len();
        let chosen = self.aws.snapshots.get(self.chance.usize(0..snapshots.max(1)))?;
        let (source, name) = (chosen.source.clone(), chosen.id.clone());
        let snapshot = if self.chance.bool() { SnapshotChoice::Latest } else { SnapshotChoice::Named(name) };
        // Now and then for one table only: a run of the same snapshot beside the other.
        let only = if self.chance.u8(0..4) == 0 { vec!["app.users".to_owned()] } else { Vec::new() };
        Some(Act::Say(
            user,
            Command::Run(RunCommand { source, snapshot, only, layers: Vec::new(), plan: false, reason: None }),
        ))
    }

    /// Somebody presses on a request that is open, or was: one who may, or one who may not.
    fn press(&mut self, allowed: bool) -> Option<Act> {
        let asked = self.records.runs.values().flat_map(|it| it.run.requests().map(|asked| (asked, &it.run)));
        let open = asked.filter(|(it, _)| it.state == ApprovalState::Pending);
        let open: Vec<_> = open.map(|(it, run)| (it.id.clone(), run.rollback.is_some())).collect();
        let (approval, goes_back) = self.chance.choice(open)?;
        let others = [OPERATORS[0], OPERATORS[1], STRANGER];
        let user = if allowed { PRIVACY[self.chance.usize(0..3)] } else { others[self.chance.usize(0..3)] };
        let verdict = if self.mishap(if goes_back { 16 } else { 8 }) { Verdict::Deny } else { Verdict::Approve };
        let approves = verdict == Verdict::Approve;
        self.slack.presses.push(Press { approval: approval.clone(), user, approves, allowed });
        Some(Act::Press(user, Wish::Decide { approval, verdict, reason: None, until: None }))
    }

    pub(super) fn some_run(&mut self, matches: impl Fn(&Run) -> bool) -> Option<String> {
        let found = self.records.runs.values().filter(|it| it.run.next_attempt.is_none() && matches(&it.run));
        let names: Vec<String> = found.map(|it| it.run.export_task.to_string()).collect();
        self.chance.choice(names)
    }
}

/// Nobody opens a view in the simulation: views hold no state that could be lost.
#[async_trait]
impl Views for Line {
    async fn open(&self, _: &str, _: &View) -> Result<Shown, ChatError> {
        Err(ChatError::Refused("not_simulated".to_owned()))
    }

    async fn update(&self, _: &ViewId, _: Option<&str>, _: &View) -> Result<Shown, ChatError> {
        Err(ChatError::Refused("not_simulated".to_owned()))
    }

    async fn publish(&self, _: &str, _: &View) -> Result<(), ChatError> {
        Err(ChatError::Refused("not_simulated".to_owned()))
    }
}

/// Nobody opens their Home here.
#[async_trait]
impl Readers for Line {
    async fn reader(&self, _: &str) -> Result<Option<Reader>, StoreError> {
        Ok(None)
    }

    async fn put_reader(&self, _: &Reader) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn readers(&self, _: Timestamp) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl People for Line {
    async fn person(&self, user: &str, _: &[&[Who]]) -> Result<Person, PeopleError> {
        let group = |list: &[&str], name: &str| list.contains(&user).then(|| name.to_owned());
        let groups: BTreeSet<String> =
            [group(&OPERATORS, "SOPS"), group(&PRIVACY, APPROVERS)].into_iter().flatten().collect();
        let membership = if user == STRANGER { Membership::Stranger } else { Membership::Member };
        let person = Person { user: user.to_owned(), membership, groups };
        let why = |it| PeopleError { user: user.to_owned(), why: format!("{it:?}") };
        self.call(Service::People, |_, _| person).await.map_err(why)
    }

    async fn person_now(&self, user: &str, lists: &[&[Who]]) -> Result<Person, PeopleError> {
        self.person(user, lists).await
    }

    async fn locale(&self, _: &str) -> Option<String> {
        None
    }

    fn forget_user(&self, _: &str) {}

    fn forget_group(&self, _: &str) {}
    fn known_locale(&self, _: &str) -> Option<String> {
        None
    }
}
