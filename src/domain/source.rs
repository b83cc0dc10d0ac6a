//! A source as configured: the database, where its exports go, and the layers that are made of them.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{
    access::{Identities, Who},
    classification::Rules,
    name::ExportTask,
    retention::Retention,
    stage::StageId,
};

/// A database that is copied into the lake. Checked by `config` when it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Name in commands and at the start of every export task's name.
    pub name: String,
    pub engine: Engine,
    /// Identifier of the instance or cluster.
    pub identifier: String,
    pub schedule: Schedule,
    pub export: Export,
    pub publish: Publish,
    pub latest: Location,
    /// How long after the last success people are told that none has come.
    pub expect_every: Option<Duration>,
    /// Digest of the classification in force, handed to the Glue jobs.
    pub classification: String,
    /// What that classification says. Empty, everything is sensitive.
    pub rules: Arc<Rules>,
    pub policy: Policy,
    /// What is kept of its exports. `None`: the bot removes nothing.
    pub retention: Option<Retention>,
    pub normal: LayerWork,
    pub sensitive: Option<SensitiveLayer>,
    /// Who may start, retry and cancel its runs.
    pub operators: Vec<Who>,
    /// Who may let its sensitive layer be refreshed without an approval, in an emergency.
    pub break_glass: Vec<Who>,
    /// Which accounts are one person's: whoever shapes a run cannot approve it by another account.
    pub people: Identities,
}

/// What follows when an export lacks what it should have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// RDS did not export tables.
    pub skipped_tables: Then,
    /// Tables of the last good run are not in the database any more.
    pub gone_tables: Then,
    /// A table of a layer has fewer rows than in the last good run.
    pub row_fall: RowFall,
}

/// How far rows may fall, and what follows when they fall further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowFall {
    /// Of a hundred rows, how many a table may lose.
    pub percent: u32,
    pub then: Then,
}

impl Default for RowFall {
    /// A table may lose half of its rows; of more, people are asked: nothing else tells them before it is used.
    fn default() -> Self {
        Self { percent: 50, then: Then::Ask }
    }
}

/// What follows from something that may be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// The run goes on, and ends with a warning.
    #[default]
    Warn,
    /// People are asked whether the run goes on.
    Ask,
    /// The run fails.
    Fail,
}

/// What kind of database a source is: decides between the instance and the cluster calls of RDS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    Rds,
    Aurora,
}

/// What starts a run of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Every new snapshot.
    #[default]
    OnSnapshot,
    /// People only.
    Manual,
}

/// How an export becomes what its layers are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Publish {
    /// Its objects are copied under `latest/`, in place of those of the one before.
    #[default]
    Copy,
    /// It stays where it is: the manifest names it, and the tables of the catalogs are turned to what is made of it.
    Pointer,
}

/// Where and with what rights RDS writes the exports of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    pub to: Location,
    pub role_arn: String,
    pub kms_key: String,
    /// `ExportOnly` of every run that does not name its own tables; empty is the whole database.
    pub only: Vec<String>,
}

/// A prefix in a bucket, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    pub bucket: String,
    pub prefix: String,
}

impl Location {
    /// Returns the key of `name` below the prefix.
    pub fn key(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) }
    }

    /// Returns the prefix `name` below this one.
    pub fn below(&self, name: &str) -> Self {
        Self { bucket: self.bucket.clone(), prefix: self.key(name) }
    }

    /// Returns the `s3://` address of the prefix, with a slash at its end.
    pub fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key(""))
    }
}

/// A catalog that is made of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    Normal,
    Sensitive,
}

impl Layer {
    /// Every layer, in the order in which they are refreshed.
    pub const ALL: [Self; 2] = [Self::Normal, Self::Sensitive];

    /// Returns the layer's name in commands, records and Glue arguments.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Sensitive => "sensitive",
        }
    }
}

/// What refreshes a layer, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerWork {
    pub glue_job: String,
    pub catalog: Catalog,
    /// Where the job writes the layer's tables, and its report: see [`Source::written_to`].
    pub output: Location,
}

