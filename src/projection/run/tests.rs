use std::collections::BTreeSet;

use rstest::rstest;

use super::*;
use crate::{
    domain::{
        approval::Verdict,
        fact::Fact,
        failure::{Class, Failure, codes},
        history::{Span, Usual},
        run::Trigger,
        source::Layer,
        stage::{Detail, Intent, StageId, WaitOn},
        standing::Shown,
    },
    projection::testing::{
        WORDS,
        limits::check,
        reader::{read, read_all},
        story::{Story, begun, order, source, told},
    },
};

mod doubts;
mod random;
mod rollbacks;

fn draw(story: &Story, locale: Locale) -> Vec<Wanted> {
    let view = View { words: &WORDS, locale, channel: "C0DATALAKE1", alerts_channel: "C0ALERTS0001", names_in: &[] };
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

/// Runs of the source usually take from 42 to 71 minutes.
fn known(story: Story) -> Story {
    let span = |minutes: i64| Span { low: minutes * 45, usual: minutes * 60, high: minutes * 75 };
    let minutes = [2, 40, 1, 7, 12, 3, 0, 9, 3];
    let stages = StageId::ALL.into_iter().zip(minutes.map(span)).collect();
    let whole = Span { low: 42 * 60, usual: 57 * 60, high: 71 * 60 };
    let run = Run { usual: Some(Usual { runs: 8, whole, stages }), ..story.run };
    Story { run, ..story }
}

fn exporting_tables() -> Story {
    let running = exporting();
    let detail = running.run.stage(StageId::Export).detail.clone();
    running.progress(1, Detail { tables: Some(52), exported_tables: Some(17), ..detail })
}

fn with_reason(story: Story) -> Story {
    let reason = "Backfill for <the> audit & Zoë, see *ticket* 4711; token=abc".to_owned();
    Story { run: Run { reason: Some(reason), ..story.run }, ..story }
}

fn acknowledged(story: Story) -> Story {
    story.then(4, &Fact::Acknowledged { by: "UZOE".into() })
}

fn overtaken(story: Story) -> Story {
    story.then(60, &Fact::Overtaken { by: "shop-202611230300-0a09292e-a1".parse().unwrap() })
}

/// What the catalogs show is known of the normal layer with its tables, of the sensitive one without.
fn with_catalogs(story: Story) -> Story {
    let taken = "2026-11-21T03:00:00Z".parse().unwrap();
    let shown = [(Layer::Normal, Some(52)), (Layer::Sensitive, None)];
    let shown = shown.map(|(layer, tables)| Shown { layer, taken, tables }).to_vec();
    story.then(0, &Fact::CatalogsSeen { shown })
}

fn roots() -> Vec<(&'static str, Story)> {
    let asked = || begun().until(StageId::SensitiveApproval).ask();
    let copying = Detail {
        objects: Some(640),
        of_objects: Some(1840),
        per_second: Some(41),
        expected_end: Some("2026-11-22T04:26:12Z".parse().unwrap()),
        bytes: Some(34_100_000_000),
        ..Detail::default()
    };
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
        ("exporting tables", exporting_tables()),
        ("expected to end", with_reason(known(exporting()))),
        ("somebody is on it", acknowledged(begun().until(StageId::Export).fail(codes::EXPORT_FAILED, ASSUME))),
        ("made up for", overtaken(begun().until(StageId::Export).fail(codes::EXPORT_FAILED, ASSUME))),
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
        ("known what is stale", with_catalogs(begun().until(StageId::Latest).fail("NoSuchBucket", "gone"))),
        ("of some tables", of_tables(37).until(StageId::Latest).fail("NoSuchBucket", "gone")),
        ("somebody is on it", acknowledged(failed())),
        ("the same three times", thrice()),
        (
            "the same again, somebody was on it",
            acknowledged(failed()).retry("UZOE", None).fail(codes::CRAWL_FAILED, ""),
        ),
        ("another cause", failed().retry("UZOE", None).fail("AccessDenied", "glue:StartCrawler")),
        ("made up for", overtaken(failed())),
        ("tried again by the bot, then by people", begun().until(StageId::Export).stumble().stumble().stumble()),
    ]
}

fn of_tables(count: usize) -> Story {
    let mut order = order(Trigger::Slack, Some("UANA"));
    order.only = (1..=count).map(|it| format!("learning.table_{it}")).collect();
    told(source("shop"), &order)
}

/// The crawl fails three times in the same way.
fn thrice() -> Story {
    let again = |story: Story| story.retry("UZOE", None).fail(codes::CRAWL_FAILED, "Access Denied again");
    again(again(begun().until(StageId::NormalCatalog).fail(codes::CRAWL_FAILED, "Access Denied (Service: S3)")))
}

