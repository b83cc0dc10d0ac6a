//! The stand-in's job that divides a source into its layers, and what it does wrong when it is told to.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{World, path};
use crate::sandbox::aws::{Pace, Slips};

const RULES: &str = r#"
[learning.users]
id = "normal"
name = { class = "sensitive", normal = "mask" }
email = { class = "sensitive", normal = "hash" }
created_at = "drop"
[learning.languages]
"*" = "normal"
"#;

/// A world with a published export of `learning`, its rules, and a job for a layer.
async fn world() -> World {
    let world = World::start(Pace::instant()).await;
    let mut database = None;
    world.aws.rds.edit_database(|it| database = Some(it.clone()));
    for table in &database.unwrap().tables {
        for (part, body) in table.parquet().into_iter().enumerate() {
            let key = format!("latest/shop/learning/learning.{}/1/part-{part:05}.gz.parquet", table.name);
            world.aws.s3.put("lake", &key, body).unwrap();
        }
    }
    world.aws.s3.put("lake", "latest/shop/_manifest.json", r#"{"export_task": "shop-1"}"#).unwrap();
    world.aws.s3.put("lake", "rules.toml", RULES).unwrap();
    world.aws.glue.add_job("split", 1, None);
    world.aws.glue.add_database("shop_normal");
    world.aws.glue.add_crawler("shop-normal", "shop_normal", path("s3://lake/normal/shop/"));
    world
}

async fn split(world: &World, run: &str, layer: &str) -> Option<String> {
    let request = world.glue.start_job_run().job_name("split");
    let request = request.arguments("--datalake_run", run).arguments("--datalake_layer", layer);
    let request = request.arguments("--datalake_input", "s3://lake/latest/shop/");
    let request = request.arguments("--datalake_rules", "s3://lake/rules.toml");
    let request = request.arguments("--datalake_classification", hex::encode(Sha256::digest(RULES)));
    let request = request.arguments("--datalake_output", format!("s3://lake/{layer}/shop/"));
    let id = request.send().await.unwrap().job_run_id.unwrap();
    world.pass(1);
    let run = world.glue.get_job_run().job_name("split").run_id(id).send().await.unwrap().job_run.unwrap();
    run.error_message().map(str::to_owned)
}

/// Returns the columns of each table as a crawl sees them.
async fn crawled(world: &World) -> BTreeMap<String, Vec<(String, String)>> {
    world.aws.glue.crawl("shop-normal");
    let tables = world.glue.get_tables().database_name("shop_normal").send().await.unwrap();
    let live = tables.table_list().iter().filter(|it| !it.parameters().unwrap().contains_key("DEPRECATED_BY_CRAWLER"));
    let columns = |it: &aws_sdk_glue::types::Table| {
        let storage = it.storage_descriptor().unwrap();
        storage.columns().iter().map(|it| (it.name().to_owned(), it.r#type().unwrap().to_owned())).collect()
    };
    live.map(|it| (it.name().to_owned(), columns(it))).collect()
}

fn report(world: &World, layer: &str, run: &str) -> Value {
    let report = world.aws.s3.get("lake", &format!("{layer}/shop/_reports/{run}.json")).unwrap_or_default();
    serde_json::from_slice(&report).unwrap_or_default()
}

fn pairs(columns: &[(&str, &str)]) -> Vec<(String, String)> {
    columns.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect()
}

#[tokio::test]
async fn each_layer_gets_its_columns_and_no_others() {
    let world = world().await;
    world.aws.s3.put("lake", "normal/shop/learning/learning.users/datalake_run=shop-0/x.parquet", "x").unwrap();
    world.aws.s3.put("lake", "normal/shop/_reports/shop-0.json", "{}").unwrap();
    assert_eq!(split(&world, "shop-1", "normal").await, None);
    let expected = BTreeMap::from([
        ("learning_languages".to_owned(), pairs(&[("id", "int"), ("name", "string")])),
        ("learning_users".to_owned(), pairs(&[("id", "bigint"), ("name", "string"), ("email", "string")])),
    ]);
    assert_eq!(crawled(&world).await, expected);
    let keys = world.aws.s3.keys("lake", "normal/shop/");
    assert!(keys.iter().all(|it| it.contains("_reports/") || it.contains("datalake_run=shop-1/")), "{keys:?}");
    assert!(keys.iter().any(|it| it.ends_with("shop-0.json")), "reports are kept");
    for key in keys {
        let bytes = world.aws.s3.get("lake", &key).unwrap();
        assert!(!bytes.windows(12).any(|it| it == b"@example.com"), "{key}");
    }
    let report = report(&world, "normal", "shop-1");
    assert_eq!(report["tables"][1]["table"], "learning.users");
    assert_eq!((&report["tables"][1]["rows"], &report["layer"]), (&40.into(), &"normal".into()));

    assert_eq!(split(&world, "shop-1", "sensitive").await, None);
    let keys = world.aws.s3.keys("lake", "sensitive/shop/learning/");
    let tables: std::collections::BTreeSet<&str> = keys.iter().filter_map(|it| it.split('/').nth(3)).collect();
    assert_eq!(tables.len(), 5, "all that have rows: {tables:?}");
}

#[tokio::test]
async fn another_runs_data_and_other_rules_are_refused() {
    let world = world().await;
    assert_eq!(split(&world, "shop-2", "normal").await.as_deref(), Some("s3://lake/latest/shop holds shop-1"));
    world.aws.s3.put("lake", "rules.toml", "[learning]\n").unwrap();
    let error = split(&world, "shop-1", "normal").await.unwrap();
    assert_eq!(error, "s3://lake/rules.toml is not the classification that the job was given");
}

#[tokio::test]
async fn it_does_wrong_what_it_is_told_to() {
    let world = world().await;
    let slips = Slips {
        leaks: vec!["learning.users.created_at".to_owned()],
        keeps_rows: Some(3),
        claims: Some("other".to_owned()),
        ..Slips::default()
    };
    world.aws.glue.set_slips("split", slips);
    assert_eq!(split(&world, "shop-1", "normal").await, None);
    let leaked = ("created_at".to_owned(), "timestamp".to_owned());
    assert!(crawled(&world).await["learning_users"].contains(&leaked));
    let said = report(&world, "normal", "shop-1");
    assert_eq!((&said["tables"][1]["rows"], &said["classification"]), (&3.into(), &"other".into()));
    world.aws.s3.delete("lake", "normal/shop/_reports/shop-1.json");
    world.aws.glue.set_slips("split", Slips { is_silent: true, ..Slips::default() });
    assert_eq!(split(&world, "shop-1", "normal").await, None);
    assert_eq!(report(&world, "normal", "shop-1"), Value::Null);
}
