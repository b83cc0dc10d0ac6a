//! A replica: an engine with everything that runs it, put together as `app` does; started anew when it has crashed.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{cleaning, clock::Skewed, crowd, line::Line, queue, world::World};
use crate::{
    clock::Clock,
    domain::plan::Timing,
    engine::{
        Channels, Engine, Wakes, audit::Door, driver::Driver, exports::Exports, outbox::Outbox, refusals::Refusals,
        sightings::Sightings, sweeper,
    },
    projection::text::Locale,
};

/// Where progress is told.
pub(super) const PROGRESS: &str = "CPROGRESS";
/// Where failures are told.
pub(super) const ALERTS: &str = "CALERTS";

/// Between two sweeps; the default of the configuration, like the other times here.
const RECONCILE_EVERY: Duration = Duration::from_secs(60);

/// A process that runs, or did.
pub(super) struct Process {
    pub(super) engine: Arc<Engine>,
    /// Until then it does not run, and does not know it.
    pub(super) paused_until: Instant,
    dead: bool,
    died: Arc<Notify>,
    stop: CancellationToken,
}

impl Process {
    /// From now on nothing that the process does reaches the world, and nothing reaches it: all its calls hang. What
    /// it kept in memory is lost with it.
    pub(super) fn die(&mut self) {
        self.dead = true;
        self.stop.cancel();
        self.died.notify_one();
    }

    /// Says whether the process has crashed.
    pub(super) fn is_dead(&self) -> bool {
        self.dead
    }

    /// Says whether the process would answer now.
    pub(super) fn answers(&self) -> bool {
        !self.dead && self.paused_until <= Instant::now()
    }
}

/// Keeps a replica running: a while after a crash there is another process.
pub(super) async fn keep(world: Arc<World>) {
    loop {
        let died = start(&world);
        died.notified().await;
        let pause = {
            let mut truth = world.truth();
            if truth.quiet { 2 } else { truth.chance.u64(3..120) }
        };
        sleep(Duration::from_secs(pause)).await;
    }
}

fn start(world: &Arc<World>) -> Arc<Notify> {
    let (process, skew) = {
        let mut truth = world.truth();
        let skew = world.scenario.skew.as_secs();
        (truth.processes.len(), truth.seconds(-skew, skew))
    };
    let line = Line { world: Arc::clone(world), process };
    let (wakes, receiver) = Wakes::channel();
    let engine = Arc::new(engine(&line, skew, wakes));
    let (stop, died) = (CancellationToken::new(), Arc::new(Notify::new()));
    {
        let mut truth = world.truth();
        truth.note(|| format!("p{process} starts, {}s off", skew.as_secs()));
        let (engine, died, stop) = (Arc::clone(&engine), Arc::clone(&died), stop.clone());
        truth.processes.push(Process { engine, paused_until: Instant::now(), dead: false, died, stop });
    }
    let driver = Driver::new(&engine, receiver, &world.tasks, &stop);
    world.tasks.spawn(async move { driver.drive().await });
    world.tasks.spawn(queue::consume(line.clone(), Arc::clone(&engine), stop.clone()));
    world.tasks.spawn(cleaning::clean(line, Arc::clone(&engine), stop.clone()));
    world.tasks.spawn(sweeper::sweep_every(engine, RECONCILE_EVERY, stop));
    died
}

fn engine(line: &Line, skew: SignedDuration, wakes: Wakes) -> Engine {
    let (world, ports) = (&line.world, Arc::new(line.clone()));
    let clock = Arc::new(Skewed { world: Arc::clone(world), skew });
    Engine {
        store: Arc::clone(&ports) as _,
        work: Arc::clone(&ports) as _,
        snapshots: Arc::clone(&ports) as _,
        schemas: Arc::clone(&ports) as _,
        shelf: Arc::clone(&ports) as _,
        catalogs: Arc::clone(&ports) as _,
        reports: Arc::clone(&ports) as _,
        prices: None,
        exports: Exports::new(Arc::clone(&ports) as _),
        chat: Arc::clone(&ports) as _,
        outbox: Outbox::new(Arc::clone(&clock) as _, Arc::clone(&ports) as _),
        views: Arc::clone(&ports) as _,
        readers: Arc::clone(&ports) as _,
        people: Arc::clone(&ports) as _,
        queue: ports,
        words: Arc::clone(&world.words),
        sources: world.sources.clone(),
        access: crowd::access(),
        refusals: Refusals::channel().0,
        door: Door::default(),
        timing: Timing {
            lease: SignedDuration::from_secs(30),
            poll: SignedDuration::from_secs(15),
            reconcile_every: SignedDuration::from_secs(60),
            patience: SignedDuration::from_mins(30),
        },
        channels: Channels {
            progress: PROGRESS.to_owned(),
            alerts: ALERTS.to_owned(),
            locale: Locale::En,
            board: false,
            names_in: Vec::new(),
        },
        me: format!("p{}", line.process),
        started_at: clock.now(),
        clock,
        wakes,
        sightings: Sightings::default(),
        // A crash gives nobody the time to stop.
        stopping: CancellationToken::new(),
        planted: world.planted,
    }
}
