//! The integration tests, in one binary: the whole bot, or large parts of it, against the stand-ins.
#![cfg(test)]
#![cfg(feature = "sandbox")]

mod aws;
mod harness;
mod mends;
mod moto;
mod path;
mod survives;
