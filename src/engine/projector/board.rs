//! The board: drawn from the records of all runs that are open, at its own pace, by whichever replica has changed one.

use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

use super::{Name, Subject};
use crate::{
    domain::run::Run,
    engine::{
        Engine,
        actors::Next,
        outbox::{Place, Turn},
        ports::{Lane, StoreError, Ts},
    },
    projection::{
        board::{self, Board},
        thread::Urgency,
    },
};

/// Records that are read at the same time.
const READS: usize = 16;

impl Engine {
    /// Brings the board up to the records, and says when to try again. Without one in the configuration it does nothing.
    ///
    /// The place comes before the records are read: what changes while it is waited for is one edit, and is read once.
    pub async fn project_board(&self) -> Next {
        if !self.channels.board {
            return Next::Rest;
        }
        let name = format!("board:{}", self.channels.progress);
        match self.outbox.place(&name, vec![(Lane::Board, Urgency::Act)]).await {
            Turn::Place(place) => self.draw_all(Name::Board(&name), Some(place)).await,
            Turn::Nudged => self.draw_all(Name::Board(&name), None).await,
            Turn::Closed => Next::Rest,
        }
    }

    pub(super) async fn draw_board(&self, name: &str, place: &mut Option<Place>) -> Result<Option<Next>, StoreError> {
        let read_at = Instant::now();
        let wanted = [board::wanted(&self.read_board().await?, &self.view())];
        self.draw(Subject::Board(name), &wanted, read_at, place).await
    }

    /// Reads what the board shows. A record that cannot be read has its own notice, and is left out.
    async fn read_board(&self) -> Result<Board, StoreError> {
        let open = self.store.open_runs().await?;
        let reads = open.into_iter().map(|it| async move { self.store.run(&it.export_task).await });
        let runs: Vec<_> = stream::iter(reads).buffered(READS).collect().await;
        let runs = runs.into_iter().filter_map(|it| it.ok().flatten());
        let active: Vec<Run> = runs.filter(|it| !it.status.is_over()).collect();
        let mut last = Vec::new();
        if active.is_empty() {
            for source in self.sources.all() {
                last.extend(self.store.recent(&source.name, 1).await?);
            }
        }
        Ok(Board { active, last })
    }

    /// Pins a message to its channel, where the app may: it is found again then, and nothing depends on it.
    pub(super) async fn pin(&self, channel: &str, ts: &Ts) {
        if let Err(error) = self.chat.pin(channel, ts).await {
            tracing::info!(channel, ts = ts.0, %error, "The board is not pinned to its channel");
        }
    }
}
