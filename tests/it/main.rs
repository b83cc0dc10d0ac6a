//! The whole bot, or large parts of it, against the stand-ins.

#[cfg(test)]
#[cfg(feature = "sandbox")]
mod aws;
