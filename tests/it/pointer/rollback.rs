//! A source that is published as a pointer goes back: its tables point at the older run's layers again.

use std::time::Duration;

use datalake_bot::{
    domain::run::{Run, RunStatus},
    sandbox::{
        aws::Slips,
        faults::{Fault, Kind, Moment},
    },
};
use rstest::rstest;

use super::lake::{LAYERS, Lake, NORMAL};
use crate::{
    harness::{ANA, CHANNEL, name},
    rollback::{CONFIRM, back_to, previewed, record},
};

const SENSITIVE: &str = LAYERS[1].1;

/// Ana sees what a rollback would do, and confirms.
async fn confirmed(lake: &Lake) {
    let preview = previewed(&lake.bot, ANA, "learning").await;
    let _ = lake.bot.world.slack.press(ANA, CHANNEL, &preview.ts, CONFIRM).await;
}

/// Waits until the run shows its Normal layer and asks for the sensitive one.
async fn asks_again(lake: &Lake, run: &Run) {
    let waits = async || Some(record(&lake.bot, run).await).filter(|it| it.status == RunStatus::WaitingApproval);
    lake.bot.until("people are asked about the sensitive layer", waits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_turns_the_tables_back_and_the_next_run_turns_them_forward() {
    let lake = Lake::start(Slips::default()).await;
    let older = lake.run_both().await;
    let newer = lake.run_both().await;
    assert_eq!((older.status, newer.status), (RunStatus::Succeeded, RunStatus::Succeeded), "{:?}", newer.error);
    lake.assert_database_shows(SENSITIVE, &newer);
    let jobs = lake.calls("StartJobRun");

    confirmed(&lake).await;
    asks_again(&lake, &older).await;
    lake.assert_shows(&older);
    lake.assert_database_shows(SENSITIVE, &newer);
    assert_eq!(lake.location(), format!("s3://lake/raw/{}/", name(&older)));
    assert_eq!(lake.turned_to(&older), lake.tables(&[NORMAL]), "the sensitive layer waits");

    lake.approve().await;
    back_to(&lake.bot, &older).await;
    for (_, database) in LAYERS {
        lake.assert_database_shows(database, &older);
    }
    assert_eq!(lake.turned_to(&older), lake.tables(&[NORMAL, SENSITIVE]));
    assert_eq!(lake.calls("StartJobRun"), jobs, "what its jobs have written is still there");
    assert_eq!((lake.calls("CreateTable"), lake.calls("DeleteTable")), (lake.tables(&[NORMAL, SENSITIVE]).len(), 0));
    assert!(lake.bot.effects("s3", "CopyObject").is_empty());

    let third = lake.run_both().await;
    assert_eq!(third.status, RunStatus::Succeeded, "{:?}", third.error);
    for (_, database) in LAYERS {
        lake.assert_database_shows(database, &third);
    }
    assert_eq!(lake.location(), format!("s3://lake/raw/{}/", name(&third)));
    assert_eq!(lake.turned_to(&third), lake.tables(&[NORMAL, SENSITIVE]));
    lake.bot.assert_nothing_twice(3);
}

/// The tables of the layer that waits for people still show the newer run: below them nothing is written again.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_rollback_was_taken_back_from_is_not_written_again() {
    let lake = Lake::start(Slips::default()).await;
    let older = lake.run_both().await;
    let newer = lake.run_both().await;
    confirmed(&lake).await;
    asks_again(&lake, &older).await;
    lake.bot.slash(ANA, &format!("/datalake cancel {}", name(&older))).await;
    lake.bot.run_that_is(RunStatus::Canceled).await;
    let (jobs, written) = (lake.calls("StartJobRun"), lake.files(&newer));
    lake.assert_database_shows(SENSITIVE, &newer);

    lake.bot.slash(ANA, &format!("/datalake retry {} --from latest", name(&newer))).await;
    asks_again(&lake, &newer).await;
    // Nobody lets it yet; it goes on from there.
    lake.decide("approval.deny").await;
    let denied = async || Some(record(&lake.bot, &newer).await).filter(|it| it.status == RunStatus::Canceled);
    lake.bot.until("nobody lets it", denied).await;
    lake.bot.slash(ANA, &format!("/datalake retry {}", name(&newer))).await;
    asks_again(&lake, &newer).await;
    lake.approve().await;
    let again = lake.bot.newest_that_is(&[RunStatus::Succeeded, RunStatus::Failed]).await;
    assert_eq!((&again.export_task, again.status), (&newer.export_task, RunStatus::Succeeded), "{:?}", again.error);
    for (_, database) in LAYERS {
        lake.assert_database_shows(database, &newer);
    }
    assert_eq!((lake.calls("StartJobRun"), lake.files(&newer)), (jobs, written));

    // Who wants it written anew, for the job was mended, says so.
    lake.bot.slash(ANA, &format!("/datalake retry {} --from normal.transform", name(&newer))).await;
    asks_again(&lake, &newer).await;
    assert_eq!(lake.calls("StartJobRun"), jobs + 1);
}

#[rstest]
#[case::of_the_normal_layer("normal", NORMAL)]
#[case::of_the_sensitive_layer("sensitive", SENSITIVE)]
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_two_tables_ends_with_all_of_them_turned_back_once(
    #[case] layer: &str,
    #[case] database: &'static str,
) {
    let mut lake = Lake::start(Slips::default()).await;
    let older = lake.run_both().await;
    let newer = lake.run_both().await;
    assert_eq!(newer.status, RunStatus::Succeeded, "{:?}", newer.error);
    // The other table is on its way, and does not arrive before the kill.
    let late = Kind::Delay { at: Moment::BeforeEffect, by: Duration::from_secs(2) };
    let kill = Kind::Hook { at: Moment::AfterEffect, hook: lake.bot.killer() };
    for (table, kind) in [("users", late), ("languages", kill)] {
        let folder = format!("/{layer}/learning/{}/learning/learning.{table}/", older.export_task);
        lake.bot.world.front.faults.plant(Fault::once("glue", "UpdateTable", kind).containing(&folder));
    }
    confirmed(&lake).await;
    if database == SENSITIVE {
        lake.approve().await;
    }
    lake.bot.ended().await;
    let turned = lake.shown(database).into_values().filter(|it| *it == older.export_task.to_string()).count();
    assert!(turned > 0 && turned < lake.shown(database).len(), "the kill comes between the tables");
    lake.bot.spawn().await;
    if database == NORMAL {
        lake.approve().await;
    }
    let back = back_to(&lake.bot, &older).await;
    assert!(back.past_rollbacks.is_empty());
    for (_, database) in LAYERS {
        lake.assert_database_shows(database, &older);
    }
    assert_eq!(lake.location(), format!("s3://lake/raw/{}/", older.export_task));
    assert_eq!(lake.turned_to(&older), lake.tables(&[NORMAL, SENSITIVE]), "nothing is turned twice");
    lake.bot.assert_nothing_twice(2);
}
