//! Whether the process does its work: which of its long-lived tasks live, and which services it reaches.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::Instant;

/// How long a task may be down before the process is called unhealthy: one restart takes a second.
const DOWN: Duration = Duration::from_secs(30);

/// How long a service may be out of reach before the process is called unhealthy.
const OUT_OF_REACH: Duration = Duration::from_secs(60);

/// How long there may be no connection to Slack, where the bot opens them, before the process is called unhealthy.
const NO_SOCKET: Duration = Duration::from_secs(30);

/// A task that lives as long as the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// The public doors.
    Doors,
    /// The doors for those who run the bot.
    Admin,
    /// Hands wake-ups to the actors.
    Driver,
    /// Reads the queue.
    Consumer,
    Sweeper,
    /// Removes exports that nothing needs any more.
    Cleaner,
    /// Looks whether the records are in reach.
    Probe,
    /// Writes down who was refused.
    Refusals,
    /// Holds the connections of Socket Mode.
    Sockets,
}

impl Task {
    /// Returns the task's name in logs and in `/readyz`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Doors => "doors",
            Self::Admin => "admin",
            Self::Driver => "driver",
            Self::Consumer => "consumer",
            Self::Sweeper => "sweeper",
            Self::Cleaner => "cleaner",
            Self::Probe => "probe",
            Self::Refusals => "refusals",
            Self::Sockets => "sockets",
        }
    }
}

/// A service without which nothing can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// The records.
    DynamoDb,
    /// The events and wake-ups.
    Queue,
}

impl Service {
    /// Every service.
    const ALL: [Self; 2] = [Self::DynamoDb, Self::Queue];

    /// Returns the service's name in logs and in `/readyz`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::Queue => "queue",
        }
    }
}

/// The health of one process.
#[derive(Debug)]
pub struct Health {
    /// Since when tasks are down that are.
    down: Mutex<BTreeMap<Task, Instant>>,
    /// Connections through which Slack delivers; `None`: it delivers by HTTP.
    sockets: Mutex<Option<Sockets>>,
    /// When services were reached last. The queue, which is asked with long polls, when the process began, to begin with.
    reached: Mutex<BTreeMap<Service, Instant>>,
}

/// Connections to Slack.
#[derive(Clone, Copy, Debug)]
struct Sockets {
    up: usize,
    /// When one came up or went last, or was expected first.
    changed: Instant,
}

/// One connection to Slack that is up.
#[derive(Debug)]
pub struct Up(Arc<Health>);

impl Health {
    /// Returns the health of a process that begins now.
    pub fn new() -> Self {
        Self {
            down: Mutex::default(),
            sockets: Mutex::default(),
            reached: Mutex::new([(Service::Queue, Instant::now())].into()),
        }
    }

    /// The task has died. Those deaths count as one between which it did not live long enough to be called [`up`].
    ///
    /// [`up`]: Self::up
    pub fn down(&self, task: Task) {
        self.tasks().entry(task).or_insert_with(Instant::now);
    }

    /// The task lives again.
    pub fn up(&self, task: Task) {
        self.tasks().remove(&task);
    }

    /// The service has answered.
    pub fn reached(&self, service: Service) {
        self.services().insert(service, Instant::now());
    }

    /// From now on Slack delivers through connections that the bot opens: without one for long, that is a trouble.
    pub fn expect_sockets(&self) {
        self.sockets().get_or_insert(Sockets { up: 0, changed: Instant::now() });
    }

    /// A connection to Slack is up, until what this returns is dropped.
    pub fn socket(self: &Arc<Self>) -> Up {
        self.count_sockets(|up| up + 1);
        Up(Arc::clone(self))
    }

    fn count_sockets(&self, change: impl FnOnce(usize) -> usize) {
        let mut sockets = self.sockets();
        let up = change(sockets.as_ref().map_or(0, |it| it.up));
        *sockets = Some(Sockets { up, changed: Instant::now() });
        metrics::gauge!(crate::metrics::SLACK_SOCKETS).set(u32::try_from(up).unwrap_or(u32::MAX));
    }

    fn cut_off(&self) -> Option<String> {
        let sockets = *self.sockets();
        let long = sockets.filter(|it| it.up == 0).map(|it| it.changed.elapsed()).filter(|it| *it > NO_SOCKET)?;
        Some(format!("Slack has had no connection for {} s", long.as_secs()))
    }

    /// Returns what is wrong with the process, one line for each trouble that has lasted too long, or since the process
    /// began; empty if all is well.
    pub fn troubles(&self) -> Vec<String> {
        let tasks = self.tasks();
        let down = tasks.iter().filter(|(_, since)| since.elapsed() > DOWN);
        let down = down.map(|(task, since)| format!("{} is dead for {} s", task.as_str(), since.elapsed().as_secs()));
        let services = self.services();
        let never = Service::ALL.iter().filter(|it| !services.contains_key(it));
        let never = never.map(|it| format!("{} has not been reached yet", it.as_str()));
        let lost = services.iter().filter(|(_, last)| last.elapsed() > OUT_OF_REACH);
        let lost = lost
            .map(|(service, last)| format!("{} is out of reach for {} s", service.as_str(), last.elapsed().as_secs()));
        down.chain(never).chain(lost).chain(self.cut_off()).collect()
    }

    fn tasks(&self) -> MutexGuard<'_, BTreeMap<Task, Instant>> {
        self.down.lock().expect("no panic while the tasks are held")
    }

    fn sockets(&self) -> MutexGuard<'_, Option<Sockets>> {
        self.sockets.lock().expect("no panic while the connections are counted")
    }

    fn services(&self) -> MutexGuard<'_, BTreeMap<Service, Instant>> {
        self.reached.lock().expect("no panic while the services are held")
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.0.count_sockets(|up| up.saturating_sub(1));
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_stays_dead_is_named() {
        let health = Health::new();
        health.reached(Service::DynamoDb);
        health.down(Task::Driver);
        pass(20).await;
        health.down(Task::Driver);
        assert!(health.troubles().is_empty());
        pass(11).await;
        assert_eq!(health.troubles(), ["driver is dead for 31 s"]);
        health.up(Task::Driver);
        assert!(health.troubles().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn no_connection_for_long_is_told_where_there_should_be_one() {
        let health = Arc::new(Health::new());
        let troubles = |after| {
            let health = Arc::clone(&health);
            async move {
                pass(after).await;
                Service::ALL.into_iter().for_each(|it| health.reached(it));
                health.troubles()
            }
        };
        assert!(troubles(31).await.is_empty());
        health.expect_sockets();
        assert_eq!(troubles(31).await, ["Slack has had no connection for 31 s"]);
        let (one, other) = (health.socket(), health.socket());
        drop(one);
        assert!(troubles(31).await.is_empty());
        drop(other);
        assert!(troubles(29).await.is_empty());
        assert_eq!(troubles(2).await, ["Slack has had no connection for 31 s"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_out_of_reach_is_named() {
        let health = Health::new();
        assert_eq!(health.troubles(), ["DynamoDB has not been reached yet"]);
        pass(59).await;
        health.reached(Service::DynamoDb);
        pass(10).await;
        assert_eq!(health.troubles(), ["queue is out of reach for 69 s"]);
        health.reached(Service::Queue);
        assert!(health.troubles().is_empty());
    }
}
