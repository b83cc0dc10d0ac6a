//! The integration tests, in one binary.

mod harness;
mod mends;
mod path;
mod survives;
