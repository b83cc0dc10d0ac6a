//! The integration tests, in one binary: the whole bot against the stand-ins, and the rules of the repository.
#![cfg(test)]

#[cfg(feature = "sandbox")]
mod approves;
mod architecture;
#[cfg(feature = "sandbox")]
mod aws;
mod deploy;
#[cfg(feature = "sandbox")]
mod doors;
#[cfg(feature = "sandbox")]
mod harness;
mod manifest;
#[cfg(feature = "sandbox")]
mod mends;
#[cfg(feature = "sandbox")]
mod moto;
#[cfg(feature = "sandbox")]
mod notices;
#[cfg(feature = "sandbox")]
mod path;
#[cfg(feature = "sandbox")]
mod queue;
#[cfg(feature = "sandbox")]
mod slots;
mod sources;
#[cfg(feature = "sandbox")]
mod stops;
#[cfg(feature = "sandbox")]
mod survives;
