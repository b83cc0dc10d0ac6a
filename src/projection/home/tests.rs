use std::collections::BTreeSet;

use proptest::prelude::{any, proptest};
use rstest::rstest;

use super::*;
use crate::{
    domain::{
        access::{Access, Lists},
        failure::codes,
        history::Usual,
        lake::Standing,
        run::RunStatus,
        source::Source,
        stage::{Detail, StageId},
    },
    projection::testing::{
        WORDS,
        limits::check_view,
        reader::read_view,
        story::{Story, begun, order, source, told},
    },
};

fn now() -> Timestamp {
    "2026-11-22T12:20:00Z".parse().unwrap()
}

fn standing(source: Source, runs: Vec<Run>) -> Standing {
    let last_success = runs.iter().find(|it| it.status == RunStatus::Succeeded).cloned();
    Standing { source, runs, last_success }
}

fn of(name: &str) -> Story {
    told(source(name), &order(crate::domain::run::Trigger::Slack, Some("UANA")))
}

/// A lake in which something of everything goes on.
fn lake() -> Lake {
    let done = of("shop").end().run;
    let usual = Usual::of([&done]);
    let slow = Run {
        usual: usual.clone(),
        ..of("shop").until(StageId::SensitiveCatalog).finish(44, Detail::default(), &[]).run
    };
    let exporting = Detail { percent: Some(47), ..Detail::default() };
    let exporting = Run { usual, ..of("shop").until(StageId::Export).begin().progress(4, exporting).run };
    let asked = of("crm").until(StageId::SensitiveApproval).ask().run;
    let failed = of("billing").until(StageId::NormalTransform).fail(codes::JOB_FAILED, "Executor lost on <node 3>").run;
    let overdue = Source { expect_every: Some(std::time::Duration::from_hours(3)), ..source("legacy") };
    Lake(vec![
        standing(source("shop"), vec![exporting, slow]),
        standing(source("crm"), vec![asked]),
        standing(source("billing"), vec![failed]),
        standing(overdue, vec![of("legacy").end().run]),
    ])
}

fn rights(user: &str, membership: Membership, groups: &[&str]) -> Rights {
    let general = Lists { viewers: vec![Who::AnyMember], operators: vec![Who::Group("S0DATAOPS01".into())] };
    let access = Access { general, ..Access::default() };
    let groups: BTreeSet<String> = groups.iter().map(|it| (*it).to_owned()).collect();
    let person = Person { user: user.into(), membership, groups };
    Rights::of(person, None, &access, &[source("shop"), source("crm")])
}

fn operator() -> Rights {
    rights("UANA", Membership::Member, &["S0DATAOPS01"])
}

fn approver() -> Rights {
    rights("UMINA", Membership::Member, &["S0PRIVACY01"])
}

fn draw(lake: &Lake, rights: &Rights, locale: Locale) -> Drawn {
    let ask = Asked { view: vec!["*".into()], operate: vec!["S0DATAOPS01".into()] };
    let drawn = Home { lake, rights, ask: &ask }.draw(&WORDS, locale, now());
    check_view(&drawn.view);
    drawn
}

fn read(lake: &Lake, rights: &Rights, locale: Locale) -> String {
    read_view(&draw(lake, rights, locale).view)
}

fn busy() -> Lake {
    let exporting = || Detail { percent: Some(47), ..Detail::default() };
    let name = |at: usize| format!("warehouse-of-region-{at:02}");
    let running = |at| of(&name(at)).until(StageId::Export).begin().progress(4, exporting()).run;
    let failed =
        |at| of(&name(at)).until(StageId::Latest).fail("AccessDenied", &"not authorized & <so on> ".repeat(200)).run;
    let asked = |at| of(&name(at)).until(StageId::SensitiveApproval).ask().run;
    Lake(
        (0..40)
            .map(|at| {
                let runs = match at {
                    0..30 => vec![running(at), of(&name(at)).end().run],
                    30..35 => vec![asked(at)],
                    _ => vec![failed(at)],
                };
                standing(source(&name(at)), runs)
            })
            .collect(),
    )
}

fn untouched() -> Lake {
    Lake(vec![standing(source("shop"), vec![])])
}

#[rstest]
fn homes_read_well(#[values(Locale::En, Locale::Ja)] locale: Locale) {
    let guest = rights("UGUS", Membership::Guest, &[]);
    let viewer = rights("UOLGA", Membership::Member, &[]);
    let mut secluded = approver();
    secluded.views = Reach::Nothing;
    let all = [
        ("operator", lake(), operator()),
        ("viewer", lake(), viewer.clone()),
        ("approver", lake(), approver()),
        ("approver who may not view", lake(), secluded),
        ("guest", lake(), guest),
        ("untouched, operator", untouched(), operator()),
        ("untouched, viewer", untouched(), viewer),
        ("quiet", Lake(vec![standing(source("shop"), vec![begun().end().run])]), operator()),
        ("busy", busy(), operator()),
    ];
    let text = all.map(|(name, lake, rights)| format!("══ {name}\n{}\n", read(&lake, &rights, locale)));
    insta::with_settings!({ snapshot_suffix => locale.as_str(), omit_expression => true }, {
        insta::assert_snapshot!("homes", text.join("\n"));
    });
}

