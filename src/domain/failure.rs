//! Why something went wrong, what class of trouble it is, and what mends it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{doubt::Finding, source::Layer, stage::Extent};

/// A class of trouble: it alone decides what the bot does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// May pass by itself: throttling, 5xx, time-outs.
    Transient,
    /// The work has failed for a reason on AWS's side; doing it again under a new name may help.
    NewAttempt,
    /// Roles, keys, buckets, names: a person must mend the set-up first.
    Config,
    /// The data is not as it must be.
    Data,
    /// What was started cannot be found any more.
    Lost,
}

/// A failure as it is recorded and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub class: Class,
    /// AWS's error code, or one of [`codes`].
    pub code: String,
    /// What AWS or the job said, as it said it.
    pub message: String,
    /// What mends it, in the language of the channel. Filled in when the failure is recorded.
    #[serde(default)]
    pub remedy: String,
    /// What the bot itself has found: people read that, in their language, in the place of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
}

/// What the bot itself has found wrong, where nobody else has said anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Found {
    /// Tables of a layer have lost rows: the first of them, and how many more have.
    RowsLost { layer: Layer, findings: Vec<Finding>, more: u32 },
    /// The catalog that the crawler writes to shows none of so many tables that the job has written.
    Unseen { tables: u32, crawler: String },
    /// The same, of a database whose tables the bot keeps.
    UnseenIn { tables: u32, database: String },
    /// Of an export that was published before, a part is not there any more.
    InPart { is: Extent, was: Extent },
}

impl Found {
    /// Returns the findings in it.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::RowsLost { findings, .. } => findings,
            Self::Unseen { .. } | Self::UnseenIn { .. } | Self::InPart { .. } => &[],
        }
    }
}

/// In the record and the log: names and numbers, in no language.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RowsLost { layer, findings, more } => {
                f.write_str(layer.as_str())?;
                for Finding { table, was, is, .. } in findings {
                    let number = |it: &Option<String>| it.clone().unwrap_or_else(|| "0".to_owned());
                    write!(f, ", {table}: {} -> {}", number(was), number(is))?;
                }
                if *more > 0 { write!(f, ", … +{more}") } else { Ok(()) }
            }
            Self::Unseen { tables, crawler: at } | Self::UnseenIn { tables, database: at } => {
                write!(f, "{at}: 0/{tables}")
            }
            Self::InPart { is, was } => {
                write!(f, "{}/{} objects, {}/{} bytes", is.objects, was.objects, is.bytes, was.bytes)
            }
        }
    }
}

