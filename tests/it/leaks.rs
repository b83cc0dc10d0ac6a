//! The guard of the Normal catalog, and the rows that jobs report: what stops a run, who is asked, and how it is mended.

use datalake_bot::{
    domain::{
        approval::Subject,
        failure::codes,
        run::RunStatus,
        stage::{StageId, StageStatus},
    },
    sandbox::{
        aws::Slips,
        faults::{Fault, Kind},
        world::{BUCKET, World},
    },
};
use tempfile::TempDir;

use crate::harness::{ALERTS, ANA, Bot, CHANNEL, KENJI, has, options};

/// Of users everybody may see the id, and a digest of the name; of languages everything.
pub(crate) const RULES: &str = r#"
[learning.users]
id = "normal"
name = { class = "sensitive", normal = "hash" }
email = "sensitive"
[learning.languages]
"*" = "normal"
"#;

/// The job of the layer that the guard is for.
const JOB: &str = "school-normal";

/// A bot whose source `school` is classified. The folder holds the file.
struct Lake {
    bot: Bot,
    _folder: TempDir,
}

impl Lake {
    /// Starts one whose configuration ends with `more`, in a world in which the job does what `slips` say.
    async fn start(slips: Slips, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("school.toml");
        std::fs::write(&file, RULES).unwrap();
        let world = World::start(options()).await.unwrap();
        world.aws.glue.set_slips(JOB, slips);
        let classified = format!("name = \"school\"\nclassification = \"{}\"", file.display());
        let edit = |config: String| format!("{}{more}", config.replacen("name = \"school\"", &classified, 1));
        Self { bot: Bot::start_in(world, edit).await, _folder: folder }
    }

    /// A snapshot is taken: nobody has asked for the run.
    fn snapshot(&self) {
        self.bot.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    }
}

