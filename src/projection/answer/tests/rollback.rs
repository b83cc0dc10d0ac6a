//! What a rollback would do, and why none is made.

use rstest::rstest;

use super::{read_all, run};
use crate::{
    domain::{
        answer::{Answer, Outcome},
        fact::Fact,
        forecast::Loss,
        name::ExportTask,
        rollback::{Point, Preview, RollbackRefusal, RolledBack},
        source::Layer,
        stage::StageId,
    },
    projection::{testing::story::begun, text::Locale},
};

fn newer() -> ExportTask {
    "shop-202611230300-0a09292e-a1".parse().unwrap()
}

fn preview(layers: &[Layer], reason: Option<&str>) -> Outcome {
    let point = |run, time: &str| Point { run, snapshot_time: time.parse().unwrap() };
    Outcome::RollbackPreviewed(Box::new(Preview {
        id: "v0=4f2a".into(),
        source: "shop".into(),
        from: point(newer(), "2026-11-23T03:00:00Z"),
        to: point(run(), "2026-11-22T03:00:00Z"),
        layers: layers.to_vec(),
        loss: reason.map(|_| Loss {
            tables: vec!["shop/shop.orders".into(), "shop/shop.users".into()],
            more: 3,
            objects: 9,
        }),
        reason: reason.map(str::to_owned),
    }))
}

fn refusals() -> Vec<RollbackRefusal> {
    vec![
        RollbackRefusal::NothingPublished,
        RollbackRefusal::ManifestUnreadable,
        RollbackRefusal::NotOurs { export_task: "by-hand <x>".into() },
        RollbackRefusal::NoOlder,
        RollbackRefusal::Busy { run: newer() },
        RollbackRefusal::RollingBack { run: run() },
        RollbackRefusal::NotGood { run: run() },
        RollbackRefusal::OtherSource { run: run() },
        RollbackRefusal::IsPublished { run: newer() },
        RollbackRefusal::NotOlder { run: newer() },
        RollbackRefusal::RolledBackFrom { run: newer() },
        RollbackRefusal::Removed { run: run() },
        RollbackRefusal::Changed,
    ]
}

fn removed(facts: &[Fact]) -> Answer {
    let story = facts.iter().fold(begun().end(), |story, fact| story.then(4000, fact));
    Answer::Details(Box::new(story.run), None)
}

/// Retries, one of what somebody has rolled back from.
pub(super) fn retries() -> Vec<Outcome> {
    let (run, stages) = (run(), StageId::ALL[..4].to_vec());
    let (kept, redone) = (stages[..3].to_vec(), vec![StageId::Latest, StageId::NormalTransform]);
    vec![
        Outcome::Retrying {
            run: run.clone(),
            from: StageId::Latest,
            kept,
            redone,
            gone: None,
            overwritten: None,
            undoes: None,
        },
        Outcome::Retrying {
            run: run.clone(),
            from: StageId::Snapshot,
            kept: vec![],
            redone: stages,
            gone: Some(StageId::Verify),
            overwritten: Some("shop-202611210300-0a09292e-a1".to_owned()),
            undoes: Some(Box::new(RolledBack {
                to: run.with_attempt(4),
                by: "UZOE".into(),
                at: "2026-11-22T04:10:00Z".parse().unwrap(),
                reason: Some("half the rows of <lessons> are missing".into()),
            })),
        },
    ]
}

#[rstest]
fn answers_about_rollbacks_read_well(#[values(Locale::En, Locale::Ja)] locale: Locale) {
    let both = [Layer::Normal, Layer::Sensitive];
    let begun = |layers: &[Layer]| Outcome::RollingBack {
        source: "shop".into(),
        from: newer(),
        to: run(),
        layers: layers.to_vec(),
    };
    let outcomes = [
        preview(&both, Some("half the rows of <lessons> are missing")),
        preview(&both[..1], None),
        begun(&both),
        begun(&both[..1]),
        Outcome::UnknownPreview,
    ];
    let refused = refusals().into_iter().map(|why| Outcome::NotRolledBack { source: "shop".into(), why });
    let mut answers: Vec<Answer> = outcomes.into_iter().chain(refused).map(Answer::Outcome).collect();
    answers.push(removed(&[Fact::RemovalBegan]));
    answers.push(removed(&[Fact::RemovalBegan, Fact::RemovalEnded { objects: 12, bytes: 4096 }]));
    insta::with_settings!({ snapshot_suffix => locale.as_str(), omit_expression => true }, {
        insta::assert_snapshot!("rollback", read_all(&answers, locale));
    });
}