/// Codes of failures that AWS has no code for.
pub mod codes {
    /// The export task ended as `FAILED`; the message is RDS's `FailureCause`.
    pub const EXPORT_FAILED: &str = "ExportFailed";
    /// The export task was canceled by somebody else.
    pub const EXPORT_CANCELED: &str = "ExportCanceled";
    /// An export task of our name exists, but is of something else.
    pub const EXPORT_NAME_TAKEN: &str = "ExportNameTaken";
    /// The snapshot is in a state from which it will not become available.
    pub const SNAPSHOT_UNUSABLE: &str = "SnapshotUnusable";
    /// RDS reports tables that it did not export.
    pub const TABLES_FAILED: &str = "TablesFailed";
    /// Tables of the last good run are not in the export, and were not skipped.
    pub const TABLES_GONE: &str = "TablesGone";
    /// The export has no status file where RDS writes it.
    pub const STATUS_FILES_MISSING: &str = "StatusFilesMissing";
    /// A status file cannot be read.
    pub const STATUS_FILES_UNREADABLE: &str = "StatusFilesUnreadable";
    /// `latest/` already holds data of a newer snapshot.
    pub const LATEST_IS_NEWER: &str = "LatestIsNewer";
    /// Of the export that is to be published again, a part is not there any more.
    pub const EXPORT_IN_PART: &str = "ExportInPart";
    /// `latest/` does not hold the data that the run has put there any more.
    pub const LATEST_REPLACED: &str = "LatestReplaced";
    /// There is nothing to publish, or after the copy an object was missing or had another size.
    pub const COPY_INCOMPLETE: &str = "CopyIncomplete";
    /// Somebody else publishes to the same prefix at the same time.
    pub const LATEST_CONTESTED: &str = "LatestContested";
    /// What lies in the place of the manifest cannot be read, so that nobody knows how new the data there is.
    pub const MANIFEST_UNREADABLE: &str = "ManifestUnreadable";
    /// The export, by its own status file, is not complete.
    pub const EXPORT_NOT_COMPLETE: &str = "ExportNotComplete";
    /// What is to be published and where to lie one in the other.
    pub const OVERLAPPING_PREFIXES: &str = "OverlappingPrefixes";
    /// What is to be published is no export, but holds some.
    pub const NOT_ONE_EXPORT: &str = "NotOneExport";
    /// Below the prefix that is to be published to, something else is published.
    pub const TARGET_OF_OTHERS: &str = "TargetOfOthers";
    /// A publish was asked to stop.
    pub const STOPPED: &str = "Stopped";
    /// A Glue job run ended without success.
    pub const JOB_FAILED: &str = "JobFailed";
    /// A crawl ended without success.
    pub const CRAWL_FAILED: &str = "CrawlFailed";
    /// What lies in the place of a job's report is none.
    pub const REPORT_UNREADABLE: &str = "ReportUnreadable";
    /// The job has left no report, and nothing else says which tables there are.
    pub const REPORT_MISSING: &str = "ReportMissing";
    /// A job's report is of another run, layer or classification than the job was given.
    pub const REPORT_DIFFERS: &str = "ReportDiffers";
    /// A table has fewer rows than the source's policy lets pass.
    pub const ROWS_LOST: &str = "RowsLost";
    /// A table of the catalog that the run needs is somebody else's.
    pub const FOREIGN_TABLE: &str = "ForeignTable";
    /// Two tables of a layer would have the same name in the catalog.
    pub const TABLE_NAMES_CLASH: &str = "TableNamesClash";
    /// The job has written no table of a layer that has some.
    pub const EMPTY_LAYER: &str = "EmptyLayer";
    /// The catalog shows nothing of what the job has written.
    pub const CATALOG_UNSEEN: &str = "CatalogUnseen";
    /// The stage took longer than its deadline.
    pub const STUCK: &str = "Stuck";
    /// What was started cannot be found any more.
    pub const WORK_LOST: &str = "WorkLost";
    /// An approver said no.
    pub const APPROVAL_DENIED: &str = "ApprovalDenied";
    /// Nobody decided in time.
    pub const APPROVAL_EXPIRED: &str = "ApprovalExpired";
    /// The run was not to go on with what was found.
    pub const DOUBT_DENIED: &str = "DoubtDenied";
    /// Nobody decided in time about what was found.
    pub const DOUBT_EXPIRED: &str = "DoubtExpired";
    /// The configuration no longer has the source, or the layer.
    pub const SOURCE_GONE: &str = "SourceGone";
    /// No answer within the time-out of the call.
    pub const NO_ANSWER: &str = "NoAnswer";
}

impl Failure {
    /// Returns a failure whose remedy is not yet written.
    pub fn new(class: Class, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { class, code: code.into(), message: message.into(), remedy: String::new(), found: None }
    }

    /// Returns the failure that something is that the bot itself has found.
    pub fn found(class: Class, code: &str, found: Found) -> Self {
        let failure = Self::new(class, code, found.to_string());
        Self { found: Some(found), ..failure }
    }

    /// Returns which remedy helps: the name of a text in `templates/`.
    pub fn remedy(&self) -> Remedy {
        Remedy::of(&self.code, &self.message)
    }
}

