//! datalake-bot.
pub mod adapters;
pub mod clock;
pub mod domain;
pub mod engine;
pub mod projection;
#[cfg(feature = "sandbox")]
pub mod sandbox;
