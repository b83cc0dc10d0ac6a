//! What people see, computed from the records. Pure: a run goes in, messages come out; what differs from what was
//! posted gives the edits.

pub mod message;
pub mod thread;
