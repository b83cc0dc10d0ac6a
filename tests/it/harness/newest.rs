//! The newest run of a world in which only one source runs.

use datalake_bot::domain::run::{Run, RunStatus};

use super::{Bot, CHANNEL};

impl Bot {
    /// Returns the run of the newest snapshot.
    pub(crate) async fn newest(&self) -> Option<Run> {
        self.runs().await.into_iter().max_by_key(|it| it.snapshot_time)
    }

    /// Returns the newest run, once its status is one of these.
    pub(crate) async fn newest_that_is(&self, statuses: &[RunStatus]) -> Run {
        let found = async || self.newest().await.filter(|it| statuses.contains(&it.status));
        self.until(&format!("the newest run is one of {statuses:?}"), found).await
    }

    /// Presses on the open question of the newest run, and waits until the press counts.
    pub(crate) async fn vote(&self, user: &str, action: &str) {
        let request = self.button(CHANNEL, action).await;
        let votes = async || Some(self.newest().await?.question.map_or(0, |it| it.votes.len()));
        let before = votes().await.unwrap();
        self.world.slack.press(user, CHANNEL, &request.ts, action).await.unwrap();
        self.until("the press counts", async || votes().await.filter(|it| *it > before)).await;
    }
}
