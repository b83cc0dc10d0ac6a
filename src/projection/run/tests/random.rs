//! Whatever happens to a run, and whatever it is called: its messages are within Slack's limits, and what was told of
//! the past stays.

use proptest::prelude::{Strategy, any, prop, prop_assert, prop_oneof, proptest};

use super::draw;
use crate::{
    domain::{
        answer::{Answer, Part},
        approval::Verdict,
        command::parse,
        fact::Fact,
        failure::{Class, Failure},
        lake::{Lake, Standing},
        rollback::{Rollback, RolledBack},
        run::Trigger,
        stage::{Detail, StageId, WaitOn},
    },
    projection::{
        answer::answer,
        testing::{
            WORDS,
            limits::check,
            story::{Story, order, source, told},
        },
        text::Locale,
    },
};

/// Something that may happen; what cannot happen as the run is, does not.
#[derive(Clone, Debug)]
enum Op {
    Begin,
    Wait(String),
    Progress(Detail),
    Finish(Detail, Vec<String>),
    Fail(String, String),
    Ask,
    Vote(Verdict),
    Expire,
    Cancel(String),
    Canceled,
    Retry(String, Option<StageId>),
    Acknowledge(String),
    Overtaken,
    BringBack(String),
    RollBack(String),
}

fn text(max: usize) -> impl Strategy<Value = String> {
    prop_oneof![
        prop::string::string_regex(&format!("[a-zA-Z&<>日本𝄞`*_~|:@!\\n ]{{1,{max}}}")).unwrap(),
        "[&<>]{1,20}".prop_map(move |it| it.repeat(max / 20)),
        proptest::sample::select(vec!["<!channel>".to_owned(), "<@UANA>".into(), "&amp;".into(), "UANA".into()]),
    ]
}