/// Who keeps the tables of a layer in Glue's catalog.
///
/// By the configuration's check, all layers of a source that is published as a pointer have [`Tables`](Self::Tables), all others a [`Crawler`](Self::Crawler).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Catalog {
    /// The crawler of this name, by what it finds in the layer's output.
    Crawler(String),
    /// The bot, by what the job has reported.
    Tables { database: String },
}

impl LayerWork {
    /// Returns the layer's crawler, if one keeps its tables.
    pub fn crawler(&self) -> Option<&str> {
        match &self.catalog {
            Catalog::Crawler(name) => Some(name),
            Catalog::Tables { .. } => None,
        }
    }
}

/// The layer that only authorised people may see, and who lets it be refreshed.
#[derive(Clone, Debug, PartialEq)]
pub struct SensitiveLayer {
    pub work: LayerWork,
    pub approval: ApprovalRule,
}

/// Who must approve a refresh of the sensitive layer.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovalRule {
    pub approvers: Vec<Who>,
    /// How many different people must approve.
    pub quorum: u32,
    /// After so long without a decision the request is closed.
    pub expires_after: SignedDuration,
}

impl Source {
    /// Returns what refreshes `layer`, if the source has that layer.
    pub fn layer(&self, layer: Layer) -> Option<&LayerWork> {
        match layer {
            Layer::Normal => Some(&self.normal),
            Layer::Sensitive => self.sensitive.as_ref().map(|it| &it.work),
        }
    }

    /// Returns where the export `run` is.
    pub fn export_of(&self, run: &ExportTask) -> Location {
        self.export.to.below(run.as_str())
    }

    /// Returns what the jobs of `run` read.
    pub fn read_from(&self, run: &ExportTask) -> Location {
        match self.publish {
            Publish::Copy => self.latest.clone(),
            Publish::Pointer => self.export_of(run),
        }
    }

    /// Returns where the job of `layer` writes what it makes of `run`, and its report. Where readers are turned from one
    /// run to the next, each has a place of its own.
    pub fn written_to(&self, layer: Layer, run: &ExportTask) -> Option<Location> {
        let output = &self.layer(layer)?.output;
        Some(match self.publish {
            Publish::Copy => output.clone(),
            Publish::Pointer => output.below(run.as_str()),
        })
    }

    /// Says whether the work of `stage` is the bot's own: nothing of it goes on in AWS when the bot stops.
    pub fn is_own_work(&self, stage: StageId) -> bool {
        match stage {
            StageId::Latest => true,
            StageId::NormalCatalog | StageId::SensitiveCatalog => {
                let work = stage.layer().and_then(|it| self.layer(it));
                work.is_some_and(|it| it.crawler().is_none())
            }
            StageId::Snapshot
            | StageId::Export
            | StageId::Verify
            | StageId::NormalTransform
            | StageId::SensitiveApproval
            | StageId::SensitiveTransform => false,
        }
    }

    /// Says whether `stage` shows, or makes, something of what is published: it must be the run's then. A crawler shows
    /// what the last job has written, whoever calls it; tables that the bot keeps would be turned back.
    pub fn needs_latest(&self, stage: StageId) -> bool {
        match stage {
            StageId::NormalTransform | StageId::SensitiveTransform => true,
            StageId::NormalCatalog | StageId::SensitiveCatalog => self.is_own_work(stage),
            StageId::Snapshot | StageId::Export | StageId::Verify | StageId::Latest | StageId::SensitiveApproval => {
                false
            }
        }
    }

    /// Returns where the classification's files lie, each under its digest, for the Glue jobs to read.
    pub fn rules_at(&self) -> Location {
        Location { bucket: self.latest.bucket.clone(), prefix: format!("classification/{}", self.name) }
    }

    /// Returns the layers that the source has.
    pub fn layers(&self) -> Vec<Layer> {
        Layer::ALL.into_iter().filter(|it| self.layer(*it).is_some()).collect()
    }
}
