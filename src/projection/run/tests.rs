use std::collections::BTreeSet;

use rstest::rstest;

use super::*;
use crate::{
    domain::{
        approval::Verdict,
        fact::Fact,
        failure::{Class, Failure, codes},
        run::Trigger,
        stage::{Detail, Intent, StageId, WaitOn},
    },
    projection::testing::{
        WORDS,
        limits::check,
        reader::{read, read_all},
        story::{Story, begun, order, source, told},
    },
};

mod random;

fn draw(story: &Story, locale: Locale) -> Vec<Wanted> {
    let view = View { words: &WORDS, locale, channel: "C0DATALAKE1", alerts_channel: "C0ALERTS0001" };
    let wanted = wanted(&story.run, Some(&story.source), &view);
    let keys: BTreeSet<_> = wanted.iter().map(|it| &it.key).collect();
    assert_eq!(keys.len(), wanted.len(), "a key twice");
    wanted.iter().for_each(|it| check(&it.message));
    wanted
}

/// Returns the messages of several runs whose key begins with `start`, each under the name of its story.
fn drawn(stories: &[(&str, Story)], locale: Locale, start: &str) -> String {
    let part = |(name, story): &(&str, Story)| {
        let messages = draw(story, locale);
        let those: Vec<String> =
            messages.iter().filter(|it| it.key.0.starts_with(start)).map(|it| read(&it.message)).collect();
        format!("── {name}\n{}\n", those.join("\n"))
    };
    stories.iter().map(part).collect::<Vec<_>>().join("\n")
}

const ASSUME: &str = "The RDS export failed to assume the IAM role arn:aws:iam::123456789012:role/lake-export.";

fn exporting() -> Story {
    let intent = Intent { owner: "replica".into(), until: begun().now, marker: None, handle: None };
    let detail =
        Detail { state: Some("IN_PROGRESS".into()), percent: Some(45), gigabytes: Some(118.0), ..Detail::default() };
    begun()
        .until(StageId::Export)
        .begin()
        .then(0, &Fact::Intended { stage: StageId::Export, intent })
        .progress(31, detail)
}

/// Fails, is retried, fails again, is retried, succeeds.
fn eventful() -> Story {
    begun()
        .until(StageId::Export)
        .fail(codes::EXPORT_FAILED, ASSUME)
        .retry("UZOE", None)
        .until(StageId::NormalTransform)
        .fail(codes::JOB_FAILED, "ValueError: cannot parse 'ana@example.com' as a <number> & stop")
        .retry("UANA", None)
        .end()
}

fn roots() -> Vec<(&'static str, Story)> {
    let asked = || begun().until(StageId::SensitiveApproval).ask();
    let copying = Detail { objects: Some(640), bytes: Some(34_100_000_000), ..Detail::default() };
    vec![
        ("recorded", begun()),
        ("queued", begun().wait(WaitOn::Turn { holder: "shop-202611210300-0a09292e-a1".into() })),
        ("exporting", exporting()),
        ("canceling", exporting().cancel("UBEN")),
        ("canceled", exporting().cancel("UBEN").then(2, &Fact::Canceled)),
        ("copying", begun().until(StageId::Latest).begin().progress(3, copying)),
        ("approval", asked()),
        ("denied", asked().vote("UBEN", Verdict::Deny)),
        ("expired", asked().expire()),
        ("failed", begun().until(StageId::Export).fail(codes::EXPORT_FAILED, ASSUME)),
        ("retried", begun().until(StageId::Verify).fail(codes::STATUS_FILES_UNREADABLE, "x").retry("ops", None)),
        ("succeeded", begun().end()),
        ("superseded", told(source("shop"), &order(Trigger::Event, None)).then(1, &Fact::Superseded)),
        ("warned", warned()),
    ]
}

fn warned() -> Story {
    let mut of_two = source("shop");
    of_two.sensitive = None;
    let mut order = order(Trigger::Cli, Some("ops"));
    order.only = vec!["learning.users".into(), "learning.lessons".into()];
    let skipped = Detail { tables: Some(1), skipped_tables: Some(1), ..Detail::default() };
    told(of_two, &order)
        .until(StageId::Verify)
        .finish(1, skipped, &["learning.lessons: PERMISSIONS_DO_NOT_EXIST", "batch <2> & more"])
        .until(StageId::NormalCatalog)
        .finish(2, Detail::default(), &[])
}

