//! The names of all metrics; a counter's name ends in `_total`, other units are in the name.

/// Keys that are awake, by `kind` (`run`, `thread`).
pub const AWAKE: &str = "datalake_awake";
/// Passes that ended because the record could not be read or written.
pub const PASS_ERRORS: &str = "datalake_pass_errors_total";
/// Runs that have ended, by `status`.
pub const RUNS_ENDED: &str = "datalake_runs_ended_total";
/// Requests from Slack, by `door` and `outcome`.
pub const SLACK_REQUESTS: &str = "datalake_slack_requests_total";
/// Payloads from Slack that the bot does not know, by `door` and `type`.
pub const SLACK_UNKNOWN: &str = "datalake_slack_unknown_total";
/// Messages from the queue and from SNS, by `kind`.
pub const MESSAGES: &str = "datalake_queue_messages_total";
/// Requests at the door of SNS, by `outcome`.
pub const SNS_REQUESTS: &str = "datalake_sns_requests_total";
/// Calls to Slack, by `method` and `outcome`.
pub const SLACK_CALLS: &str = "datalake_slack_calls_total";
/// Threads that could not be brought up to date, each time it was tried, by `reason`: Slack's error.
pub const SLACK_TROUBLE: &str = "datalake_slack_trouble_total";
/// Connections of Socket Mode that are up.
pub const SLACK_SOCKETS: &str = "datalake_slack_sockets";
/// Connections of Socket Mode that have ended, by `why` (`broken`, `refresh`).
pub const SLACK_SOCKETS_ENDED: &str = "datalake_slack_sockets_ended_total";
/// Attempts that were refused, by `why`.
pub const REFUSALS: &str = "datalake_refusals_total";
/// Exports that were removed because nothing needs them any more.
pub const EXPORTS_REMOVED: &str = "datalake_exports_removed_total";
/// Objects of these.
pub const OBJECTS_REMOVED: &str = "datalake_objects_removed_total";
/// Sweeps and other passes of their kind that could not be finished.
pub const SWEEP_ERRORS: &str = "datalake_sweep_errors_total";
/// Long-lived tasks that began again after a panic, by `task`.
pub const RESTARTS: &str = "datalake_task_restarts_total";
