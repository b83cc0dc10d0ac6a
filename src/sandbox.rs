//! Stand-ins for AWS and Slack, on loopback addresses, speaking the wire protocols.
//!
//! The real SDK clients of the bot talk to them unchanged, so that they serve as the sandbox (`datalake-bot sandbox`)
//! and as the test doubles of the whole project. They are strict: where the real service refuses, they refuse. Each
//! has the same front ([`wire`]): it names the operation, plays the faults that a test has planted ([`faults`]) and
//! writes down what had an effect ([`history`]). Their time is a [`clock`] that tests can drive. A [`world`] is all of
//! them together; the [`demo`] plays a run in one.

pub mod aws;
pub mod clock;
pub mod demo;
pub mod faults;
pub mod history;
mod http;
pub mod slack;
pub mod sqs;
pub mod wire;
pub mod world;