fn detail() -> impl Strategy<Value = Detail> {
    (text(40), any::<u8>(), any::<f64>(), any::<u64>(), any::<u64>()).prop_map(
        |(state, percent, size, tables, bytes)| Detail {
            inspection: None,
            state: Some(state),
            percent: Some(percent),
            gigabytes: Some(size),
            tables: Some(tables),
            exported_tables: Some(tables / 3),
            switched_tables: Some(tables / 4),
            skipped_tables: Some(tables / 2),
            objects: Some(bytes),
            of_objects: (tables > bytes).then_some(tables),
            per_second: Some(tables),
            expected_end: jiff::Timestamp::from_second(i64::from(percent)).ok(),
            bytes: Some(bytes),
            rows: Some(bytes),
            row_counts: None,
            removed: Some(tables),
            job_run_id: Some("jr".into()),
            dpu_seconds: Some(size),
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    let stage = proptest::option::of(proptest::sample::select(StageId::ALL.to_vec()));
    prop_oneof![
        1 => proptest::strategy::Just(Op::Begin),
        1 => text(4000).prop_map(Op::Wait),
        1 => detail().prop_map(Op::Progress),
        8 => (detail(), prop::collection::vec(text(600), 0..9)).prop_map(|(detail, it)| Op::Finish(detail, it)),
        2 => (text(100), text(4000)).prop_map(|(code, message)| Op::Fail(code, message)),
        3 => proptest::strategy::Just(Op::Ask),
        3 => proptest::sample::select(vec![Verdict::Approve, Verdict::Deny]).prop_map(Op::Vote),
        1 => proptest::strategy::Just(Op::Expire),
        1 => text(30).prop_map(Op::Cancel),
        1 => proptest::strategy::Just(Op::Canceled),
        3 => (text(30), stage).prop_map(|(by, from)| Op::Retry(by, from)),
        2 => text(30).prop_map(Op::Acknowledge),
        1 => proptest::strategy::Just(Op::Overtaken),
        2 => text(400).prop_map(Op::BringBack),
        1 => text(400).prop_map(Op::RollBack),
    ]
}

fn bring_back(story: Story, reason: String) -> Story {
    let (from, at) = (story.run.run_id.with_attempt(9), story.now);
    let rollback = Rollback { from, by: "UZOE".into(), at, reason: Some(reason) };
    story.maybe(1, &Fact::BroughtBack { rollback })
}

fn roll_back(story: Story, reason: String) -> Story {
    let (to, at) = (story.run.run_id.with_attempt(9), story.now);
    let mark = RolledBack { to, by: "UZOE".into(), at, reason: Some(reason) };
    story.maybe(1, &Fact::RolledBack { mark })
}

fn play(story: Story, op: Op) -> Story {
    let Some(stage) = story.run.open_stage().map(|it| it.id).filter(|_| !story.run.status.is_over()) else {
        return match op {
            Op::Retry(by, from) => story.retry(&by, from),
            Op::Acknowledge(by) => story.maybe(1, &Fact::Acknowledged { by }),
            Op::BringBack(reason) => bring_back(story, reason),
            Op::RollBack(reason) => roll_back(story, reason),
            Op::Overtaken => {
                let by = story.run.run_id.with_attempt(9);
                story.maybe(1, &Fact::Overtaken { by })
            }
            Op::Begin
            | Op::Wait(_)
            | Op::Progress(_)
            | Op::Finish(..)
            | Op::Fail(..)
            | Op::Ask
            | Op::Vote(_)
            | Op::Expire
            | Op::Cancel(_)
            | Op::Canceled => story,
        };
    };
    let pending = story.run.status == crate::domain::run::RunStatus::WaitingApproval;
    match op {
        Op::Begin => story.begin(),
        Op::Wait(message) => story.wait(WaitOn::Trouble(Failure::new(Class::Transient, "x", message))),
        Op::Progress(detail) => story.maybe(1, &Fact::Progressed { stage, detail }),
        Op::Finish(detail, warnings) if stage != StageId::SensitiveApproval => {
            let warnings = warnings.into_iter().map(Into::into).collect();
            story.begin().maybe(1, &Fact::Finished { stage, detail, warnings })
        }
        Op::Fail(code, message) if !pending => story.fail(&code, &message),
        Op::Ask if stage == StageId::SensitiveApproval && !pending => story.begin().ask(),
        Op::Vote(verdict) if pending && story.run.approval.as_ref().is_some_and(|it| it.votes.is_empty()) => {
            story.vote("UZOE", verdict)
        }
        Op::Expire if pending => story.expire(),
        Op::Cancel(by) => story.cancel(&by),
        Op::Canceled => story.maybe(1, &Fact::Canceled),
        Op::Finish(..)
        | Op::Fail(..)
        | Op::Ask
        | Op::Vote(_)
        | Op::Expire
        | Op::Retry(..)
        | Op::Acknowledge(_)
        | Op::Overtaken
        | Op::BringBack(_)
        | Op::RollBack(_) => story,
    }
}

/// Keys of what happened before the present state of the run.
fn past(story: &Story) -> Vec<String> {
    let past = ["retry:", "alert:", "approval:"];
    let keys = draw(story, Locale::En).into_iter().map(|it| it.key.0);
    keys.filter(|key| past.iter().any(|it| key.starts_with(it))).collect()
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 48, ..Default::default() })]

    #[test]
    fn whatever_happens_is_told_within_the_limits(
        name in text(60), by in proptest::option::of(text(60)), only in prop::collection::vec(text(80), 0..200),
        reason in proptest::option::of(text(3000)), known in any::<bool>(), ops in prop::collection::vec(op(), 0..25),
    ) {
        let mut request = order(Trigger::Cli, by.as_deref());
        (request.only, request.reason) = (only, reason);
        let mut story = told(source(&name), &request);
        if known {
            story = super::known(story);
        }
        let mut before = Vec::new();
        for op in ops {
            story = play(story, op);
            let after = past(&story);
            prop_assert!(before.iter().all(|it| after.contains(it)), "{:?} of {:?}", after, before);
            before = after;
        }
        for locale in Locale::ALL {
            draw(&story, locale);
            let details = Answer::Details(Box::new(story.run.clone()), None);
            let standing = Standing {
                source: story.source.clone(),
                runs: vec![story.run.clone(); 20],
                last_success: Some(story.run.clone()),
            };
            let (lake, at) = (Lake(vec![standing.clone(); 60]), story.now);
            let overview = Answer::Overview { lake, unmanaged: vec![], may_operate: true, at };
            let source = Answer::Source { standing: Box::new(standing.clone()), unmanaged: vec![], at };
            let part = |text| (parse(text).unwrap(), true);
            let (of, more) = part("sources");
            let sources = Answer::Sources { standings: Part { entries: vec![standing; 15], of, more }, at };
            let (of, more) = part("list --limit 50");
            let runs = Answer::Runs(Part { entries: vec![story.run.clone(); 50], of, more });
            for it in [details, overview, runs, source, sources] {
                check(&answer(&WORDS, locale, &it));
            }
        }
    }
}
