//! The whole bot, or large parts of it, against the stand-ins.

#[cfg(feature = "sandbox")]
mod aws;
