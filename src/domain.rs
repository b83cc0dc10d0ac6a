//! What the bot knows of runs, and every decision about them. Pure: no I/O, no clock, no vendor's types.
//!
//! Data flows through it like this: a [`command`] or an event names a [`source`]; a snapshot of it gets a [`name`] and
//! becomes a [`run`]; [`plan`] says what to record and what to do next, from the record, from what was seen of the
//! stage's work and from the time; a [`fact`] is the only thing that changes a run.

pub mod access;
pub mod answer;
pub mod approval;
pub mod audit;
pub mod catalog;
pub mod classification;
pub mod command;
pub mod doubt;
pub mod export;
pub mod fact;
pub mod failure;
pub mod forecast;
pub mod form;
pub mod history;
pub mod inspection;
pub mod lake;
pub mod leak;
pub mod name;
pub mod notice;
pub mod plan;
pub mod redact;
pub mod refused;
pub mod report;
pub mod retention;
pub mod retry;
pub mod rights;
pub mod rollback;
pub mod run;
pub mod schema;
pub mod seen;
pub mod snapshot;
pub mod source;
pub mod stage;
pub mod standing;
#[cfg(test)]
mod testing;
pub mod topic;
pub mod warning;
