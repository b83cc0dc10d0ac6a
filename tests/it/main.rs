//! The integration tests, in one binary: the whole bot against the stand-ins, and the rules of the repository.
#![cfg(test)]

#[cfg(feature = "sandbox")]
mod access;
#[cfg(feature = "sandbox")]
mod alerts;
#[cfg(feature = "sandbox")]
mod approves;
mod architecture;
#[cfg(feature = "sandbox")]
mod audit;
#[cfg(feature = "sandbox")]
mod aws;
#[cfg(feature = "sandbox")]
mod cleans;
#[cfg(feature = "sandbox")]
mod crashes;
mod deploy;
#[cfg(feature = "sandbox")]
mod doctor;
#[cfg(feature = "sandbox")]
mod doors;
#[cfg(feature = "sandbox")]
mod explains;
#[cfg(feature = "sandbox")]
mod figures;
#[cfg(feature = "sandbox")]
mod fleet;
#[cfg(feature = "sandbox")]
mod form;
#[cfg(feature = "sandbox")]
mod harness;
#[cfg(feature = "sandbox")]
mod home;
#[cfg(feature = "sandbox")]
mod inspects;
#[cfg(feature = "sandbox")]
mod judge;
#[cfg(feature = "sandbox")]
mod kills;
#[cfg(feature = "sandbox")]
mod leaks;
#[cfg(feature = "sandbox")]
mod lists;
mod manifest;
#[cfg(feature = "sandbox")]
mod mends;
#[cfg(feature = "sandbox")]
mod mentions;
mod messages;
#[cfg(feature = "sandbox")]
mod moto;
#[cfg(feature = "sandbox")]
mod nights;
#[cfg(feature = "sandbox")]
mod notices;
#[cfg(feature = "sandbox")]
mod outbox;
#[cfg(feature = "sandbox")]
mod palette;
#[cfg(feature = "sandbox")]
mod path;
#[cfg(feature = "sandbox")]
mod pointer;
#[cfg(feature = "sandbox")]
mod queue;
#[cfg(feature = "sandbox")]
mod replays;
#[cfg(feature = "sandbox")]
mod rollback;
#[cfg(feature = "sandbox")]
mod schedules;
#[cfg(feature = "sandbox")]
mod slots;
#[cfg(feature = "sandbox")]
mod sns;
#[cfg(feature = "sandbox")]
mod socket;
mod sources;
#[cfg(feature = "sandbox")]
mod stops;
#[cfg(feature = "sandbox")]
mod survives;
#[cfg(feature = "sandbox")]
mod terminal;
#[cfg(feature = "sandbox")]
mod undo;
mod voters;
#[cfg(feature = "sandbox")]
mod vouched;
