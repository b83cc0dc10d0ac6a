//! Tables that the bot itself keeps, in moto's catalog.

use std::sync::Arc;

use datalake_bot::{
    adapters::aws::Aws,
    domain::{
        run::{Order, Run, Trigger},
        seen::{Seen, Started},
        snapshot::{Origin, Snapshot},
        source::{Catalog, LayerWork, Location, Publish, Source},
        stage::StageId,
    },
    engine::ports::{Progress, Work as _},
    sandbox::clock::SimClock,
};
use serde_json::json;

use super::{
    lake::{BUCKET, Lake},
    server::Server,
};

const STAGE: StageId = StageId::NormalCatalog;

/// Returns a run of the snapshot of that day, whose job has reported these tables.
async fn written(lake: &Lake<'_>, source: &Source, day: u8, tables: &[&str]) -> Run {
    let taken_at = format!("2026-11-{day}T03:00:00Z").parse().unwrap();
    let (id, arn) = (format!("s{day}"), format!("arn:aws:rds:ap-northeast-1:123456789012:snapshot:s{day}"));
    let snapshot = Snapshot { id, arn, taken_at, available: true, origin: Origin::Manual, allocated: None };
    let order =
        Order { trigger: Trigger::Event, requested_by: None, only: Vec::new(), layers: Vec::new(), reason: None };
    let run = Run::new(source, &snapshot, &order, taken_at);
    let name = run.export_task.as_str();
    let table = |table: &&str| {
        let columns = json!([{ "name": "Id", "type": "bigint" }, { "name": format!("d{day}"), "type": "string" }]);
        json!({ "database": "shop", "table": format!("shop.{table}"), "rows": 1, "columns": columns })
    };
    let tables: Vec<_> = tables.iter().map(table).collect();
    let report = json!({ "datalake_run": name, "layer": "normal", "classification": "c1a55", "tables": tables });
    lake.put(&format!("normal/shop/{name}/_reports/{name}.json"), &report.to_string()).await;
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_created_turned_to_the_next_run_and_deleted() {
    let server = Server::start().await;
    let lake = Lake::create(&server).await;
    let output = Location { bucket: BUCKET.to_owned(), prefix: "normal/shop".to_owned() };
    let catalog = Catalog::Tables { database: "shop_normal".to_owned() };
    let normal = LayerWork { glue_job: "shop-normal".to_owned(), catalog, output };
    let source = Source { publish: Publish::Pointer, normal, ..crate::aws::source() };
    let aws = Aws::new(&server.sdk(), Arc::new(SimClock::running()));
    let glue = aws_sdk_glue::Client::new(&server.sdk());
    for (day, tables) in [(21, ["users", "orders"].as_slice()), (22, &["users", "lines"])] {
        let run = written(&lake, &source, day, tables).await;
        assert_eq!(aws.look(&run, &source, STAGE).await, Seen::Absent { marker: None });
        let started = Box::pin(aws.start(&run, &source, STAGE, &Progress::default())).await;
        assert_eq!(started, Started::Acted { handle: None });
        let Seen::Done { detail, .. } = aws.look(&run, &source, STAGE).await else { panic!("done") };
        assert_eq!(detail.switched_tables, Some(2));

        let found = glue.get_tables().database_name("shop_normal").send().await.unwrap().table_list.unwrap_or_default();
        let mut names: Vec<String> = found.iter().map(|it| it.name().to_owned()).collect();
        names.sort();
        let mut wanted: Vec<String> = tables.iter().map(|it| format!("shop_{it}")).collect();
        wanted.sort();
        assert_eq!(names, wanted);
        for table in &found {
            let storage = table.storage_descriptor().unwrap();
            assert!(storage.location().unwrap().contains(run.export_task.as_str()), "{table:?}");
            let columns: Vec<&str> = storage.columns().iter().map(|it| it.name()).collect();
            assert_eq!(columns, ["id", format!("d{day}").as_str()]);
            assert_eq!(table.parameters().unwrap()["datalake_run"], run.export_task.as_str());
        }
    }
}
