//! The use cases: how requests and events become runs, and how a run is moved on. Async, but only through [`ports`].
//!
//! [`accept`] records what a person wants before it is acknowledged, if [`permits`] lets them; [`requests`] carries it
//! out, and [`tell`] tells what came of it; [`hints`] turns
//! events into runs and wake-ups; the [`reconciler`] moves one run, the [`projector`] draws its thread, at the pace of
//! the [`outbox`] and in the blocks that the [`palette`] has; [`actors`] run them one at a time for each run; [`audit`] logs what leads to no run; [`notices`] are what people must be told beside runs; [`home`] keeps
//! what each person sees of everything;
//! the [`cleaner`] removes exports that nothing needs; and the [`sweeper`] makes a wake-up that was lost cost one period.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    domain::{access::Access, forecast::Prices, name::ExportTask, notice::NoticeId, plan::Timing, stage::Intent},
    projection::text::{Locale, Words},
};

pub mod accept;
pub mod actors;
pub mod audit;
pub mod cleaner;
pub mod driver;
pub mod exports;
pub mod form;
pub mod hints;
pub mod home;
mod lake;
pub mod notices;
pub mod outbox;
pub mod palette;
pub mod periodic;
pub mod permits;
pub mod ports;
pub mod projector;
pub mod queries;
pub mod reconciler;
pub mod refusals;
pub mod requests;
pub mod sightings;
#[cfg(test)]
pub mod sim;
pub mod sources;
pub mod sweeper;
pub mod tell;

/// Everything that the use cases share. One per process.
pub struct Engine {
    pub store: Arc<dyn ports::Store>,
    pub work: Arc<dyn ports::Work>,
    pub snapshots: Arc<dyn ports::Snapshots>,
    pub schemas: Arc<dyn ports::Schemas>,
    pub shelf: Arc<dyn ports::Shelf>,
    pub catalogs: Arc<dyn ports::Catalogs>,
    pub reports: Arc<dyn ports::Reports>,
    pub exports: exports::Exports,
    pub chat: Arc<dyn ports::Chat>,
    pub outbox: outbox::Outbox,
    pub views: Arc<dyn ports::Views>,
    pub readers: Arc<dyn ports::Readers>,
    pub people: Arc<dyn ports::People>,
    pub queue: Arc<dyn ports::Queue>,
    pub clock: Arc<dyn Clock>,
    pub words: Arc<Words>,
    pub sources: sources::Sources,
    pub access: Access,
    pub refusals: refusals::Refusals,
    /// Where the log ends that belongs to no run.
    pub door: audit::Door,
    /// What plans are priced with; without them no cost is shown.
    pub prices: Option<Prices>,
    pub timing: Timing,
    pub channels: Channels,
    /// Names this replica in intents.
    pub me: String,
    /// When this process began: a source that nobody has watched before is watched from then on.
    pub started_at: Timestamp,
    pub wakes: Wakes,
    /// Since when this replica has seen the intents of others, and its own.
    pub sightings: sightings::Sightings<Intent>,
    /// The process stops: passes end between two steps.
    pub stopping: CancellationToken,
    /// A bug that the simulation must find.
    #[cfg(test)]
    pub planted: Option<sim::planted::Planted>,
}

/// Where the messages of runs go, and in which language.
#[derive(Clone, Debug)]
pub struct Channels {
    pub progress: String,
    pub alerts: String,
    pub locale: Locale,
    /// The channel of progress has a board.
    pub board: bool,
    /// Channels that may read the names of sensitive tables and columns.
    pub names_in: Vec<String>,
}

/// Something that should be looked at now. Carries no data: a wake-up that is lost costs one period, not a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wake {
    /// The run may be able to move on.
    Run(ExportTask),
    /// The thread of the run may be out of date.
    Thread(ExportTask),
    /// The request may be open.
    Request(String),
    /// The notice may be open.
    Notice(NoticeId),
    /// The board may be out of date. Whoever wakes a thread wakes it too.
    Board,
    /// Somebody has opened their Home.
    Home(String),
    /// Homes may be out of date.
    Homes,
}

/// Wakes actors of this process.
#[derive(Clone, Debug)]
pub struct Wakes(mpsc::Sender<Wake>);

/// How many wake-ups may wait to be handed out.
const WAKES: usize = 4096;

impl Wakes {
    /// Returns the sending and the receiving end.
    pub fn channel() -> (Self, mpsc::Receiver<Wake>) {
        let (sender, receiver) = mpsc::channel(WAKES);
        (Self(sender), receiver)
    }

    /// Wakes; when too many wake-ups wait already, the sweeper will find this one.
    pub fn send(&self, wake: Wake) {
        if let Err(mpsc::error::TrySendError::Full(wake)) = self.0.try_send(wake) {
            tracing::warn!(?wake, "Too many wake-ups wait; the sweeper will find this one");
        }
    }
}
