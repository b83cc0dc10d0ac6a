//! The integration tests, in one binary: what no unit test inside a module can see.

mod architecture;
mod manifest;
mod sources;
