//! The composition root: builds the adapters, the engine and the doors, starts them, and stops them in order.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    adapters::{
        aws::{self, SdkConfig, Sns},
        queue::SqsQueue,
        slack::{Client, SlackChat, SlackPeople, SlackSockets, SlackViews},
        store::DynamoStore,
    },
    clock::{Clock as _, System},
    config::{Config, environment::Environment},
    domain::plan::Timing,
    engine::{
        Channels, Engine, Wake, Wakes, audit,
        cleaner::Cleaner,
        driver::Driver,
        exports::Exports,
        outbox::Outbox,
        palette::Palette,
        ports::ChatError,
        refusals::{self, Refusals},
        sightings::Sightings,
        sources::Sources,
        sweeper,
    },
    health::{Health, Task},
    inbound::{
        http::{self, Door},
        queue::Consumer,
        slack::{Doors, fixed::Fixed, gate::Gate, socket::SocketMode},
        sns,
    },
    projection::text::{Locale, Words},
};

mod probe;
mod supervise;

use supervise::supervise;

/// How long a trouble that may pass is waited out before it is a failure.
const PATIENCE: jiff::SignedDuration = jiff::SignedDuration::from_mins(30);

/// How long the doors stay open when the process stops: `/readyz` says at once that it does, and load balancers and
/// clients take a moment to go elsewhere.
const DOORS_STAY_OPEN: Duration = Duration::from_secs(1);

/// How long all that is under way may take when the process stops. What it waits for has shorter times of its own.
const STOP: Duration = Duration::from_secs(20);

/// A bot that runs.
#[derive(Debug)]
pub struct App {
    /// Where the public doors are.
    pub public: SocketAddr,
    /// Where metrics and readiness are.
    pub admin: SocketAddr,
    health: Arc<Health>,
    /// Nothing new is begun.
    stop: CancellationToken,
    /// The doors close.
    close: CancellationToken,
    tasks: TaskTracker,
}

/// The engine, and what belongs to it.
pub struct Parts {
    pub engine: Arc<Engine>,
    pub queue: Arc<SqsQueue>,
    cleaner: Arc<Cleaner>,
    wakes: mpsc::Receiver<Wake>,
    refused: refusals::Waiting,
}

/// Builds the engine over the real adapters. Nothing is called yet.
///
/// # Errors
/// An adapter cannot be made.
pub fn build(config: &Config, environment: &Environment, sdk: &SdkConfig) -> anyhow::Result<Parts> {
    let work = Arc::new(aws::Aws::new(sdk, Arc::new(System)));
    let queue = Arc::new(SqsQueue::new(aws::sqs_client(sdk), config.aws.queue_url.clone()));
    let (runs, state) = (config.aws.runs_table.clone(), config.aws.state_table.clone());
    let store = Arc::new(DynamoStore::new(aws::dynamodb_client(sdk), runs, state));
    let slack = Arc::new(Client::new(&environment.slack_api, &environment.bot_token)?);
    let chat = Arc::new(SlackChat::new(Arc::clone(&slack)));
    let palette = Palette::new(chat, Arc::clone(&store) as _, Arc::new(System), config.slack.team_id.clone());
    let (storage, cleanings) = (Arc::clone(&work) as _, Arc::clone(&store) as _);
    let (wakes, receiver) = Wakes::channel();
    let (refusals, refused) = Refusals::channel();
    let engine = Arc::new(Engine {
        outbox: Outbox::new(Arc::new(System), Arc::clone(&store) as _),
        work: Arc::clone(&work) as _,
        snapshots: Arc::clone(&work) as _,
        schemas: Arc::clone(&work) as _,
        shelf: Arc::clone(&work) as _,
        catalogs: Arc::clone(&work) as _,
        reports: Arc::clone(&work) as _,
        exports: Exports::new(work),
        chat: Arc::new(palette),
        views: Arc::new(SlackViews::new(Arc::clone(&slack))),
        readers: Arc::clone(&store) as _,
        store,
        people: Arc::new(SlackPeople::new(slack, config.slack.team_id.clone())),
        queue: Arc::clone(&queue) as _,
        clock: Arc::new(System),
        words: Arc::new(Words::new()),
        sources: Sources::new(config.sources.clone()),
        access: config.access.clone(),
        refusals,
        door: audit::Door::default(),
        prices: config.prices.clone(),
        timing: timing(config),
        channels: channels(config),
        me: ulid::Ulid::generate().to_string(),
        started_at: System.now(),
        wakes,
        sightings: Sightings::default(),
        stopping: CancellationToken::new(),
        #[cfg(test)]
        planted: None,
    });
    let cleaner = Arc::new(Cleaner { engine: Arc::clone(&engine), storage, cleanings });
    Ok(Parts { engine, queue, cleaner, wakes: receiver, refused })
}

