//! The use cases: how requests and events become runs, and how a run is moved on. Async, but only through [`ports`].

pub mod ports;
