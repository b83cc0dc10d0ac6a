//! An approval in the hands of replicas that die: one decision, one job, one message, wherever it happens. And two
//! replicas that are pressed at once.

use datalake_bot::{
    domain::{approval::ApprovalState, run::RunStatus},
    sandbox::faults::{Fault, Kind, Moment},
};
use rstest::rstest;

use crate::{
    fleet::Fleet,
    harness::{ANA, CHANNEL, Judge, MINA, has, key, options},
    kills::carried_through,
};

const PAUL: &str = "U0PAUL00001";

/// What the record of a run holds whose approval stands so.
const PENDING: &str = r#"approval_state":{"S":"pending"}"#;
const APPROVED: &str = r#"approval_state":{"S":"approved"}"#;

/// The condition under which alone an intent to refresh the sensitive layer is written.
const UNDER_APPROVAL: &str = "#approval_good_until > :now";

/// The steps of an approval, in their order: service, operation, what tells it from others, and how many of the kind
/// pass before.
const STEPS: [(&str, &str, &str, usize); 8] = [
    ("dynamodb", "TransactWriteItems", PENDING, 0),
    ("dynamodb", "TransactWriteItems", APPROVED, 0),
    ("dynamodb", "TransactWriteItems", APPROVED, 1),
    ("slack", "usergroups.users.list", "S0PRIVACY01", 0),
    ("slack", "usergroups.users.list", "S0PRIVACY01", 1),
    ("dynamodb", "TransactWriteItems", UNDER_APPROVAL, 0),
    ("glue", "StartJobRun", "sensitive", 0),
    // The first is the intent; this one says that Glue has answered.
    ("dynamodb", "TransactWriteItems", APPROVED, 2),
];

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_two_steps_of_an_approval_leaves_one_decision_one_job_and_one_message(
    #[values(0, 1, 2, 3, 4, 5, 6, 7)] step: usize,
    #[values(Moment::BeforeEffect, Moment::AfterEffect)] at: Moment,
    #[values(1, 2)] replicas: usize,
) {
    let mut fleet = Fleet::start(replicas, options()).await;
    let (service, operation, containing, skip) = STEPS[step];
    let kind = Kind::Hook { at, hook: fleet.killer() };
    let fault = Fault { skip, ..Fault::once(service, operation, kind).containing(containing) };
    fleet.judge.world.front.faults.plant(fault);
    let run = carried_through(&mut fleet).await;
    assert!(fleet.judge.world.front.faults.is_clear(), "the kill has not come");
    assert_eq!(run.status, RunStatus::Succeeded, "{run:#?}");
    let approval = run.approval.unwrap();
    assert_eq!((approval.state, approval.votes.len()), (ApprovalState::Approved, 1));
    assert_eq!(run.past_approvals, [], "people are asked once");
    fleet.judge.assert_nothing_twice(1);
    assert_eq!(fleet.judge.effects("glue", "StartJobRun").len(), 2, "job runs");
    let messages = fleet.judge.messages(CHANNEL);
    let requests: Vec<_> = messages.iter().filter(|it| key(it).starts_with("approval:")).collect();
    assert_eq!(requests.len(), 1);
    assert!(!has(requests[0], "approval.approve"), "it is closed");
}

#[rstest]
#[case::by_one_person(MINA, MINA)]
#[case::by_two(MINA, PAUL)]
#[tokio::test(flavor = "multi_thread")]
async fn a_press_at_each_of_two_replicas_at_once_is_one_decision(#[case] one: &str, #[case] other: &str) {
    let mut fleet = Fleet::start(2, options()).await;
    fleet.slash(ANA, "/datalake run learning").await;
    let asked = async |judge: &Judge| judge.messages(CHANNEL).into_iter().find(|it| has(it, "approval.approve"));
    let request = fleet.until("people are asked", asked).await;
    let urls = [fleet.url(0), fleet.url(1)];
    let slack = &fleet.judge.world.slack;
    let press = async |user: &str, url: &str| {
        slack.set_bot_url(url);
        slack.press(user, CHANNEL, &request.ts, "approval.approve").await.unwrap().status
    };
    let statuses = tokio::join!(press(one, &urls[0]), press(other, &urls[1]));
    assert_eq!(statuses, (200, 200));
    let run = fleet.until("the run is over and shown", async |judge: &Judge| judge.shown().await).await;
    assert_eq!(run.status, RunStatus::Succeeded);
    assert_eq!(run.approval.unwrap().votes.len(), 1);
    fleet.judge.assert_nothing_twice(1);
    assert_eq!(fleet.judge.effects("glue", "StartJobRun").len(), 2, "job runs");
}
