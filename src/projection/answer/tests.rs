use jiff::Timestamp;
use proptest::prelude::{any, proptest};
use rstest::rstest;

use super::*;
use crate::{
    domain::{
        access::{Access, Lists, Membership, Person, Who},
        answer::{Outcome, Part, Unsent},
        approval::{ApprovalState, Refusal, Subject, Verdict},
        command::{GRAMMAR, parse},
        export::{ActiveExport, Unmanaged},
        failure::codes,
        history::Usual,
        lake::{Lake, Standing},
        report::{RowCounts, Rows},
        retry::RetryRefusal,
        rights::Rights,
        run::Run,
        source::Source,
        stage::Detail,
    },
    projection::testing::{
        WORDS,
        limits::check,
        reader::read,
        story::{begun, source},
    },
};

mod rollback;

fn run() -> ExportTask {
    begun().run.export_task
}

fn unmanaged() -> Vec<Unmanaged> {
    let export = |name: &str, status: &str, percent, started_at: Option<&str>| Unmanaged {
        source: "shop".into(),
        export: ActiveExport {
            name: name.into(),
            source_arn: "arn:aws:rds:ap-northeast-1:123456789012:snapshot:by-hand".into(),
            status: status.into(),
            percent,
            started_at: started_at.map(|it| it.parse().unwrap()),
        },
    };
    vec![
        export("for-the-audit", "IN_PROGRESS", Some(40), Some("2026-11-22T02:10:00Z")),
        export("x`<!channel>", "STARTING", None, None),
    ]
}

fn misreadings() -> Vec<Misread> {
    vec![
        Misread::UnknownCommand { word: "rnu".into(), near: Some("run") },
        Misread::UnknownCommand { word: "<!channel>".into(), near: None },
        Misread::UnknownOption { verb: Verb::Run, word: "snapshoot".into(), near: Some("snapshot") },
        Misread::Unexpected { verb: Verb::Cancel, word: "now".into() },
        Misread::Missing { verb: Verb::Retry, name: "RUN" },
        Misread::Missing { verb: Verb::Run, name: "snapshot" },
        Misread::BadValue { verb: Verb::Retry, name: "from", value: "lastest".into(), near: Some("latest") },
        Misread::BadValue { verb: Verb::Run, name: "layers", value: "x".into(), near: None },
        Misread::BadValue { verb: Verb::List, name: "limit", value: "99".into(), near: None },
    ]
}

fn forbidden(right: Right, why: Bar, source: Option<&str>, ask: &[&str]) -> Forbidden {
    let ask = ask.iter().map(|it| (*it).to_owned()).collect();
    Forbidden { right, why, source: source.map(str::to_owned), ask }
}

fn short_answers() -> Vec<Answer> {
    let whoami = |user: &str, membership, groups: &[&str]| {
        let groups = groups.iter().map(|it| (*it).to_owned()).collect();
        let ops = vec![Who::Group("S0DATAOPS01".into())];
        let shop = Lists { viewers: vec![Who::AnyMember], operators: ops.clone() };
        let crm = Lists { viewers: vec![Who::AnyMember], operators: [ops, vec![Who::User("UELI".into())]].concat() };
        let access = Access { general: shop, sources: [("crm".to_owned(), crm)].into() };
        let person = Person { user: user.into(), membership, groups };
        Answer::Whoami(Box::new(Rights::of(person, None, &access, &[source("shop"), source("crm")])))
    };
    let known = || vec!["shop".to_owned(), "learning".to_owned()];
    let mut all = vec![
        Answer::Accepted { verb: Some(Verb::Run), target: "shop".into() },
        Answer::Accepted { verb: Some(Verb::Retry), target: run().to_string() },
        Answer::Accepted { verb: None, target: run().to_string() },
        Answer::NotRecorded,
        Answer::Unconfirmed,
        Answer::Forbidden(forbidden(Right::Operate, Bar::NoRight, Some("shop"), &["S0DATAOPS01", "UBEN", "C0OPS"])),
        Answer::Forbidden(forbidden(Right::View, Bar::NoRight, None, &[])),
        Answer::Forbidden(forbidden(Right::View, Bar::NotMember, None, &["*"])),
        Answer::Forbidden(forbidden(Right::Operate, Bar::OtherWorkspace, None, &["S0DATAOPS01"])),
        Answer::Unidentified,
        Answer::UnknownSource { name: "shpo".into(), near: Some("shop".into()), known: known() },
        Answer::UnknownSource { name: "x`<y>".into(), near: None, known: vec![] },
        Answer::UnknownRun { text: "shop-2025".into() },
        Answer::UnknownTarget { text: "ＳＨＰＯ".into(), near: Some("shop".into()) },
        Answer::UnknownTarget { text: "x".into(), near: None },
        Answer::AmbiguousRun { text: "shop-2026".into(), matches: vec![run(), run().with_attempt(2)] },
        whoami("UANA", Membership::Member, &["S0DATAOPS01", "S0PRIVACY01"]),
        whoami("UANA", Membership::Member, &[]),
        whoami("UELI", Membership::Member, &[]),
        whoami("UANA", Membership::Guest, &["S0DATAOPS01"]),
        Answer::UnknownButton,
        Answer::Broken { reference: "01KAX0V5Q2".into() },
    ];
    all.extend(misreadings().into_iter().map(Answer::Misread));
    all
}

