//! An approval in the hands of replicas that die: one decision, one job, one message, wherever it happens.

use datalake_bot::{
    domain::{approval::ApprovalState, run::RunStatus},
    sandbox::faults::{Fault, Kind, Moment},
};
use rstest::rstest;

use crate::{
    fleet::Fleet,
    harness::{CHANNEL, has, key, options},
    kills::carried_through,
};

/// What the record of a run holds whose approval stands so.
const PENDING: &str = r#"approval_state":{"S":"pending"}"#;
const APPROVED: &str = r#"approval_state":{"S":"approved"}"#;

/// The steps of an approval, in their order: service, operation, what tells it from others, and how many of the kind
/// pass before.
const STEPS: [(&str, &str, &str, usize); 4] = [
    ("dynamodb", "TransactWriteItems", PENDING, 0),
    ("dynamodb", "TransactWriteItems", APPROVED, 0),
    ("slack", "usergroups.users.list", "S0PRIVACY01", 0),
    ("slack", "usergroups.users.list", "S0PRIVACY01", 1),
];

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_two_steps_of_an_approval_leaves_one_decision_one_job_and_one_message(
    #[values(0, 1, 2, 3)] step: usize,
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
