//! The catalog of a layer, and the reports of its job.

use datalake_bot::{
    domain::{failure::codes, name::ExportTask, source::Layer},
    engine::ports::{Catalogs as _, Reports as _},
    sandbox::aws::{Pace, S3Path},
};
use serde_json::json;

use super::World;

/// Returns a world with a crawled copy of a database of so many tables.
async fn crawled(tables: usize) -> World {
    let world = World::start(Pace::instant()).await;
    let mut database = None;
    world.stand_ins.rds.edit_database(|it| {
        it.widen(tables);
        database = Some(it.clone());
    });
    for table in database.unwrap().tables.iter().filter(|it| it.name.starts_with("extra")) {
        let key = format!("latest/shop/learning/learning.{}/1/part-0.gz.parquet", table.name);
        world.stand_ins.s3.put("lake", &key, table.parquet().remove(0)).unwrap();
    }
    world.stand_ins.glue.crawl("shop-normal");
    world
}

#[tokio::test]
async fn every_page_of_the_tables_is_read() {
    let world = crawled(130).await;
    let tables = world.aws.tables(&world.source, Layer::Normal).await.unwrap();
    assert_eq!(tables.len(), 130);
    assert_eq!(world.front.history.calls("glue", "GetTables").len(), 2);
    let first = &tables[0];
    assert_eq!((first.name.as_str(), first.crawler.as_deref()), ("learning_extra_0001", Some("shop-normal")));
    assert_eq!(first.location, "s3://lake/latest/shop/learning/learning.extra_0001/");
    let columns: Vec<_> = first.all_columns().collect();
    assert_eq!(columns, [("id", "bigint"), ("name", "string"), ("partition_0", "string")]);
    assert_eq!(world.aws.tables(&world.source, Layer::Sensitive).await.unwrap(), [], "it has no such layer");
}

#[tokio::test]
async fn a_crawler_that_is_not_there_and_a_database_that_is_not_there_are_told_apart() {
    let world = World::start(Pace::instant()).await;
    let path = || "s3://lake/x".parse::<S3Path>().unwrap();
    world.stand_ins.glue.add_crawler("shop-normal", "gone", path());
    let failure = world.aws.tables(&world.source, Layer::Normal).await.unwrap_err();
    assert_eq!(failure.code, "DatabaseNotFound");
    world.stand_ins.glue.remove_crawler("shop-normal");
    let failure = world.aws.tables(&world.source, Layer::Normal).await.unwrap_err();
    assert_eq!(failure.code, "CrawlerNotFound");
}

#[tokio::test]
async fn a_report_is_read_from_the_layers_output() {
    let world = World::start(Pace::instant()).await;
    let run: ExportTask = "shop-202611220300-4f2a91c7-a1".parse().unwrap();
    let read = async || world.aws.of(&world.source, Layer::Normal, &run).await;
    assert_eq!(read().await, Ok(None));
    let report = json!({
        "datalake_run": run.as_str(), "layer": "normal", "classification": "c1a55",
        "tables": [{ "database": "shop", "table": "shop.users", "rows": 7, "columns": [] }],
    });
    let key = format!("normal/shop/_reports/{run}.json");
    world.stand_ins.s3.put("lake", &key, report.to_string()).unwrap();
    assert_eq!(read().await.unwrap().unwrap().rows(), 7);
    world.stand_ins.s3.put("lake", &key, "[]").unwrap();
    assert_eq!(read().await.unwrap_err().code, codes::REPORT_UNREADABLE);
}