fn outcomes() -> Vec<Outcome> {
    let (run, source) = (run(), || "shop".to_owned());
    let exists = |same_layers| Outcome::Exists { run: run.clone(), status: "SUCCEEDED".into(), same_layers };
    let voted = |verdict, open| Outcome::Voted {
        run: run.clone(),
        request: format!("{run}.0123456789abcdef"),
        subject: Subject::Refresh,
        verdict,
        open,
        explained: false,
    };
    let mut all = vec![
        Outcome::Started { run: run.clone() },
        Outcome::Queued { run: run.clone(), holder: run.with_attempt(3).to_string() },
        exists(true),
        exists(false),
        Outcome::Exists { run: run.clone(), status: "NEW<STATUS>".into(), same_layers: true },
    ];
    all.extend(rollback::retries());
    all.extend([
        Outcome::Canceling { run: run.clone() },
        Outcome::NotCanceled { run: run.clone(), status: "FAILED".into() },
        voted(Verdict::Approve, 0),
        voted(Verdict::Approve, 1),
        voted(Verdict::Approve, 2),
        voted(Verdict::Deny, 0),
        Outcome::NoSnapshot { source: source() },
        Outcome::SnapshotNotFound { source: source(), snapshot: "rds:x".into() },
        Outcome::NoSuchLayer { source: source(), layer: Layer::Sensitive },
        Outcome::UnknownSource { name: "shpo".into() },
        Outcome::UnknownRun { text: "x".into() },
        Outcome::AmbiguousRun { text: "shop-2".into(), matches: vec![run.clone()] },
        Outcome::Forbidden(forbidden(Right::Operate, Bar::NoRight, None, &["S0DATAOPS01"])),
        Outcome::GaveUp {
            code: "AccessDenied".into(),
            why: "not authorized to perform rds:DescribeDBSnapshots".into(),
        },
    ]);
    all.extend(refusals());
    all.extend(acknowledgements(&run));
    all
}

fn acknowledgements(run: &ExportTask) -> Vec<Outcome> {
    vec![
        Outcome::Acknowledged { run: run.clone() },
        Outcome::Withdrawn { run: run.clone() },
        Outcome::Explained { run: run.clone() },
        Outcome::GlassBroken { run: run.clone() },
        Outcome::GlassReviewed { run: run.clone() },
        Outcome::AcknowledgedBefore {
            run: run.clone(),
            by: "UZOE".into(),
            at: "2026-11-22T04:10:00Z".parse().unwrap(),
        },
        Outcome::NotAcknowledged { run: run.clone(), status: "SUCCEEDED".into() },
    ]
}

fn refusals() -> Vec<Outcome> {
    let retries = [
        RetryRefusal::NotOver,
        RetryRefusal::NothingFailed,
        RetryRefusal::Superseded,
        RetryRefusal::Continued,
        RetryRefusal::NotInRun(StageId::SensitiveCatalog),
        RetryRefusal::NewerData,
        RetryRefusal::RollingBack,
        RetryRefusal::RolledBackFrom,
        RetryRefusal::NotReached(StageId::Latest),
    ];
    let presses = [
        Refusal::Unknown,
        Refusal::Decided(ApprovalState::Approved),
        Refusal::Decided(ApprovalState::Denied),
        Refusal::Expired,
        Refusal::OwnRun,
        Refusal::NotApprover,
        Refusal::Voted,
        Refusal::NothingToExplain,
    ];
    let not_retried = retries.map(|why| Outcome::NotRetried { run: run(), why });
    not_retried.into_iter().chain(presses.map(|why| Outcome::NotVoted { why })).collect()
}

