//! What the engine needs of the world, in the domain's words. Each trait is as wide as its callers need.

pub mod catalogs;
pub mod chat;
pub mod pace;
pub mod palette;
pub mod people;
pub mod queue;
pub mod readers;
pub mod reply;
pub mod sockets;
pub mod storage;
pub mod store;
pub mod topics;
pub mod views;
pub mod work;

pub use catalogs::{Catalogs, Reports};
pub use chat::{Chat, ChatError, Marks, Place, Ts};
pub use pace::{Lane, Mark, PaceMarks, Swap};
pub use palette::{Kinds, KnownKinds};
pub use people::{People, PeopleError};
pub use queue::{Messages, Queue, Received};
pub use readers::{Reader, Readers};
pub use reply::Reply;
pub use sockets::{Socket, Sockets};
pub use storage::{Cleaning, Cleanings, Removed, Storage};
pub use store::{Change, Conflict, OpenRun, Request, Store, StoreError, Via, Wish};
pub use topics::{Certificates, NotConfirmed, Subscriptions, Unavailable};
pub use views::{Shown, ViewId, Views};
pub use work::{Exports, Progress, Schemas, Shelf, Snapshots, Work};
