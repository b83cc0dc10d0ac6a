//! A bot whose source is a pointer, and what the tables of its catalogs show.

use std::{collections::BTreeMap, sync::Arc};

use datalake_bot::{
    domain::run::{Run, RunStatus},
    sandbox::{
        aws::{Glue, Slips, SnapshotType},
        faults::{Fault, Hook, Kind, Moment},
        slack::Posted,
        world::{BUCKET, World},
    },
};
use hyper::body::Bytes;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    harness::{ANA, Bot, CHANNEL, MINA, has, name, options},
    leaks::RULES,
};

/// The jobs of the source's layers, and the databases that the bot keeps.
pub(super) const LAYERS: [(&str, &str); 2] =
    [("learning-normal", "learning_normal"), ("learning-sensitive", "learning_sensitive")];
pub(super) const NORMAL: &str = LAYERS[0].1;

/// A bot whose source `learning` is a pointer, and runs when people say so.
pub(super) struct Lake {
    pub(super) bot: Bot,
    _folder: TempDir,
}

impl Lake {
    pub(super) async fn start(slips: Slips) -> Self {
        Self::start_with(slips, "").await
    }

    /// Starts one whose source has `more` lines in the configuration.
    pub(super) async fn start_with(slips: Slips, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("learning.toml");
        std::fs::write(&file, RULES).unwrap();
        let world = World::start(options()).await.unwrap();
        world.aws.glue.set_slips(LAYERS[0].0, slips);
        let head = format!("name = \"learning\"\nclassification = \"{}\"\npublish = \"pointer\"{more}", file.display());
        let edit = |config: String| {
            let config = config.replacen("name = \"learning\"", &head, 1);
            let config = config.replacen("schedule = \"on-snapshot\"", "schedule = \"manual\"", 1);
            LAYERS.iter().fold(config, |config, (job, database)| {
                config.replace(&format!("crawler = \"{job}\""), &format!("database = \"{database}\""))
            })
        };
        Self { bot: Bot::start_in(world, edit).await, _folder: folder }
    }

    /// Starts one whose tables show a first run of the Normal layer.
    pub(super) async fn with_a_run() -> (Self, Run) {
        let lake = Self::start(Slips::default()).await;
        let first = lake.run().await;
        assert_eq!(first.status, RunStatus::Succeeded, "{:?}", first.error);
        (lake, first)
    }

    /// Runs the Normal layer, from the second time on of a new snapshot, and returns its record once it is over or waits
    /// for people.
    pub(super) async fn run(&self) -> Run {
        self.ask().await;
        self.bot.newest_that_is(&[RunStatus::Succeeded, RunStatus::Failed, RunStatus::WaitingApproval]).await
    }

    /// Takes a snapshot, and waits until it is available: it is the latest then.
    pub(super) async fn snapshot(&self, night: &str) {
        let rds = &self.bot.world.aws.rds;
        let arn =
            rds.create_snapshot("learning-db", &format!("rds:learning-db-{night}"), SnapshotType::Automated).unwrap();
        let client = aws_sdk_rds::Client::new(&self.bot.world.sdk_config());
        let is_there = async || {
            let found = client.describe_db_snapshots().db_instance_identifier("learning-db").send().await.unwrap();
            let mut all = found.db_snapshots.unwrap_or_default().into_iter();
            let it = all.find(|it| it.db_snapshot_arn() == Some(&arn))?;
            (it.status() == Some("available")).then_some(())
        };
        self.bot.until("the snapshot is available", is_there).await;
    }

    /// Runs both layers, from the second time on of a new snapshot: Mina approves. Returns the record of the end.
    pub(super) async fn run_both(&self) -> Run {
        self.ask_for("normal,sensitive").await;
        self.approve().await;
        self.bot.newest_that_is(&[RunStatus::Succeeded, RunStatus::Failed]).await
    }

    /// Mina approves the sensitive layer of the run that waits for it.
    pub(super) async fn approve(&self) {
        self.decide("approval.approve").await;
    }

    /// Mina presses a button of the request of the run that waits for it.
    pub(super) async fn decide(&self, action: &str) {
        let waits = self.bot.run_that_is(RunStatus::WaitingApproval).await;
        let id = waits.approval.unwrap().id;
        let asks = |it: &Posted| has(it, "approval.approve") && it.blocks.iter().any(|it| it.to_string().contains(&id));
        let asked = async || self.bot.messages(CHANNEL).into_iter().find(asks);
        let request = self.bot.until("people are asked", asked).await;
        self.bot.world.slack.press(MINA, CHANNEL, &request.ts, action).await.unwrap();
    }

