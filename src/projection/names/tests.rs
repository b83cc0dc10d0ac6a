use std::sync::Arc;

use proptest::{
    prelude::{Strategy, any, prop_assert, proptest},
    sample::subsequence,
};

use crate::{
    domain::{
        approval::{Subject, Verdict},
        classification::testing,
        doubt::FindingKind,
        failure::{Found, codes},
        inspection::Inspector,
        run::BreakGlass,
        schema::{Column, Schema, Table, finding},
        source::{Layer, Policy, Source},
        stage::{Detail, StageId},
    },
    projection::{
        run::{View, wanted},
        testing::{
            WORDS,
            reader::read,
            story::{Story, begun, order, source, told},
        },
        text::Locale,
    },
};

/// Every name that must not be read holds this.
const MARK: &str = "zq";
const CHANNEL: &str = "C0DATALAKE1";
const ALERTS: &str = "C0ALERTS0001";

/// `learning.users` is for everybody, and two of its columns; nothing else is.
fn shop() -> Source {
    let rules = testing::rules(&[
        ("learning/users/id", "normal"),
        ("learning/users/name", "normal"),
        ("learning/users/zq_mail", "hash"),
        ("learning/zq_cards", "sensitive"),
        ("learning/zq_old", "drop"),
    ]);
    Source { rules: Arc::new(rules), ..source("shop") }
}

fn table(name: &str, columns: &[&str]) -> Table {
    let column = |it: &&str| Column { name: (*it).to_owned(), original: "int".to_owned(), exported: String::new() };
    Table::new(name, columns.iter().map(column))
}

fn begin(only: &[&str]) -> Story {
    let mut order = order(crate::domain::run::Trigger::Slack, Some("UANA"));
    order.only = only.iter().map(|it| (*it).to_owned()).collect();
    told(shop(), &order)
}

/// Returns the run after its export was found to hold `now`, when the last one held `last`.
fn checked(story: Story, now: &Schema, last: &Schema, warnings: &[&str]) -> Story {
    let story = story.until(StageId::Verify);
    let name = begun().run.export_task;
    let inspector = Inspector {
        rules: &story.source.rules,
        policy: Policy::default(),
        last: Some((&name, last)),
        only: &story.run.only,
    };
    let (inspection, _) = inspector.inspect(now);
    story.finish(1, Detail { inspection: Some(Box::new(inspection)), ..Detail::default() }, warnings)
}

/// Returns all that is written in the channels, by those of them that may read names.
fn written(story: &Story, locale: Locale, names_in: &[String]) -> String {
    let view = View { words: &WORDS, locale, channel: CHANNEL, alerts_channel: ALERTS, names_in };
    wanted(&story.run, Some(&story.source), &view).iter().map(|it| read(&it.message) + "\n").collect()
}

#[test]
fn what_is_hidden_is_called_by_its_number() {
    let now = Schema::new(
        [table("learning.users", &["id", "zq_mail", "zq_pin"]), table("learning.zq_cards", &["zq_no"])],
        [],
    );
    let last = Schema::new([table("learning.users", &["id"]), table("learning.zq_old", &["id"])], []);
    let story =
        checked(begin(&[]), &now, &last, &["learning.zq_cards: FAILED: zq_cards is broken", "learning.zq_old: GONE"]);
    let text = written(&story, Locale::En, &[]);
    for said in [
        "`table 1 (sensitive)`: a new table",
        "`a sensitive table`: this table is gone since the last good run",
        "Column `1 (sensitive)` of `learning.users`: new, `int`",
        "table 1 (sensitive): FAILED: table 1 (sensitive) is broken",
        "a sensitive table: GONE",
    ] {
        assert!(text.contains(said), "{said} is not in:\n{text}");
    }
    assert!(!text.contains(MARK), "{text}");
    let japanese = written(&story, Locale::Ja, &[]);
    assert!(japanese.contains("テーブル 1（機密）") && !japanese.contains(MARK), "{japanese}");
}

