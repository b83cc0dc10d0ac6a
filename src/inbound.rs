//! Driving adapters: the world speaks to us. They verify, parse into the domain's words and answer in time; they decide
//! nothing.

mod body;
pub mod http;
pub mod queue;
pub mod slack;
pub mod sns;