    pub(super) async fn ask(&self) {
        self.ask_for("normal").await;
    }

    /// Asks for a run of `layers`, from the second time on of a new snapshot, and returns when it is there.
    pub(super) async fn ask_for(&self, layers: &str) {
        let before = self.bot.runs().await.len();
        if before > 0 {
            self.snapshot(&format!("night-{before}")).await;
        }
        self.bot.slash(ANA, &format!("/datalake run learning --layers {layers}")).await;
        self.bot.until("the run is there", async || (self.bot.runs().await.len() > before).then_some(())).await;
    }

    /// Returns which run each table of a database shows.
    pub(super) fn shown(&self, database: &str) -> BTreeMap<String, String> {
        let tables = self.bot.world.aws.glue.tables(database);
        tables.into_iter().map(|(name, it)| (name, text(&it["Parameters"]["datalake_run"]))).collect()
    }

    /// Says that both tables of the Normal layer show the run.
    pub(super) fn assert_shows(&self, run: &Run) {
        self.assert_database_shows(NORMAL, run);
        assert!(self.shown(NORMAL).keys().eq(["learning_languages", "learning_users"]));
    }

    /// Says that every table of a layer's database shows the run, and that there is something where it says.
    pub(super) fn assert_database_shows(&self, database: &str, run: &Run) {
        let tables = self.glue().tables(database);
        assert!(!tables.is_empty());
        for table in tables.values() {
            let location = text(&table["StorageDescriptor"]["Location"]);
            let (bucket, key) = location["s3://".len()..].split_once('/').unwrap();
            assert_eq!(table["Parameters"]["datalake_run"], name(run), "{table}");
            assert!(key.contains(name(run)) && !self.bot.world.aws.s3.keys(bucket, key).is_empty(), "{location}");
        }
    }

    /// Returns what the manifest says where the published data lies.
    pub(super) fn location(&self) -> String {
        let manifest = self.bot.world.aws.s3.get(BUCKET, "latest/learning/_manifest.json").unwrap();
        text(&serde_json::from_slice::<Value>(&manifest).unwrap()["location"])
    }

    /// Returns the tables of databases, by database and name, sorted.
    pub(super) fn tables(&self, databases: &[&str]) -> Vec<String> {
        let named = |database: &&str| {
            let named = |it: String| format!("{database}.{it}");
            self.shown(database).into_keys().map(named).collect::<Vec<_>>()
        };
        databases.iter().flat_map(named).collect()
    }

    /// Returns which tables were turned to the run, as [`tables`](Self::tables) does: one twice if it was turned twice.
    pub(super) fn turned_to(&self, run: &Run) -> Vec<String> {
        let turns = self.bot.effects("glue", "UpdateTable").into_iter().map(|it| it.note);
        let turns = turns.filter(|it| it["table"]["Parameters"]["datalake_run"] == name(run));
        let mut turned: Vec<String> =
            turns.map(|it| format!("{}.{}", text(&it["database"]), text(&it["table"]["Name"]))).collect();
        turned.sort();
        turned
    }

    /// Returns the files that the run's jobs have written, and what they are now.
    pub(super) fn files(&self, run: &Run) -> Vec<(String, Option<Bytes>)> {
        let s3 = &self.bot.world.aws.s3;
        let folders = ["normal", "sensitive"].map(|layer| format!("{layer}/learning/{}/", run.export_task));
        let keys = folders.iter().flat_map(|folder| s3.keys(BUCKET, folder));
        keys.map(|key| (key.clone(), s3.get(BUCKET, &key))).collect()
    }

    pub(super) fn calls(&self, operation: &str) -> usize {
        self.bot.effects("glue", operation).len()
    }

    /// Runs `hook` at the next call of an operation of Glue whose request holds `containing`.
    pub(super) fn at(&self, operation: &str, containing: &str, at: Moment, hook: Hook) {
        let fault = Fault::once("glue", operation, Kind::Hook { at, hook }).containing(containing);
        self.bot.world.front.faults.plant(fault);
    }

    pub(super) fn glue(&self) -> Arc<Glue> {
        Arc::clone(&self.bot.world.aws.glue)
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
