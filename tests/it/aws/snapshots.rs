//! Finding snapshots, and the stage `snapshot`.

use datalake_bot::{
    domain::{
        seen::Seen,
        snapshot::{Origin, Snapshot, SnapshotChoice},
        source::Engine,
        stage::{StageId, WaitOn},
    },
    engine::ports::Snapshots as _,
    sandbox::aws::{Pace, SnapshotType},
};

use super::{World, state};

async fn find(world: &World, choice: SnapshotChoice) -> Option<Snapshot> {
    world.aws.find(&world.source, &choice).await.unwrap()
}

fn named(name: &str) -> SnapshotChoice {
    SnapshotChoice::Named(name.to_owned())
}

#[tokio::test]
async fn the_latest_is_the_newest_available_of_every_type_and_page() {
    let world = World::start(Pace::default()).await;
    let rds = &world.stand_ins.rds;
    assert_eq!(find(&world, SnapshotChoice::Latest).await, None);
    for index in 0..101 {
        rds.create_snapshot("shop-db", &format!("by-hand-{index}"), SnapshotType::Manual).unwrap();
        world.pass(1);
    }
    world.pass(60);
    assert_eq!(find(&world, SnapshotChoice::Latest).await.unwrap().id, "by-hand-100");
    let automated = rds.create_automated_snapshot("shop-db").unwrap();
    world.pass(60);
    assert_eq!(find(&world, SnapshotChoice::Latest).await.unwrap().arn, automated);
    rds.create_snapshot("shop-db", "fresh", SnapshotType::Manual).unwrap();
    assert_eq!(find(&world, SnapshotChoice::Latest).await.unwrap().arn, automated);
}

#[tokio::test]
async fn a_snapshot_is_found_by_identifier_and_by_arn_of_its_own_database_only() {
    let mut world = World::start(Pace::default()).await;
    let rds = &world.stand_ins.rds;
    rds.add_instance("other-db");
    let other = rds.create_snapshot("other-db", "others", SnapshotType::Manual).unwrap();
    let cluster = rds.create_automated_snapshot("shop-aurora").unwrap();
    let arns = [
        rds.create_snapshot("shop-db", "by-hand", SnapshotType::Manual).unwrap(),
        rds.create_automated_snapshot("shop-db").unwrap(),
    ];
    world.pass(60);
    for arn in &arns {
        let by_arn = find(&world, named(arn)).await.unwrap();
        assert_eq!(&by_arn.arn, arn);
        assert_eq!(find(&world, named(&by_arn.id)).await.unwrap(), by_arn);
    }
    for missing in ["nothing", "rds:nothing", "others", other.as_str(), cluster.as_str()] {
        assert_eq!(find(&world, named(missing)).await, None, "{missing}");
    }

    world.source.engine = Engine::Aurora;
    world.source.identifier = "shop-aurora".to_owned();
    let found = find(&world, SnapshotChoice::Latest).await.unwrap();
    assert_eq!(found.arn, cluster);
    assert_eq!(find(&world, named(&found.id)).await, Some(found));
    assert_eq!(find(&world, named("by-hand")).await, None);
}

#[tokio::test]
async fn a_snapshot_is_waited_for_and_then_there() {
    let world = World::start(Pace::default()).await;
    let arn = world.stand_ins.rds.create_automated_snapshot("shop-db").unwrap();
    let mut run = world.run_of(&Snapshot {
        id: arn.rsplit_once("snapshot:").unwrap().1.to_owned(),
        arn,
        taken_at: "2026-11-22T03:00:00Z".parse().unwrap(),
        available: false,
        origin: Origin::Automated,
        allocated: None,
    });
    assert_eq!(world.look(&run, StageId::Snapshot).await, Seen::Busy(WaitOn::SnapshotReady));
    world.pass(60);
    assert_eq!(state(&world.look(&run, StageId::Snapshot).await), "available");

    run.source_arn.push_str("-gone");
    let Seen::Failed(failure) = world.look(&run, StageId::Snapshot).await else { panic!("gone") };
    assert_eq!(failure.code, "DBSnapshotNotFound");
}
