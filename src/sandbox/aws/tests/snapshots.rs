//! Snapshots as the SDK sees them.

use aws_sdk_rds::error::ProvideErrorMetadata as _;

use super::{NIGHT, SNAPSHOT, World, instant};
use crate::sandbox::aws::Pace;

#[tokio::test]
async fn a_snapshot_is_created_and_becomes_available() {
    let world = World::start(Pace::default()).await;
    let request = world.rds.create_db_snapshot().db_instance_identifier("shop-db").db_snapshot_identifier("Before");
    let begun = request.send().await.unwrap().db_snapshot.unwrap();
    assert_eq!(begun.status(), Some("creating"));
    assert_eq!(begun.db_snapshot_arn(), Some(SNAPSHOT));
    assert_eq!(begun.snapshot_create_time(), None);

    world.pass(2);
    let found = world.rds.describe_db_snapshots().db_snapshot_identifier("before").send().await.unwrap();
    let [snapshot] = found.db_snapshots() else { panic!("{found:?}") };
    assert_eq!(snapshot.status(), Some("available"));
    assert_eq!(snapshot.snapshot_type(), Some("manual"));
    assert_eq!(snapshot.db_instance_identifier(), Some("shop-db"));
    assert_eq!(snapshot.snapshot_create_time(), Some(&instant(NIGHT)));
    assert_eq!(snapshot.percent_progress(), Some(100));

    let again = world.rds.create_db_snapshot().db_instance_identifier("shop-db").db_snapshot_identifier("before");
    assert!(again.send().await.unwrap_err().into_service_error().is_db_snapshot_already_exists_fault());
    let nowhere = world.rds.create_db_snapshot().db_instance_identifier("other").db_snapshot_identifier("x");
    assert!(nowhere.send().await.unwrap_err().into_service_error().is_db_instance_not_found_fault());
}

#[tokio::test]
async fn an_automated_snapshot_is_found_by_name_only_with_its_type() {
    let world = World::start(Pace::instant()).await;
    let arn = world.aws.rds.create_automated_snapshot("shop-db").unwrap();
    assert_eq!(arn, "arn:aws:rds:ap-northeast-1:123456789012:snapshot:rds:shop-db-2026-11-01-18-05");
    let by_name = world.rds.describe_db_snapshots().db_snapshot_identifier("rds:shop-db-2026-11-01-18-05");

    let found = by_name.clone().snapshot_type("automated").send().await.unwrap();
    assert_eq!(found.db_snapshots().len(), 1);
    let refused = by_name.send().await.unwrap_err().into_service_error();
    assert!(refused.is_db_snapshot_not_found_fault(), "{refused:?}");
    let listed = world.rds.describe_db_snapshots().db_instance_identifier("shop-db").send().await.unwrap();
    assert_eq!(listed.db_snapshots().len(), 1);
    let delete = world.rds.delete_db_snapshot().db_snapshot_identifier("rds:shop-db-2026-11-01-18-05").send().await;
    assert!(delete.unwrap_err().into_service_error().is_invalid_db_snapshot_state_fault());
}

#[tokio::test]
async fn cluster_snapshots_are_a_family_of_their_own() {
    let world = World::start(Pace::instant()).await;
    let request = world.rds.create_db_cluster_snapshot();
    let request = request.db_cluster_identifier("shop-aurora").db_cluster_snapshot_identifier("before");
    request.send().await.unwrap();
    let find = || world.rds.describe_db_cluster_snapshots().db_cluster_snapshot_identifier("before").send();

    let found = find().await.unwrap();
    let [snapshot] = found.db_cluster_snapshots() else { panic!("{found:?}") };
    assert_eq!(snapshot.status(), Some("available"));
    assert_eq!(
        snapshot.db_cluster_snapshot_arn(),
        Some("arn:aws:rds:ap-northeast-1:123456789012:cluster-snapshot:before")
    );
    assert!(world.rds.describe_db_snapshots().send().await.unwrap().db_snapshots().is_empty());
    world.rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier("before").send().await.unwrap();
    assert!(find().await.unwrap_err().into_service_error().is_db_cluster_snapshot_not_found_fault());
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = World::start(Pace::instant()).await;
    for index in 0..45 {
        let name = format!("daily-{index}");
        world.aws.rds.create_snapshot("shop-db", &name, crate::sandbox::aws::SnapshotType::Manual).unwrap();
    }
    let mut pages = world.rds.describe_db_snapshots().into_paginator().page_size(20).send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        sizes.push(page.db_snapshots().len());
    }
    assert_eq!(sizes, [20, 20, 5]);
    let refused = world.rds.describe_db_snapshots().max_records(5).send().await.unwrap_err().into_service_error();
    assert_eq!(refused.code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn instances_and_clusters_are_described() {
    let world = World::start(Pace::instant()).await;
    let instances = world.rds.describe_db_instances().send().await.unwrap();
    assert_eq!(instances.db_instances()[0].db_instance_status(), Some("available"));
    let clusters = world.rds.describe_db_clusters().db_cluster_identifier("shop-aurora").send().await.unwrap();
    assert_eq!(clusters.db_clusters()[0].engine(), Some("aurora-mysql"));
    let missing = world.rds.describe_db_clusters().db_cluster_identifier("other").send().await.unwrap_err();
    assert!(missing.into_service_error().is_db_cluster_not_found_fault());
    let unknown = world.rds.describe_events().send().await.unwrap_err().into_service_error();
    assert_eq!(unknown.code(), Some("InvalidAction"));
}
