//! Cleaning up after a source that is published as a pointer: exports are read where they lie.

use std::time::Duration;

use datalake_bot::{
    domain::run::{Run, RunStatus},
    sandbox::{
        aws::Slips,
        faults::{Fault, Kind, Moment},
        world::BUCKET,
    },
};
use rstest::rstest;
use tokio::time::sleep;

use super::lake::{LAYERS, Lake, NORMAL};
use crate::{
    cleans::{assert_published, assert_spared, fill, removals, removed},
    harness::name,
    rollback::record,
};

const GRACE: Duration = Duration::from_secs(3);
const SENSITIVE: &str = LAYERS[1].1;

/// A lake that keeps nothing but what is published or read, and everything for [`GRACE`].
async fn keeping_one() -> Lake {
    Lake::start_with(Slips::default(), "\nretention = { exports = 1, grace = \"3s\" }").await
}

/// Where everything of a run lies: its export, and what its jobs have written.
fn folders(run: &Run) -> [String; 3] {
    ["raw", "normal/learning", "sensitive/learning"].map(|it| format!("{it}/{}/", run.export_task))
}

fn objects(lake: &Lake, run: &Run) -> [usize; 3] {
    folders(run).map(|it| lake.bot.world.aws.s3.keys(BUCKET, &it).len())
}

#[rstest]
#[case::within_the_export(0, 1)]
#[case::between_the_export_and_the_layers(0, 2)]
#[case::between_the_layers(1, 0)]
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_within_a_removal_leaves_the_rest_for_the_next_process(#[case] folder: usize, #[case] skip: usize) {
    let mut lake = keeping_one().await;
    let older = lake.run_both().await;
    fill(&lake.bot.world, &folders(&older)[0]);
    let before = objects(&lake, &older);
    assert!(before.iter().all(|it| *it > 0), "{before:?}");
    let kill = Kind::Hook { at: Moment::AfterEffect, hook: lake.bot.killer() };
    let fault = Fault { skip, ..Fault::once("s3", "DeleteObjects", kill).containing(&folders(&older)[folder]) };
    lake.bot.world.front.faults.plant(fault);
    let newer = lake.run_both().await;
    assert_eq!(newer.status, RunStatus::Succeeded, "{:?}", newer.error);
    lake.bot.ended().await;
    let left = objects(&lake, &older);
    assert!(left[2] == before[2] && left[0] < before[0], "{left:?}");
    assert!(record(&lake.bot, &older).await.removal.unwrap().ended_at.is_none());

    lake.bot.spawn().await;
    removed(&lake.bot, &older).await;
    assert_eq!(objects(&lake, &older), [0; 3]);
    let of_older = |key: &str| folders(&older).iter().any(|it| key.starts_with(it));
    let others: Vec<_> = removals(&lake.bot).into_iter().filter(|(_, key)| !of_older(key)).collect();
    assert!(others.is_empty(), "{others:?}");
    assert_published(&lake.bot, "learning", &newer);
    for (_, database) in LAYERS {
        lake.assert_database_shows(database, &newer);
    }
    lake.bot.assert_nothing_twice(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_has_the_grace_from_when_the_last_table_was_turned() {
    let lake = keeping_one().await;
    let older = lake.run_both().await;
    lake.ask_for("normal,sensitive").await;
    let newer = lake.bot.newest_that_is(&[RunStatus::WaitingApproval]).await;
    // Whoever approves takes longer than the grace: the sensitive tables show the older run for all that time.
    sleep(GRACE + Duration::from_secs(1)).await;
    lake.assert_shows(&newer);
    lake.assert_database_shows(SENSITIVE, &older);
    assert_eq!(removals(&lake.bot), []);

    lake.approve().await;
    removed(&lake.bot, &older).await;
    for (_, database) in LAYERS {
        lake.assert_database_shows(database, &record(&lake.bot, &newer).await);
    }
    let turns = lake.bot.effects("glue", "UpdateTable").into_iter();
    let last = turns.filter(|it| it.note["table"]["Parameters"]["datalake_run"] == name(&newer)).map(|it| it.at).max();
    assert_spared(&lake.bot, &folders(&older), last.unwrap(), GRACE);
    assert_eq!(objects(&lake, &older), [0; 3]);
    assert_published(&lake.bot, "learning", &newer);
    lake.bot.assert_nothing_twice(2);
    assert_eq!(lake.shown(NORMAL).len(), 2);
}