#[test]
fn what_people_write_hides_names_too() {
    let now = Schema::new([table("learning.zq_cards", &["zq_no"])], []);
    let mut story = checked(begin(&[]), &now, &Schema::default(), &[]);
    let reason = "see learning.zq_cards.zq_no, zq_cards, learning.zq_cards.other and learning.users.zq_mail";
    let (run, at) = (&mut story.run, story.now);
    run.reason = Some(reason.to_owned());
    run.break_glass = Some(BreakGlass { by: "UANA".to_owned(), reason: reason.to_owned(), at, reviewed: None });
    let mut story = story.until(StageId::SensitiveApproval).ask().vote("UMINA", Verdict::Approve);
    let votes = &mut story.run.approval.as_mut().unwrap().votes;
    votes[0].reason = Some(reason.to_owned());
    let text = written(&story, Locale::En, &[]);
    assert!(text.contains("see table 1 (sensitive)") && !text.contains(MARK), "{text}");
}

#[test]
fn where_it_is_allowed_names_are_read() {
    let now = Schema::new([table("learning.zq_cards", &["id"])], []);
    let story = checked(begin(&[]), &now, &Schema::default(), &[]).fail("JobFailed", "no learning.zq_cards");
    let told = written(&story, Locale::En, &[CHANNEL.to_owned(), ALERTS.to_owned()]);
    assert!(told.contains("`learning.zq_cards`: a new table") && !told.contains("(sensitive)"), "{told}");
    let alerts = written(&story, Locale::En, &[CHANNEL.to_owned()]);
    assert!(alerts.contains("no a sensitive table") || alerts.contains("no table 1 (sensitive)"), "{alerts}");
}

#[test]
fn without_rules_nothing_is_hidden() {
    let mut story = checked(begin(&["learning.zq_cards"]), &Schema::default(), &Schema::default(), &[]);
    story.source.rules = Arc::default();
    assert!(written(&story, Locale::En, &[]).contains("learning.zq_cards"));
}

fn tables() -> impl Strategy<Value = Vec<Table>> {
    let names = vec!["learning.users", "learning.zq_cards", "learning.zq_old", "learning.zq_new1", "other.zq x"];
    let columns = subsequence(vec!["id", "name", "zq_mail", "zq_pin", "Zq_x"], 1..=5);
    (subsequence(names, 0..=5), proptest::collection::vec(columns, 5))
        .prop_map(|(names, columns)| names.iter().zip(columns).map(|(name, it)| table(name, &it)).collect())
}

proptest! {
    /// Whatever is found, and however the run goes on.
    #[test]
    fn no_channel_that_may_not_reads_a_hidden_name(
        now in tables(), last in tables(), skip in any::<bool>(), way in 0..6,
        only in subsequence(vec!["learning", "learning.users", "learning.zq_cards", "learning.zq_new1"], 0..=4),
    ) {
        let skipped: &[&str] = if skip { &["learning.zq_new1: FAILED", r#"{"skippedTables":["other.zq_9"]}"#] } else { &[] };
        let story = checked(begin(&only), &Schema::new(now, []), &Schema::new(last, []), skipped);
        let leak = [finding(FindingKind::Leaked, "learning.users", Some("zq_mail")), finding(FindingKind::Leaked, "zq_stray", None)];
        let story = match way {
            0 => story.until(StageId::NormalCatalog).doubt(Subject::Leak, &leak),
            1 => story.until(StageId::SensitiveApproval).ask().vote("UBEN", Verdict::Deny),
            2 => story.fail(codes::JOB_FAILED, "Table learning.zq_cards has no column zq_mail."),
            3 => story.until(StageId::SensitiveTransform).warned(Layer::Sensitive, &leak),
            4 => {
                let found = Found::RowsLost { layer: Layer::Sensitive, findings: leak.to_vec(), more: 1 };
                story.fail_for(codes::ROWS_LOST, found)
            }
            _ => story.fail(codes::TABLES_GONE, "learning.zq_new1, learning.users"),
        };
        for locale in Locale::ALL {
            let text = written(&story, locale, &[]);
            prop_assert!(!text.to_lowercase().contains(MARK), "{}", text);
        }
    }
}