fn waits() -> Vec<(&'static str, Story)> {
    let at = |stage| begun().until(stage).begin();
    let limit = || "You have reached the limit of 5 export tasks.".to_owned();
    let throttled = Failure::new(Class::Transient, "ThrottlingException", "Rate exceeded");
    vec![
        ("turn", begun().wait(WaitOn::Turn { holder: "shop-202611210300-0a09292e-a1".into() })),
        ("snapshot", begun().wait(WaitOn::SnapshotReady)),
        ("export slot", at(StageId::Export).wait(WaitOn::ExportSlot { message: limit(), before: 0 })),
        ("export slot, one before", at(StageId::Export).wait(WaitOn::ExportSlot { message: limit(), before: 1 })),
        ("export slot, two before", at(StageId::Export).wait(WaitOn::ExportSlot { message: limit(), before: 2 })),
        ("job slot", at(StageId::NormalTransform).wait(WaitOn::JobSlot { message: "Concurrent runs exceeded".into() })),
        ("crawler", at(StageId::NormalCatalog).wait(WaitOn::CrawlerFree)),
        ("status files", at(StageId::Verify).wait(WaitOn::StatusFiles)),
        ("trouble", at(StageId::Export).wait(WaitOn::Trouble(throttled))),
    ]
}

fn approvals() -> Vec<(&'static str, Story)> {
    let asked = || begun().until(StageId::SensitiveApproval).ask();
    vec![
        ("open", asked()),
        ("one vote", asked().vote("UCAT", Verdict::Approve)),
        ("approved", begun().until(StageId::SensitiveTransform)),
        ("denied", asked().vote("UBEN", Verdict::Deny)),
        ("expired", asked().expire()),
        ("canceled", asked().cancel("UBEN")),
        ("set aside", asked().cancel("UBEN").then(1, &Fact::Canceled).retry("UDAN", None)),
        ("denied, asked again", asked().vote("UBEN", Verdict::Deny).retry("UANA", None).ask()),
    ]
}

fn failures() -> Vec<(&'static str, Story)> {
    let failed = || begun().until(StageId::NormalCatalog).fail(codes::CRAWL_FAILED, "Access Denied (Service: S3)");
    vec![
        ("present", failed()),
        ("retried", failed().retry("UZOE", None)),
        ("retried, then canceled", failed().retry("UZOE", None).cancel("UBEN").then(1, &Fact::Canceled)),
        ("twice, then solved", eventful()),
        ("in the sensitive layer", begun().until(StageId::SensitiveTransform).fail("JobNotFound", "")),
    ]
}

#[rstest]
fn messages_of_runs_read_well(#[values(Locale::En, Locale::Ja)] locale: Locale) {
    insta::with_settings!({ snapshot_suffix => locale.as_str(), omit_expression => true }, {
        insta::assert_snapshot!("roots", drawn(&roots(), locale, "root"));
        insta::assert_snapshot!("waits", waiting_lines(locale));
        insta::assert_snapshot!("approvals", drawn(&approvals(), locale, "approval:"));
        insta::assert_snapshot!("alerts", drawn(&failures(), locale, "alert:"));
        insta::assert_snapshot!("thread", read_all(&draw(&eventful(), locale)));
        insta::assert_snapshot!("stumbles", read_all(&draw(&begun().until(StageId::Export).stumble(), locale)));
    });
}