/// What mends a failure. Each has its text in `templates/`, under the name that [`Remedy::as_str`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    ExportRoleTrust,
    ExportRolePolicy,
    KmsKey,
    Bucket,
    BucketRegion,
    BucketAccess,
    DataKey,
    ExportTables,
    Snapshot,
    ExportAgain,
    NameTaken,
    SkippedTables,
    GoneTables,
    GlueJob,
    GlueJobMissing,
    Crawler,
    CrawlerMissing,
    JobReport,
    JobReportMissing,
    RowsLost,
    Catalog,
    ForeignTable,
    TableNames,
    EmptyLayer,
    Permissions,
    NewerData,
    ExportInPart,
    LatestReplaced,
    LatestContested,
    Manifest,
    UnfinishedExport,
    Prefixes,
    Copy,
    Approval,
    Doubt,
    Configuration,
    Again,
}

impl Remedy {
    /// Every remedy, so that a test can see that each has its text.
    pub const ALL: [Self; 37] = [
        Self::ExportRoleTrust,
        Self::ExportRolePolicy,
        Self::KmsKey,
        Self::Bucket,
        Self::BucketRegion,
        Self::BucketAccess,
        Self::DataKey,
        Self::ExportTables,
        Self::Snapshot,
        Self::ExportAgain,
        Self::NameTaken,
        Self::SkippedTables,
        Self::GoneTables,
        Self::GlueJob,
        Self::GlueJobMissing,
        Self::Crawler,
        Self::CrawlerMissing,
        Self::JobReport,
        Self::JobReportMissing,
        Self::RowsLost,
        Self::Catalog,
        Self::ForeignTable,
        Self::TableNames,
        Self::EmptyLayer,
        Self::Permissions,
        Self::NewerData,
        Self::ExportInPart,
        Self::LatestReplaced,
        Self::LatestContested,
        Self::Manifest,
        Self::UnfinishedExport,
        Self::Prefixes,
        Self::Copy,
        Self::Approval,
        Self::Doubt,
        Self::Configuration,
        Self::Again,
    ];

