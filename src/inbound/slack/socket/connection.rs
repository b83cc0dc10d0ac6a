//! One connection of Socket Mode, from its hello to its end.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

use super::{Frame, Kind, SocketMode};
use crate::{engine::ports::Socket, health::Up, inbound::slack::unknown};

/// How long Slack may take to greet.
const HELLO: Duration = Duration::from_secs(10);

/// Envelopes that are worked on at a time; the next ones wait in the connection.
const AT_ONCE: usize = 256;

/// How long a connection that Slack will close is still read, and how long what has come in may take at the stop: Slack
/// itself gives up after three seconds.
const LINGER: Duration = Duration::from_secs(30);
const DRAIN: Duration = Duration::from_secs(4);

/// A connection, and what came through it that is not acknowledged yet.
pub(super) struct Connection {
    mode: Arc<SocketMode>,
    socket: Box<dyn Socket>,
    /// The texts that acknowledge them. They go on if this is dropped: what is begun is ended.
    in_work: FuturesUnordered<JoinHandle<String>>,
    opened: Instant,
    /// Slack has greeted.
    up: Option<Up>,
}

/// How a connection has ended.
pub(super) enum Ended {
    /// It is gone, or of no use.
    Broken { was_up: bool },
    /// Slack will close it: another one is wanted first.
    Refresh(Connection),
    /// The process stops.
    Stopped,
}

/// What follows from what Slack has said.
enum Next {
    Go,
    Refresh,
    Broken,
}

impl Connection {
    /// Returns the connection over `socket`, which was opened just now.
    pub(super) fn new(mode: Arc<SocketMode>, socket: Box<dyn Socket>) -> Self {
        Self { mode, socket, in_work: FuturesUnordered::new(), opened: Instant::now(), up: None }
    }

    /// Takes what comes, and acknowledges it.
    pub(super) async fn serve(mut self) -> Ended {
        let stop = self.mode.stop.clone();
        let next = loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => {
                    self.drain().await;
                    return Ended::Stopped;
                }
                () = sleep_until(self.opened + HELLO), if self.up.is_none() => Next::Broken,
                next = self.step() => next,
            };
            if !matches!(next, Next::Go) {
                break next;
            }
        };
        if matches!(next, Next::Refresh) {
            ended("refresh");
            return Ended::Refresh(self);
        }
        ended("broken");
        tracing::info!("A connection to Slack has ended; the next one is opened");
        Ended::Broken { was_up: self.up.is_some() }
    }

    /// Goes on with a connection whose follower is being opened, until Slack closes it.
    pub(super) async fn linger(mut self) {
        let stop = self.mode.stop.clone();
        let until = Instant::now() + LINGER;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = sleep_until(until) => break,
                next = self.step() => if matches!(next, Next::Broken) {
                    return;
                },
            }
        }
        self.drain().await;
    }

    /// Sends one acknowledgement, or takes one thing that Slack says. If this is dropped in between, what was not
    /// acknowledged comes again.
    async fn step(&mut self) -> Next {
        let room = self.in_work.len() < AT_ONCE;
        tokio::select! {
            Some(done) = self.in_work.next() => match done {
                Ok(ack) => if self.socket.send(ack).await { Next::Go } else { Next::Broken },
                Err(error) => {
                    tracing::error!(%error, "What Slack has sent could not be worked on to its end");
                    Next::Go
                }
            },
            said = self.socket.receive(), if room => match said {
                Some(said) => self.take(&said),
                None => Next::Broken,
            },
        }
    }

    fn take(&mut self, said: &str) -> Next {
        let frame = match serde_json::from_str::<Frame>(said) {
            Ok(frame) => frame,
            Err(error) => {
                tracing::warn!(%error, "Slack has said something that the bot cannot read");
                return Next::Go;
            }
        };
        let (kind, envelope) = match frame {
            Frame::Hello => {
                self.up.get_or_insert_with(|| self.mode.health.socket());
                return Next::Go;
            }
            Frame::Disconnect { reason } if reason == "link_disabled" => {
                tracing::error!("Socket Mode is off for this app: switch it on, or start the bot without --socket");
                return Next::Broken;
            }
            Frame::Disconnect { reason } => {
                tracing::debug!(reason, "Slack will close a connection; the next one is opened");
                return Next::Refresh;
            }
            Frame::Unknown => {
                unknown("socket", "frame");
                return Next::Go;
            }
            Frame::SlashCommands(envelope) => (Kind::Command, envelope),
            Frame::Interactive(envelope) => (Kind::Interaction, envelope),
            Frame::EventsApi(envelope) => (Kind::Event, envelope),
        };
        self.in_work.push(self.mode.tasks.spawn(Arc::clone(&self.mode).answer(kind, envelope)));
        Next::Go
    }

    /// Takes nothing more, acknowledges what has come in, and says goodbye.
    async fn drain(&mut self) {
        let acknowledge = async {
            while let Some(done) = self.in_work.next().await {
                if let Ok(ack) = done
                    && !self.socket.send(ack).await
                {
                    return;
                }
            }
            self.socket.close().await;
        };
        // What is not acknowledged by then comes again, to another process.
        let _ = timeout(DRAIN, acknowledge).await;
    }
}

fn ended(why: &'static str) {
    metrics::counter!(crate::metrics::SLACK_SOCKETS_ENDED, "why" => why).increment(1);
}
