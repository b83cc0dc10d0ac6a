//! Driven adapters: what the engine asks of the world through its ports, done with the real services.

pub mod aws;