/// A job that writes what the rules keep from the layer.
pub(crate) fn leaking() -> Slips {
    Slips { leaks: vec!["learning.users.email".to_owned()], ..Slips::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rules_allow_passes_and_its_rows_are_told() {
    let lake = Lake::start(Slips::default(), "").await;
    lake.snapshot();
    let run = lake.bot.run_shown().await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.error);
    let detail = &run.stage(StageId::NormalTransform).detail;
    assert_eq!((detail.tables, detail.rows), (Some(2), Some(46)));
    assert!(!lake.bot.effects("glue", "GetTables").is_empty(), "the guard has looked");
    assert!(lake.bot.world.slack.channel_as(ANA, CHANNEL).contains("46 rows"));
    let details = lake.bot.slash(ANA, &format!("/datalake status {}", run.export_task)).await;
    assert!(details.contains("`learning.users`: 40 rows"), "{details}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leak_alerts_and_two_people_let_it_pass() {
    let lake = Lake::start(leaking(), "").await;
    lake.snapshot();
    let alert = lake.bot.button(ALERTS, "approval.approve").await;
    assert!(has(&alert, "approval.deny"));
    let run = lake.bot.newest_that_is(&[RunStatus::WaitingApproval]).await;
    let asked = run.question.clone().unwrap();
    assert_eq!((asked.subject, asked.stage, asked.quorum), (Subject::Leak, StageId::NormalCatalog, 2));
    let found: Vec<_> = asked.findings.iter().map(|it| (it.table.as_str(), it.column.as_deref())).collect();
    assert_eq!(found, [("learning.users", Some("email"))]);

    lake.bot.vote(ANA, "approval.approve").await;
    let run = lake.bot.newest_that_is(&[RunStatus::WaitingApproval]).await;
    assert_eq!(run.stage(StageId::NormalCatalog).status, StageStatus::Running, "one is not enough");
    lake.bot.vote(KENJI, "approval.approve").await;
    lake.bot.newest_that_is(&[RunStatus::Succeeded]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_leak_stops_the_run_and_a_retry_passes_when_the_job_is_mended() {
    let lake = Lake::start(leaking(), "").await;
    lake.snapshot();
    lake.bot.button(ALERTS, "approval.deny").await;
    lake.bot.vote(ANA, "approval.deny").await;
    let run = lake.bot.newest_that_is(&[RunStatus::Canceled]).await;
    assert_eq!(run.error.unwrap().failure.code, codes::DOUBT_DENIED);
    let jobs = lake.bot.effects("glue", "StartJobRun").len();

    lake.bot.world.aws.glue.set_slips(JOB, Slips::default());
    lake.bot.slash(KENJI, &format!("/datalake retry {}", run.export_task)).await;
    lake.bot.newest_that_is(&[RunStatus::Succeeded]).await;
    assert_eq!(lake.bot.effects("glue", "StartJobRun").len(), jobs + 1, "what the job has written is done again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_may_not_look_lets_nothing_pass() {
    let lake = Lake::start(Slips::default(), "").await;
    let message = "User is not authorized to perform: glue:GetTables".to_owned();
    let kind = Kind::Refuse { status: 400, code: "AccessDeniedException".to_owned(), message, retry_after: None };
    lake.bot.world.front.faults.plant(Fault::once("glue", "GetTables", kind).times(usize::MAX));
    lake.snapshot();
    let run = lake.bot.newest_that_is(&[RunStatus::Failed]).await;
    let error = run.error.unwrap();
    assert_eq!((error.stage, error.failure.code.as_str()), (StageId::NormalCatalog, "AccessDeniedException"));
    assert!(!error.failure.remedy.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_have_fallen_are_asked_about() {
    let lake = falling("").await;
    let run = lake.bot.newest_that_is(&[RunStatus::WaitingApproval]).await;
    let asked = run.question.unwrap();
    assert_eq!((asked.subject, asked.stage, asked.quorum), (Subject::Rows, StageId::NormalTransform, 1));
    let fallen: Vec<_> = asked.findings.iter().map(|it| (it.table.as_str(), it.was.as_deref())).collect();
    assert_eq!(fallen, [("learning.users", Some("40"))], "languages have lost one of six rows only");
    lake.bot.vote(KENJI, "approval.approve").await;
    lake.bot.newest_that_is(&[RunStatus::Succeeded]).await;
}

/// Brings a first run to its end, and starts a second one whose job keeps five rows of each file.
async fn falling(policy: &str) -> Lake {
    let lake = Lake::start(Slips::default(), &format!("\n[sources.policy]\nrow_fall_percent = 30\n{policy}\n")).await;
    lake.bot.slash(ANA, "/datalake run school").await;
    lake.bot.newest_that_is(&[RunStatus::Succeeded]).await;
    lake.bot.world.aws.glue.set_slips(JOB, Slips { keeps_rows: Some(5), ..Slips::default() });
    lake.snapshot();
    lake
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_have_fallen_fail_the_run_where_the_policy_says_so() {
    let lake = falling("row_fall = \"fail\"").await;
    let alert = lake.bot.button(ALERTS, "run.retry").await;
    let run = lake.bot.newest_that_is(&[RunStatus::Failed]).await;
    let error = run.error.unwrap();
    assert_eq!((error.stage, error.failure.code.as_str()), (StageId::NormalTransform, codes::ROWS_LOST));
    let read = lake.bot.world.slack.thread(ALERTS, &alert.ts);
    assert!(read.contains("40 rows are now 5") && read.contains("row_fall"), "{read}");
    assert!(!lake.bot.world.slack.channel_as(ANA, CHANNEL).contains("Updating the normal catalog"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_have_fallen_are_warned_of_where_the_policy_says_so() {
    let lake = falling("row_fall = \"warn\"").await;
    let run = lake.bot.newest_that_is(&[RunStatus::SucceededWithWarnings]).await;
    assert_eq!(run.warnings[0].finding().map(|it| it.table.as_str()), Some("learning.users"));
    let shown = async || lake.bot.world.slack.channel_as(ANA, CHANNEL).contains("40 rows are now 5").then_some(());
    lake.bot.until("the warning is told", shown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_that_shows_nothing_of_what_was_written_fails_the_run() {
    let lake = Lake::start(Slips::default(), "").await;
    let elsewhere = format!("s3://{BUCKET}/nowhere/").parse().unwrap();
    lake.bot.world.aws.glue.add_database("nowhere");
    lake.bot.world.aws.glue.add_crawler(JOB, "nowhere", elsewhere);
    lake.snapshot();
    let alert = lake.bot.button(ALERTS, "run.retry").await;
    let run = lake.bot.newest_that_is(&[RunStatus::Failed]).await;
    let error = run.error.unwrap();
    assert_eq!((error.stage, error.failure.code.as_str()), (StageId::NormalCatalog, codes::CATALOG_UNSEEN));
    let read = lake.bot.world.slack.thread(ALERTS, &alert.ts);
    assert!(read.contains("has written 2 tables") && read.contains("school-normal"), "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_another_classification_fails_the_run() {
    let lake = Lake::start(Slips { claims: Some("0".repeat(64)), ..Slips::default() }, "").await;
    lake.snapshot();
    let run = lake.bot.newest_that_is(&[RunStatus::Failed]).await;
    let error = run.error.unwrap();
    assert_eq!((error.stage, error.failure.code.as_str()), (StageId::NormalTransform, codes::REPORT_DIFFERS));
    assert!(!error.failure.remedy.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_judged_without_a_classification() {
    let bot = Bot::start().await;
    bot.world.aws.rds.create_automated_snapshot("school-db").unwrap();
    assert_eq!(bot.run_shown().await.status, RunStatus::Succeeded);
    assert!(bot.effects("glue", "GetTables").is_empty());
}