#[test]
fn only_who_may_sees_buttons_that_change_something() {
    let viewer = read(&lake(), &rights("UOLGA", Membership::Member, &[]), Locale::En);
    for action in ["run.cancel", "run.retry", "approval."] {
        assert!(!viewer.contains(action), "{action}: {viewer}");
    }
    let operator = read(&lake(), &operator(), Locale::En);
    assert!(operator.contains("run.cancel") && operator.contains("run.retry"), "{operator}");
    assert!(!operator.contains("approval."), "it is the operator's own run: {operator}");
    let guest = read(&lake(), &rights("UGUS", Membership::Guest, &["S0DATAOPS01"]), Locale::En);
    assert!(!guest.contains("shop") && !guest.contains("run."), "{guest}");
}

#[test]
fn a_source_that_the_reader_may_not_see_is_not_on_their_home() {
    let some = Reach::Sources(vec!["shop".to_owned(), "crm".to_owned()]);
    let rights = Rights { views: some, operates: Reach::Sources(vec!["crm".to_owned()]), ..operator() };
    let home = read(&lake(), &rights, Locale::En);
    assert!(home.contains("shop") && home.contains("crm"), "{home}");
    assert!(!home.contains("billing") && !home.contains("legacy"), "{home}");
    let changes: Vec<&str> = home.lines().filter(|it| it.contains("run.cancel") || it.contains("run.retry")).collect();
    assert!(!changes.is_empty() && changes.iter().all(|it| it.contains("=crm-")), "{changes:?}");
}

#[test]
fn what_would_look_the_same_has_the_same_digest() {
    let (one, rights) = (lake(), operator());
    let digest = |lake: &Lake| draw(lake, &rights, Locale::En).digest;
    let with = |percent| {
        let mut lake = one.clone();
        lake.0[0].runs[0].stages[1].detail.percent = Some(percent);
        lake
    };
    assert_eq!(digest(&with(41)), digest(&with(49)), "a percent more is not worth a call");
    assert_ne!(digest(&with(49)), digest(&with(51)));
    assert_ne!(digest(&one), digest(&untouched()));
    let ask = Asked::default();
    let at = |minutes| {
        let now = now() + SignedDuration::from_mins(minutes);
        Home { lake: &one, rights: &rights, ask: &ask }.draw(&WORDS, Locale::En, now).digest
    };
    assert_eq!(at(0), at(30));
    assert_ne!(at(0), at(60), "the data is an hour older");
}

#[test]
fn whose_home_changes_is_told_by_the_outline() {
    let of = |lake: &Lake| outline(&WORDS, lake, now());
    let asked = lake();
    let mut voted = asked.clone();
    let story = self::of("crm").until(StageId::SensitiveApproval).ask();
    voted.0[1].runs = vec![story.vote("UBEN", crate::domain::approval::Verdict::Approve).run];
    assert_ne!(of(&asked), of(&voted));
    assert_eq!(of(&asked), of(&asked.clone()));
    assert_ne!(of(&asked), of(&untouched()));
}

proptest! {
    #[test]
    fn slack_takes_every_home(
        names in proptest::collection::btree_set("[a-z][a-z-]{0,38}", 1..60), said in any::<String>(), times in 1..400_usize,
        people in proptest::collection::vec(any::<String>(), 0..100),
    ) {
        let standings = names.iter().enumerate().map(|(at, name)| {
            let run = match at % 3 {
                0 => of(name).until(StageId::Latest).fail(&said, &said.repeat(times)).run,
                1 => of(name).until(StageId::SensitiveApproval).ask().run,
                _ => of(name).until(StageId::Export).begin().run,
            };
            standing(source(name), vec![run])
        });
        let lake = Lake(standings.collect());
        let sources: Vec<Source> = lake.0.iter().map(|it| it.source.clone()).collect();
        let general = Lists { viewers: vec![], operators: vec![Who::AnyMember] };
        let access = Access { general, ..Access::default() };
        let ask = Asked { view: people.clone(), operate: people };
        for rights in [operator(), approver(), rights("UGUS", Membership::Guest, &[])] {
            let rights = Rights::of(rights.person, None, &access, &sources);
            for locale in Locale::ALL {
                check_view(&Home { lake: &lake, rights: &rights, ask: &ask }.draw(&WORDS, locale, now()).view);
            }
        }
    }
}
