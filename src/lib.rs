//! datalake-bot: a Slack chatops bot that runs a data lake on AWS.
//!
//! A database is copied once a day without touching it: RDS exports a snapshot to S3, the objects are copied under
//! `latest/`, a Glue job transforms them, a Glue crawler refreshes the catalog; the sensitive catalog waits for a
//! person's approval. Slack starts, shows and mends it. The modules in the order in which data flows through them:
//!
//! - [`inbound`]: Slack's doors and the queue of AWS's events; they verify, parse, answer in time.
//! - [`engine`]: the use cases; records wishes, moves runs on, draws their threads. Async, through ports only.
//! - [`domain`]: what a run is and every decision about it. Pure.
//! - [`projection`]: what people see of a run, in their language. Pure.
//! - [`adapters`]: the engine's ports over AWS and Slack.
//! - [`doctor`]: what is wrong with the live environment.
//! - [`app`], [`cli`], [`config`]: the whole put together, from the command line and a file.

pub mod adapters;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod domain;
pub mod engine;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod health;
pub mod inbound;
pub mod metrics;
pub mod projection;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod telemetry;
