//! What people see, computed from the records. Pure: a run goes in, messages come out; what differs from what was
//! posted gives the edits.
//!
//! [`run`] draws a run, [`notice`] what belongs to no run, [`board`] all runs that are under way; [`answer`] answers one
//! person, [`form`] asks one, [`forecast`] tells what would be done, [`home`] is what one person sees of everything. All
//! take their words from [`text`], which alone escapes them,
//! and their blocks from [`blocks`], which alone knows Slack's limits; [`phrase`] is what they say in common.

pub mod answer;
pub mod blocks;
pub mod board;
pub mod forecast;
pub mod form;
pub mod home;
pub mod message;
pub mod names;
pub mod notice;
pub mod phrase;
pub mod run;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
pub mod thread;
pub mod view;