/// The lines of a root message that say what it waits for.
fn waiting_lines(locale: Locale) -> String {
    let all = drawn(&waits(), locale, "root");
    all.lines()
        .filter(|it| ["──", "*Waiting", "*待機"].iter().any(|start| it.starts_with(start)))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn messages_go_out_like_this() {
    let one = |story: &Story, start: &str| {
        let message = draw(story, Locale::En).into_iter().find(|it| it.key.0.starts_with(start)).unwrap().message;
        serde_json::to_value(message).unwrap()
    };
    let json = serde_json::json!({
        "root": one(&roots()[9].1, "root"),
        "reply": one(&eventful(), "stage:export:1"),
        "approval": one(&approvals()[0].1, "approval:"),
        "alert": one(&failures()[0].1, "alert:"),
    });
    insta::assert_json_snapshot!("json", json);
}

#[test]
fn replies_come_in_the_order_in_which_things_happened() {
    let keys: Vec<String> = draw(&eventful(), Locale::En).into_iter().map(|it| it.key.0).collect();
    let approval = keys.iter().position(|it| it.starts_with("approval:")).unwrap();
    let mut plain = keys.clone();
    plain.remove(approval);
    assert_eq!(
        plain,
        [
            "root",
            "stage:snapshot:1",
            "stage:export:1",
            "alert:export:1",
            "retry:1",
            "stage:export:2",
            "stage:verify:1",
            "stage:latest:1",
            "stage:normal.transform:1",
            "alert:normal.transform:1",
            "retry:2",
            "stage:normal.transform:2",
            "stage:normal.catalog:1",
            "stage:sensitive.approval:1",
            "stage:sensitive.transform:1",
            "stage:sensitive.catalog:1",
            "end:2",
        ]
    );
    assert_eq!(keys[approval - 1], "stage:normal.catalog:1");
}

#[test]
fn people_are_alerted_when_the_bot_has_given_up_by_itself() {
    let twice = begun().until(StageId::Export).stumble().stumble();
    let alerts =
        |story: &Story| draw(story, Locale::En).into_iter().filter(|it| it.key.0.starts_with("alert:")).count();
    assert_eq!((twice.run.attempt, alerts(&twice)), (3, 0));
    assert_eq!(alerts(&twice.stumble()), 1);
}

#[test]
fn each_end_is_told_once() {
    let failed = begun().until(StageId::Verify).fail("x", "");
    let again = failed.clone().retry("UZOE", None).fail("x", "");
    let ends = |story: &Story| -> Vec<String> {
        draw(story, Locale::En).into_iter().map(|it| it.key.0).filter(|it| it.starts_with("end")).collect()
    };
    assert_eq!(ends(&failed), ["end:0"]);
    assert!(ends(&failed.retry("UZOE", None)).is_empty());
    assert_eq!(ends(&again), ["end:1"]);
}

#[test]
fn a_run_that_goes_on_elsewhere_leaves_the_thread_to_its_next_attempt() {
    let failed = begun().until(StageId::Export).fail(codes::EXPORT_FAILED, ASSUME);
    let next = failed.clone().retry("UZOE", None);
    assert_eq!(next.run.attempt, 2);
    let continued = failed.clone().then(0, &Fact::Continued { next: next.run.export_task.clone() });
    assert!(draw(&continued, Locale::En).is_empty());
    let keys = |story: &Story| draw(story, Locale::En).into_iter().map(|it| it.key).collect::<BTreeSet<_>>();
    let mut told = keys(&failed);
    told.remove(&Key("end:0".into()));
    assert!(keys(&next).is_superset(&told));
}

#[test]
fn buttons_are_those_that_do_something() {
    let buttons = |story: &Story, start: &str| -> Vec<&'static str> {
        let message = draw(story, Locale::En).into_iter().find(|it| it.key.0.starts_with(start)).unwrap().message;
        let json = serde_json::to_string(&message).unwrap();
        let all = [buttons::CANCEL, buttons::RETRY, buttons::DETAILS, buttons::APPROVE, buttons::DENY];
        all.into_iter().filter(|it| json.contains(&format!("\"action_id\":\"{it}\""))).collect()
    };
    let (retry, cancel) = (["run.retry", "run.details"], ["run.cancel", "run.details"]);
    for (name, story) in roots() {
        let expected = match name {
            "recorded" | "queued" | "exporting" | "copying" | "approval" | "retried" => &cancel[..],
            "canceled" | "denied" | "expired" | "failed" => &retry[..],
            _ => &["run.details"],
        };
        assert_eq!(buttons(&story, "root"), expected, "{name}");
    }
    for (at, (name, story)) in approvals().into_iter().enumerate() {
        let expected: &[&str] = if at < 2 { &["approval.approve", "approval.deny"] } else { &[] };
        assert_eq!(buttons(&story, "approval:"), expected, "{name}");
    }
    for (at, (name, story)) in failures().into_iter().enumerate() {
        let expected: &[&str] = if at == 0 || at == 4 { &retry } else { &[] };
        assert_eq!(buttons(&story, "alert:"), expected, "{name}");
    }
}