fn channels(config: &Config) -> Channels {
    Channels {
        progress: config.slack.channel.clone(),
        alerts: config.slack.alerts_channel.clone(),
        locale: config.slack.locale.parse().unwrap_or(Locale::En),
        board: config.slack.board,
        names_in: config.slack.sensitive_names_in.clone(),
    }
}

fn timing(config: &Config) -> Timing {
    let signed = |duration| jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX);
    Timing {
        lease: signed(config.engine.lease),
        poll: signed(config.engine.poll_every),
        reconcile_every: signed(config.engine.reconcile_every),
        patience: PATIENCE,
    }
}

/// Returns the connections through which Slack delivers, if there is an app's token for them: it is tried here, so that
/// whoever starts the bot is told when it is not good.
async fn sockets(environment: &Environment) -> anyhow::Result<Option<SlackSockets>> {
    let Some(token) = &environment.app_token else { return Ok(None) };
    let sockets = SlackSockets::new(Client::new(&environment.slack_api, token)?);
    match sockets.check().await {
        Err(ChatError::Refused(why)) => anyhow::bail!(
            "Slack refuses SLACK_APP_TOKEN: {why}. Make a token with the scope connections:write on the app's page, Basic \
             Information, App-Level Tokens, and switch Socket Mode on (docs/slack.md)"
        ),
        // Slack may be out of reach for a moment: it is tried again.
        Err(error @ (ChatError::Later { .. } | ChatError::Unclear(_) | ChatError::Gone)) => {
            tracing::warn!(%error, "Whether SLACK_APP_TOKEN is good is not known yet");
        }
        Ok(()) => {}
    }
    Ok(Some(sockets))
}