    /// Returns the name of the remedy's text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExportRoleTrust => "export_role_trust",
            Self::ExportRolePolicy => "export_role_policy",
            Self::KmsKey => "kms_key",
            Self::Bucket => "bucket",
            Self::BucketRegion => "bucket_region",
            Self::BucketAccess => "bucket_access",
            Self::DataKey => "data_key",
            Self::ExportTables => "export_tables",
            Self::Snapshot => "snapshot",
            Self::ExportAgain => "export_again",
            Self::NameTaken => "name_taken",
            Self::SkippedTables => "skipped_tables",
            Self::GoneTables => "gone_tables",
            Self::GlueJob => "glue_job",
            Self::GlueJobMissing => "glue_job_missing",
            Self::Crawler => "crawler",
            Self::CrawlerMissing => "crawler_missing",
            Self::JobReport => "job_report",
            Self::JobReportMissing => "job_report_missing",
            Self::RowsLost => "rows_lost",
            Self::Catalog => "catalog",
            Self::ForeignTable => "foreign_table",
            Self::TableNames => "table_names",
            Self::EmptyLayer => "empty_layer",
            Self::Permissions => "permissions",
            Self::NewerData => "newer_data",
            Self::ExportInPart => "export_in_part",
            Self::LatestReplaced => "latest_replaced",
            Self::LatestContested => "latest_contested",
            Self::Manifest => "manifest",
            Self::UnfinishedExport => "unfinished_export",
            Self::Prefixes => "prefixes",
            Self::Copy => "copy",
            Self::Approval => "approval",
            Self::Doubt => "doubt",
            Self::Configuration => "configuration",
            Self::Again => "again",
        }
    }

    fn of(code: &str, message: &str) -> Self {
        match code {
            "IamRoleNotFound" | "IamRoleNotFoundFault" => Self::ExportRoleTrust,
            "IamRoleMissingPermissions" | "IamRoleMissingPermissionsFault" => Self::ExportRolePolicy,
            "KMSKeyNotAccessibleFault" => Self::KmsKey,
            "InvalidS3BucketFault" | "NoSuchBucket" => Self::Bucket,
            "PermanentRedirect"
            | "TemporaryRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException" => Self::BucketRegion,
            _ if code.starts_with("KMS.") => Self::DataKey,
            "AccessDenied" | "AllAccessDisabled" if message.starts_with("s3:") => Self::of_bucket(message),
            "InvalidExportOnly" | "InvalidExportOnlyFault" => Self::ExportTables,
            "DBSnapshotNotFound"
            | "DBSnapshotNotFoundFault"
            | "DBClusterSnapshotNotFoundFault"
            | codes::SNAPSHOT_UNUSABLE => Self::Snapshot,
            codes::EXPORT_FAILED => Self::of_export_cause(message),
            codes::EXPORT_CANCELED => Self::ExportAgain,
            codes::EXPORT_NAME_TAKEN => Self::NameTaken,
            codes::TABLES_FAILED => Self::SkippedTables,
            codes::TABLES_GONE => Self::GoneTables,
            codes::JOB_FAILED => Self::GlueJob,
            codes::CRAWL_FAILED => Self::Crawler,
            codes::REPORT_UNREADABLE | codes::REPORT_DIFFERS => Self::JobReport,
            codes::REPORT_MISSING => Self::JobReportMissing,
            codes::ROWS_LOST => Self::RowsLost,
            codes::FOREIGN_TABLE => Self::ForeignTable,
            codes::TABLE_NAMES_CLASH => Self::TableNames,
            codes::EMPTY_LAYER => Self::EmptyLayer,
            codes::CATALOG_UNSEEN | "CrawlerWithoutDatabase" | "DatabaseNotFound" => Self::Catalog,
            codes::LATEST_IS_NEWER => Self::NewerData,
            codes::EXPORT_IN_PART => Self::ExportInPart,
            codes::LATEST_REPLACED => Self::LatestReplaced,
            codes::LATEST_CONTESTED => Self::LatestContested,
            codes::MANIFEST_UNREADABLE => Self::Manifest,
            codes::EXPORT_NOT_COMPLETE => Self::UnfinishedExport,
            codes::OVERLAPPING_PREFIXES | codes::NOT_ONE_EXPORT | codes::TARGET_OF_OTHERS => Self::Prefixes,
            codes::COPY_INCOMPLETE => Self::Copy,
            codes::APPROVAL_DENIED | codes::APPROVAL_EXPIRED => Self::Approval,
            codes::DOUBT_DENIED | codes::DOUBT_EXPIRED => Self::Doubt,
            codes::SOURCE_GONE => Self::Configuration,
            "JobNotFound" => Self::GlueJobMissing,
            "CrawlerNotFound" => Self::CrawlerMissing,
            "AccessDenied" | "AccessDeniedException" | "AccessDeniedFault" => Self::Permissions,
            _ => Self::Again,
        }
    }

    /// Reads what was refused of the calls that publish: where a key is named, it is the key.
    fn of_bucket(message: &str) -> Self {
        if message.to_ascii_lowercase().contains("kms") { Self::DataKey } else { Self::BucketAccess }
    }

    /// Reads RDS's `FailureCause`, by the table of failure messages in the RDS and Aurora user guides.
    fn of_export_cause(cause: &str) -> Self {
        let cause = cause.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|it| cause.contains(it));
        if says(&["assume"]) {
            Self::ExportRoleTrust
        } else if says(&["kms key", "kms check"]) {
            Self::KmsKey
        } else if says(&["isn't authorized", "not authorized", "failed to write", "wasn't able to write"]) {
            Self::ExportRolePolicy
        } else if says(&["bucket isn't", "bucket is not", "bucket doesn't", "s3 credential"]) {
            Self::Bucket
        } else {
            Self::ExportAgain
        }
    }
}

#[cfg(test)]
mod tests;