/// A run whose layers' rows are known.
fn counted() -> Run {
    let counts = |tables: &[(&str, u64, Option<u64>)], more| {
        let tables = tables.iter().map(|(table, rows, was)| Rows { table: (*table).into(), rows: *rows, was: *was });
        let row_counts = Some(Box::new(RowCounts { tables: tables.collect(), more }));
        Detail { row_counts, rows: Some(41_203), tables: Some(39), ..Detail::default() }
    };
    let normal = counts(&[("shop.users", 17, Some(41_200)), ("shop.orders", 1, None)], 37);
    let story = begun().until(StageId::NormalTransform).finish(3, normal, &[]).until(StageId::SensitiveTransform);
    story.finish(3, counts(&[("shop.users", 40, Some(40))], 0), &[]).run
}

/// One layer is of the older run already, the other one waits for its approval.
fn rolled_back_in_part() -> Standing {
    let newer = "shop-202611230300-0a09292e-a1";
    let back = begun().end().back(newer).until(StageId::SensitiveApproval).ask().run;
    let snapshot_time = "2026-11-23T03:00:00Z".parse().unwrap();
    let left = Run { export_task: newer.parse().unwrap(), snapshot_time, ..begun().end().run };
    Standing { source: source("shop"), last_success: Some(back.clone()), runs: vec![left, back] }
}

fn long_answers() -> Vec<Answer> {
    let failed = begun().until(StageId::NormalTransform).fail(codes::JOB_FAILED, "Executor lost").run;
    let again = begun().until(StageId::Export).fail(codes::EXPORT_FAILED, "internal error").retry("UZOE", None);
    let again = again.until(StageId::SensitiveApproval).ask().run;
    let done = begun().end().run;
    let mut manual = source("learning");
    manual.schedule = crate::domain::source::Schedule::Manual;
    manual.engine = crate::domain::source::Engine::Aurora;
    manual.sensitive = None;
    let usual = Usual::of([&done]);
    let detailed = Run {
        usual: usual.clone(),
        reason: Some("the audit wants it <today>".into()),
        only: (0..12).map(|it| format!("shop.orders_{it}")).collect(),
        ..begun().until(StageId::Latest).begin().run
    };
    let slow = Run { usual, ..done.clone() };
    let runs = || vec![again.clone(), failed.clone(), slow.clone()];
    let part = |text: &str, more| Part { entries: runs(), of: parse(text).unwrap(), more };
    let at: Timestamp = "2026-11-22T12:20:00Z".parse().unwrap();
    let standing = |source: Source, runs: Vec<Run>| {
        let last_success = runs.iter().find(|it| it.has_succeeded()).cloned();
        Standing { source, runs, last_success }
    };
    let shop = || standing(source("shop"), vec![again.clone(), slow.clone(), done.clone()]);
    let all = || vec![shop(), standing(manual.clone(), vec![])];
    let overview =
        |standings, unmanaged, may_operate| Answer::Overview { lake: Lake(standings), unmanaged, may_operate, at };
    let sources =
        |entries| Answer::Sources { standings: Part { entries, of: parse("sources").unwrap(), more: false }, at };
    let nothing = Part { entries: vec![], of: parse("list --failed").unwrap(), more: false };
    vec![
        overview(vec![], vec![], false),
        overview(all(), unmanaged(), true),
        Answer::Runs(nothing),
        Answer::Runs(part("list", false)),
        Answer::Runs(part("list shop --limit 3 --page 2", true)),
        Answer::Source { standing: Box::new(shop()), unmanaged: unmanaged(), at },
        Answer::Source { standing: Box::new(standing(manual.clone(), vec![])), unmanaged: vec![], at },
        Answer::Source { standing: Box::new(rolled_back_in_part()), unmanaged: vec![], at },
        sources(vec![]),
        sources(all()),
        Answer::Details(Box::new(detailed), None),
        Answer::Details(Box::new(failed.clone()), None),
        Answer::Details(Box::new(again.clone()), Some(Unsent { reason: "is_archived".into(), messages: 3 })),
        Answer::Details(Box::new(counted()), None),
        Answer::Help { topic: None, may_operate: true },
        Answer::Help { topic: None, may_operate: false },
        Answer::Help { topic: Some(Verb::Run), may_operate: true },
        Answer::Help { topic: Some(Verb::Retry), may_operate: false },
    ]
}

/// One for each remedy.
#[rstest]
fn why_slack_does_not_show_a_run_is_told_with_its_remedy(#[values(Locale::En, Locale::Ja)] locale: Locale) {
    let reasons = [
        "is_archived",
        "channel_not_found",
        "not_in_channel",
        "token_revoked",
        "missing_scope",
        "restricted_action_read_only_channel",
        "invalid_blocks: no more than 50 items allowed",
        "no_answer",
        "deleted_twice",
        "ekm_access_denied",
    ];
    let told = reasons.iter().enumerate().map(|(messages, reason)| {
        unsent::text(WORDS.voice(locale), &Unsent { reason: (*reason).to_owned(), messages }).into_string()
    });
    insta::with_settings!({ snapshot_suffix => locale.as_str(), omit_expression => true }, {
        insta::assert_snapshot!("unsent", told.collect::<Vec<_>>().join("\n"));
    });
}