impl App {
    /// Starts the bot and returns when its doors are open.
    ///
    /// # Errors
    /// An address cannot be listened on, an adapter cannot be made, or Slack refuses the app's token.
    pub async fn start(
        config: &Config,
        environment: Environment,
        sdk: &SdkConfig,
        metrics: Option<PrometheusHandle>,
    ) -> anyhow::Result<Self> {
        for notice in &config.notices {
            tracing::warn!("In the configuration, {notice}");
        }
        let sockets = sockets(&environment).await?;
        let parts = build(config, &environment, sdk)?;
        let (public_door, public) = http::listen(config.server.listen).await?;
        let (admin_door, admin) = http::listen(config.server.admin_listen).await?;
        let app = Self {
            public,
            admin,
            health: Arc::new(Health::new()),
            stop: parts.engine.stopping.clone(),
            close: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        app.open_doors(config, environment, sdk, &parts.engine, sockets, public_door)?;
        app.open_admin(admin_door, metrics);
        app.run(config, parts);
        tracing::info!(public = %app.public, admin = %app.admin, "The bot runs; its doors are at {}", app.public);
        Ok(app)
    }

    fn open_doors(
        &self,
        config: &Config,
        environment: Environment,
        sdk: &SdkConfig,
        engine: &Arc<Engine>,
        sockets: Option<SlackSockets>,
        door: Door,
    ) -> anyhow::Result<()> {
        let doors = Arc::new(Doors {
            engine: Arc::clone(engine),
            gate: Gate::new(environment.signing_secrets, Arc::new(System)),
            team: config.slack.team_id.clone(),
            tasks: self.tasks.clone(),
            fixed: Fixed::default(),
        });
        // Slack delivers in one way or in the other.
        let doors = match sockets {
            Some(sockets) => {
                self.hold_sockets(doors, sockets);
                None
            }
            None => Some(doors),
        };
        let topics = Arc::new(Sns::new(sdk).context("SNS cannot be reached")?);
        let sns = Arc::new(sns::Door {
            engine: Arc::clone(engine),
            topics: config.aws.sns_topics.clone(),
            certificates: sns::Cache::new(Arc::clone(&topics) as _),
            subscriptions: topics,
            clock: Arc::new(System),
        });
        let (router, close) = (http::public(doors, sns, self.stop.clone()), self.close.clone());
        self.keep(Task::Doors, move || http::serve(Arc::clone(&door), router.clone(), close.clone()));
        Ok(())
    }

    fn hold_sockets(&self, doors: Arc<Doors>, sockets: SlackSockets) {
        let (health, tasks, stop) = (Arc::clone(&self.health), self.tasks.clone(), self.stop.clone());
        let mode = SocketMode::new(doors, Arc::new(sockets), health, tasks, stop);
        self.keep(Task::Sockets, move || Arc::clone(&mode).run());
    }

    fn open_admin(&self, door: Door, metrics: Option<PrometheusHandle>) {
        let (stop, health) = (self.stop.clone(), Arc::clone(&self.health));
        let troubles = move || if stop.is_cancelled() { vec!["stopping".to_owned()] } else { health.troubles() };
        let metrics = move || metrics.as_ref().map(PrometheusHandle::render).unwrap_or_default();
        let (router, close) = (http::admin(troubles, metrics), self.close.clone());
        self.keep(Task::Admin, move || http::serve(Arc::clone(&door), router.clone(), close.clone()));
    }

    fn run(&self, config: &Config, parts: Parts) {
        let Parts { engine, queue, cleaner, wakes, refused } = parts;
        let driver = Arc::new(Driver::new(&engine, wakes, &self.tasks, &self.stop));
        self.keep(Task::Driver, move || {
            let driver = Arc::clone(&driver);
            async move { driver.drive().await }
        });
        let health = Arc::clone(&self.health);
        let topics = config.aws.sns_topics.clone();
        let consumer = Consumer::new(Arc::clone(&engine), queue, topics, health, self.tasks.clone(), self.stop.clone());
        self.keep(Task::Consumer, move || Arc::clone(&consumer).consume());
        let (store, health, stop) = (Arc::clone(&engine.store), Arc::clone(&self.health), self.stop.clone());
        self.keep(Task::Probe, move || probe::probe(Arc::clone(&store), Arc::clone(&health), stop.clone()));
        // Who is refused while the doors close is recorded too.
        let (store, door, close) = (Arc::clone(&engine.store), engine.door.clone(), self.close.clone());
        self.keep(Task::Refusals, move || {
            refusals::record(refused.clone(), Arc::clone(&store), door.clone(), close.clone())
        });
        let (period, stop) = (config.engine.reconcile_every, self.stop.clone());
        self.keep(Task::Cleaner, move || Arc::clone(&cleaner).clean_every(period, stop.clone()));
        let stop = self.stop.clone();
        self.keep(Task::Sweeper, move || sweeper::sweep_every(Arc::clone(&engine), period, stop.clone()));
    }

    /// Runs a task for as long as the process lives.
    fn keep<F>(&self, task: Task, begin: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(supervise(task, Arc::clone(&self.health), self.stop.clone(), begin));
    }

    /// Stops the bot: nothing new is begun, the doors close when those who knock have gone elsewhere, what is under way
    /// ends or is given back. Returns when it has, within [`STOP`].
    pub async fn stop(self) {
        self.stop.cancel();
        tokio::time::sleep(DOORS_STAY_OPEN).await;
        self.close.cancel();
        self.tasks.close();
        if timeout(STOP, self.tasks.wait()).await.is_err() {
            let left = self.tasks.len();
            tracing::warn!(
                left,
                "The bot stops, though {left} tasks have not ended: the next process goes on with them"
            );
        }
        tracing::info!("The bot has stopped");
    }
}