#[rstest]
fn messages_of_runs_read_well(#[values(Locale::En, Locale::Ja)] locale: Locale) {
    insta::with_settings!({ snapshot_suffix => locale.as_str(), omit_expression => true }, {
        insta::assert_snapshot!("roots", drawn(&roots(), locale, "root"));
        insta::assert_snapshot!("waits", waiting_lines(locale));
        insta::assert_snapshot!("approvals", drawn(&approvals(), locale, "approval:"));
        insta::assert_snapshot!("doubts", drawn(&doubts::doubts(), locale, ""));
        insta::assert_snapshot!("alerts", drawn(&failures(), locale, "alert:"));
        insta::assert_snapshot!("thread", read_all(&draw(&eventful(), locale)));
        insta::assert_snapshot!("ends", drawn(&ends(), locale, "end:"));
        insta::assert_snapshot!("stumbles", read_all(&draw(&begun().until(StageId::Export).stumble(), locale)));
    });
}

fn ends() -> Vec<(&'static str, Story)> {
    vec![
        ("succeeded, nothing known", begun().end()),
        ("succeeded, beside what is usual", known(begun()).end()),
        ("failed, beside what is usual", known(begun()).until(StageId::Latest).fail("NoSuchBucket", "gone")),
        ("canceled", exporting().cancel("UBEN").then(2, &Fact::Canceled)),
    ]
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
fn the_same_failure_again_is_told_in_the_first_alert_and_another_cause_in_its_own() {
    let keys = |story: &Story| -> Vec<String> {
        draw(story, Locale::En).into_iter().map(|it| it.key.0).filter(|it| it.starts_with("alert:")).collect()
    };
    assert_eq!(keys(&thrice()), ["alert:normal.catalog:1"]);
    let other = thrice().retry("UANA", None).fail("AccessDenied", "glue:StartCrawler");
    assert_eq!(keys(&other), ["alert:normal.catalog:1", "alert:normal.catalog:4"]);
    let back = other.retry("UANA", None).fail(codes::CRAWL_FAILED, "Access Denied (Service: S3)");
    assert_eq!(keys(&back), ["alert:normal.catalog:1", "alert:normal.catalog:4", "alert:normal.catalog:5"]);
    let solved = back.retry("UANA", None).end();
    let alerts = draw(&solved, Locale::En).into_iter().filter(|it| it.key.0.starts_with("alert:"));
    assert!(alerts.map(|it| it.message).all(|it| it.text.contains("Solved") && !it.asks()));
}

#[test]
fn a_run_that_was_recorded_before_reads_and_is_drawn() {
    for (name, story) in roots().into_iter().chain(failures()) {
        let mut record = serde_json::to_value(&story.run).unwrap();
        let old = record.as_object_mut().unwrap();
        ["usual", "reason", "overtaken"].iter().for_each(|it| drop(old.remove(*it)));
        for note in old.get_mut("failures").and_then(|it| it.as_array_mut()).into_iter().flatten() {
            ["acknowledged", "shown"].iter().for_each(|it| drop(note.as_object_mut().unwrap().remove(*it)));
        }
        let run = serde_json::from_value(record).unwrap();
        assert!(!draw(&Story { run, ..story }, Locale::Ja).is_empty(), "{name}");
    }
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
        let all =
            [buttons::CANCEL, buttons::RETRY, buttons::ACKNOWLEDGE, buttons::DETAILS, buttons::APPROVE, buttons::DENY];
        all.into_iter().filter(|it| json.contains(&format!("\"action_id\":\"{it}\""))).collect()
    };
    let (retry, cancel) = (["run.retry", "run.details"], ["run.cancel", "run.details"]);
    for (name, story) in roots() {
        let expected = match name {
            "recorded" | "queued" | "exporting" | "exporting tables" | "copying" | "approval" | "retried" => {
                &cancel[..]
            }
            "expected to end" => &cancel[..],
            "canceled" | "denied" | "expired" | "failed" | "somebody is on it" => &retry[..],
            _ => &["run.details"],
        };
        assert_eq!(buttons(&story, "root"), expected, "{name}");
    }
    for (at, (name, story)) in approvals().into_iter().enumerate() {
        let expected: &[&str] = if at < 2 { &["approval.approve", "approval.deny"] } else { &[] };
        assert_eq!(buttons(&story, "approval:"), expected, "{name}");
    }
    for (name, story) in failures() {
        let expected: &[&str] = match name {
            "somebody is on it" => &retry,
            "retried" | "retried, then canceled" | "twice, then solved" | "another cause" | "made up for" => &[],
            _ => &["run.retry", "run.acknowledge", "run.details"],
        };
        assert_eq!(buttons(&story, "alert:"), expected, "{name}");
    }
}