fn read_all(answers: &[Answer], locale: Locale) -> String {
    let one = |it: &Answer| {
        let message = answer(&WORDS, locale, it);
        check(&message);
        read(&message)
    };
    answers.iter().map(one).collect::<Vec<_>>().join("\n──\n")
}

#[rstest]
fn answers_read_well(#[values(Locale::En, Locale::Ja)] locale: Locale) {
    let outcomes: Vec<Answer> = outcomes().into_iter().map(Answer::Outcome).collect();
    insta::with_settings!({ snapshot_suffix => locale.as_str(), omit_expression => true }, {
        insta::assert_snapshot!("short", read_all(&short_answers(), locale));
        insta::assert_snapshot!("outcomes", read_all(&outcomes, locale));
        insta::assert_snapshot!("long", read_all(&long_answers(), locale));
    });
}

#[test]
fn an_answer_goes_out_like_this() {
    let message = answer(
        &WORDS,
        Locale::En,
        &Answer::Runs(Part { entries: vec![begun().run], of: parse("list").unwrap(), more: false }),
    );
    insta::assert_json_snapshot!("json", message);
}

#[test]
fn the_help_has_every_command_that_the_caller_may_use() {
    let all = read(&answer(&WORDS, Locale::En, &Answer::Help { topic: None, may_operate: true }));
    let few = read(&answer(&WORDS, Locale::En, &Answer::Help { topic: None, may_operate: false }));
    for form in GRAMMAR {
        assert!(all.contains(&format!("`/datalake {}`", form.usage())), "{all}");
        assert_eq!(few.contains(&form.usage()), form.verb.right() != Some(Right::Operate), "{few}");
    }
    for form in GRAMMAR {
        let topic = Answer::Help { topic: Some(form.verb), may_operate: false };
        let text = read(&answer(&WORDS, Locale::Ja, &topic));
        assert!(text.contains(&form.usage()), "{text}");
    }
}

#[test]
fn the_limits_of_lists_are_those_of_the_parser() {
    let (least, most) = LIST_LIMITS.split_once('–').unwrap();
    let reads = |limit: u32| parse(&format!("list --limit {limit}")).is_ok();
    let (least, most): (u32, u32) = (least.parse().unwrap(), most.parse().unwrap());
    assert!(reads(least) && reads(most) && !reads(least - 1) && !reads(most + 1));
}

#[test]
fn the_pages_of_lists_are_those_of_the_parser() {
    let (least, most) = PAGES.split_once('–').unwrap();
    let (least, most): (u32, u32) = (least.parse().unwrap(), most.parse().unwrap());
    for verb in ["list", "sources"] {
        let reads = |page: u32| parse(&format!("{verb} --page {page}")).is_ok();
        assert!(reads(least) && reads(most) && !reads(least - 1) && !reads(most + 1), "{verb}");
    }
}

#[test]
fn examples_in_the_help_are_commands() {
    for locale in Locale::ALL {
        for form in GRAMMAR {
            let example = WORDS.voice(locale).label(&format!("help.example.{}", form.verb));
            let command = parse(&example).unwrap();
            assert_eq!(command.verb(), Some(form.verb), "{example}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_people_type_is_answered_within_the_limits(
        text in any::<String>(), marks in "[&<>`*\n]{0,3000}", names in proptest::collection::vec(any::<String>(), 0..200),
    ) {
            let text = text + &marks;
        for locale in Locale::ALL {
            for it in [
                Answer::Accepted { verb: Some(Verb::Run), target: text.clone() },
                Answer::UnknownSource { name: text.clone(), near: Some(text.clone()), known: names.clone() },
                Answer::UnknownRun { text: text.clone() },
                Answer::AmbiguousRun { text: text.clone(), matches: vec![run(); names.len()] },
                Answer::Forbidden(Forbidden {
                    right: Right::View,
                    why: Bar::NoRight,
                    source: Some(text.clone()),
                    ask: names.clone(),
                }),
                Answer::Misread(Misread::UnknownCommand { word: text.clone(), near: None }),
                Answer::Misread(Misread::BadValue { verb: Verb::List, name: "limit", value: text.clone(), near: None }),
                Answer::Outcome(Outcome::SnapshotNotFound { source: text.clone(), snapshot: text.clone() }),
                Answer::Outcome(Outcome::Exists { run: run(), status: text.clone(), same_layers: true }),
                Answer::Broken { reference: text.clone() },
            ] {
                check(&answer(&WORDS, locale, &it));
            }
        }
    }
}
