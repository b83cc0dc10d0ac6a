//! The composition root: builds the adapters, the engine and the doors, starts them, and stops them in order.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{net::TcpListener, sync::mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    adapters::{
        aws::{self, SdkConfig},
        queue::SqsQueue,
        slack::{Client, SlackChat, SlackPeople},
        store::DynamoStore,
    },
    clock::{Clock as _, System},
    config::{Config, environment::Environment},
    domain::plan::Timing,
    engine::{Channels, Engine, Wake, Wakes, driver, sources::Sources, sweeper},
    inbound::{
        http, queue,
        slack::{Doors, gate::Gate},
    },
    projection::text::{Locale, Words},
};

/// How long a trouble that may pass is waited out before it is a failure.
const PATIENCE: jiff::SignedDuration = jiff::SignedDuration::from_mins(30);

/// A bot that runs.
#[derive(Debug)]
pub struct App {
    /// Where the public doors are.
    pub public: SocketAddr,
    /// Where metrics and readiness are.
    pub admin: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// The engine, and what belongs to it.
pub struct Parts {
    pub engine: Arc<Engine>,
    pub queue: Arc<SqsQueue>,
    wakes: mpsc::Receiver<Wake>,
}

/// Builds the engine over the real adapters. Nothing is called yet.
///
/// # Errors
/// An adapter cannot be made.
pub fn build(config: &Config, environment: &Environment, sdk: &SdkConfig) -> anyhow::Result<Parts> {
    let work = Arc::new(aws::Aws::new(sdk, Arc::new(System)));
    let queue = Arc::new(SqsQueue::new(aws::sqs_client(sdk), config.aws.queue_url.clone()));
    let (runs, state) = (config.aws.runs_table.clone(), config.aws.state_table.clone());
    let store = DynamoStore::new(aws::dynamodb_client(sdk), runs, state);
    let slack = Arc::new(Client::new(&environment.slack_api, &environment.bot_token)?);
    let (wakes, receiver) = Wakes::channel();
    let signed = |duration| jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX);
    let engine = Arc::new(Engine {
        store: Arc::new(store),
        work: Arc::clone(&work) as _,
        snapshots: work,
        chat: Arc::new(SlackChat::new(Arc::clone(&slack))),
        people: Arc::new(SlackPeople::new(slack, config.slack.team_id.clone())),
        queue: Arc::clone(&queue) as _,
        clock: Arc::new(System),
        words: Arc::new(Words::new()),
        sources: Sources::new(config.sources.clone()),
        access: config.access.clone(),
        timing: Timing {
            lease: signed(config.engine.lease),
            poll: signed(config.engine.poll_every),
            reconcile_every: signed(config.engine.reconcile_every),
            patience: PATIENCE,
        },
        channels: Channels {
            progress: config.slack.channel.clone(),
            alerts: config.slack.alerts_channel.clone(),
            locale: config.slack.locale.parse().unwrap_or(Locale::En),
        },
        me: ulid::Ulid::generate().to_string(),
        started_at: System.now(),
        wakes,
        #[cfg(test)]
        planted: None,
    });
    Ok(Parts { engine, queue, wakes: receiver })
}

impl App {
    /// Starts the bot and returns when its doors are open.
    ///
    /// # Errors
    /// An address cannot be listened on, or an adapter cannot be made.
    pub async fn start(
        config: &Config,
        environment: Environment,
        sdk: &SdkConfig,
        metrics: Option<PrometheusHandle>,
    ) -> anyhow::Result<Self> {
        for notice in &config.notices {
            tracing::warn!("In the configuration, {notice}");
        }
        let parts = build(config, &environment, sdk)?;
        let public = http::listen(config.server.listen).await?;
        let admin = http::listen(config.server.admin_listen).await?;
        let app = Self {
            public: public.local_addr().context("the public door has no address")?,
            admin: admin.local_addr().context("the admin door has no address")?,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        app.open_doors(config, environment, &parts.engine, public);
        app.open_admin(admin, metrics);
        app.run(config, parts);
        tracing::info!(public = %app.public, admin = %app.admin, "The bot runs; its doors are at {}", app.public);
        Ok(app)
    }

    fn open_doors(&self, config: &Config, environment: Environment, engine: &Arc<Engine>, listener: TcpListener) {
        let doors = Arc::new(Doors {
            engine: Arc::clone(engine),
            gate: Gate::new(environment.signing_secrets, Arc::new(System)),
            team: config.slack.team_id.clone(),
            tasks: self.tasks.clone(),
        });
        self.tasks.spawn(http::serve(listener, http::public(doors), self.stop.clone()));
    }

    fn open_admin(&self, listener: TcpListener, metrics: Option<PrometheusHandle>) {
        let stop = self.stop.clone();
        let ready = move || !stop.is_cancelled();
        let metrics = move || metrics.as_ref().map(PrometheusHandle::render).unwrap_or_default();
        self.tasks.spawn(http::serve(listener, http::admin(ready, metrics), self.stop.clone()));
    }

    fn run(&self, config: &Config, parts: Parts) {
        let Parts { engine, queue, wakes } = parts;
        self.tasks.spawn(driver::drive(Arc::clone(&engine), wakes, self.stop.clone()));
        self.tasks.spawn(queue::consume(Arc::clone(&engine), queue, self.stop.clone()));
        self.tasks.spawn(sweeper::sweep_every(engine, config.engine.reconcile_every, self.stop.clone()));
    }

    /// Stops the bot: nothing new is taken, what is under way ends. Returns when it has.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        tracing::info!("The bot has stopped");
    }
}
