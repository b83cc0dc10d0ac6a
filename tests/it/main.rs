//! The integration tests, in one binary: what no unit test inside a module can see.

mod architecture;
mod deploy;
mod manifest;
mod sources;
