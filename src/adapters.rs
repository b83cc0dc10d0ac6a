//! Driven adapters: the engine's ports, over AWS and Slack. They translate, and decide nothing.

pub mod aws;
mod https;
pub mod queue;
pub mod slack;
pub mod store;
