//! The exports of the account, as seen last: those that nobody has asked the bot for, and the line of runs that wait for
//! a slot.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    domain::{
        export::{ActiveExport, Place, SLOTS, Unmanaged},
        failure::Failure,
        name::ExportTask,
        run::Run,
        snapshot::SnapshotChoice,
        stage::{StageId, WaitOn},
    },
    engine::{
        Engine, Wake,
        ports::{self, StoreError},
    },
};

/// How old what was seen may be when somebody asks how things stand.
const FRESH: Duration = Duration::from_secs(5);

/// How long a person waits for something fresher than what was seen last.
const LOOK: Duration = Duration::from_millis(700);

/// For how many of the longest pauses a slot must be free before a run takes it that has others before it: they have had
/// their chance, and something else keeps them.
const PASSED_OVER: u32 = 2;

/// For how many of the longest pauses it is remembered of a run that has left the line.
const KEPT: u32 = 8;

/// The exports of the account.
pub struct Exports {
    port: Arc<dyn ports::Exports>,
    seen: tokio::sync::Mutex<Option<Look>>,
    /// Since when runs in the line see a slot that is not theirs yet. Runs that have left it are forgotten.
    passed_over: Mutex<HashMap<ExportTask, Instant>>,
}

/// What a look has found.
#[derive(Clone)]
struct Look {
    at: Instant,
    active: Vec<ActiveExport>,
    unmanaged: Vec<Unmanaged>,
}

impl Exports {
    /// Returns the exports that `port` knows.
    pub fn new(port: Arc<dyn ports::Exports>) -> Self {
        Self { port, seen: tokio::sync::Mutex::default(), passed_over: Mutex::default() }
    }

    /// Says whether run `name`, which has others before it, may take a slot because they leave it free: `longest` is the
    /// longest pause between two attempts of theirs.
    fn is_passed_over(&self, name: &ExportTask, free: Option<usize>, longest: Duration) -> bool {
        let mut since = self.passed_over.lock().expect("no panic while the map is held");
        since.retain(|_, at| at.elapsed() < longest * KEPT);
        if free == Some(0) {
            since.remove(name);
            return false;
        }
        let long = since.entry(name.clone()).or_insert_with(Instant::now).elapsed() >= longest * PASSED_OVER;
        if long {
            since.remove(name);
        }
        long
    }
}

/// Why the exports are not known.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unknown {
    #[error("{}", .0.message)]
    Aws(Failure),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Looks at the exports of the account, unless that was done less than `age` ago.
    pub(super) async fn look_at_exports(&self, age: Duration) -> Result<(), Unknown> {
        self.exports_seen(age).await.map(|_| ())
    }

    /// Returns the exports of `source`, or of every source, that no run has asked for, as fresh as can be had soon.
    pub(super) async fn unmanaged(&self, source: Option<&str>) -> Vec<Unmanaged> {
        let look = match tokio::time::timeout(LOOK, self.exports_seen(FRESH)).await {
            Ok(Ok(look)) => Some(look),
            Ok(Err(error)) => {
                tracing::warn!(%error, "The exports of the account could not be looked at");
                None
            }
            Err(_) => None,
        };
        // If a look is under way it is what the others wait for; here nobody does.
        let look = look.or_else(|| self.exports.seen.try_lock().ok()?.clone());
        let found = look.map(|it| it.unmanaged).unwrap_or_default();
        found.into_iter().filter(|it| source.is_none_or(|name| it.source == name)).collect()
    }

    /// Returns how many exports are under way in the account, if that can be seen within `wait`.
    pub(super) async fn exports_under_way(&self, wait: Duration) -> Option<usize> {
        let look = tokio::time::timeout(wait, self.exports_seen(FRESH)).await;
        look.ok()?.ok().map(|it| it.active.len())
    }

    async fn exports_seen(&self, age: Duration) -> Result<Look, Unknown> {
        let mut seen = self.exports.seen.lock().await;
        if let Some(look) = seen.as_ref().filter(|it| it.at.elapsed() < age) {
            return Ok(look.clone());
        }
        let active = self.exports.port.active().await.map_err(Unknown::Aws)?;
        let known = seen.as_ref().map(|it| it.unmanaged.clone()).unwrap_or_default();
        let mut unmanaged = Vec::new();
        for export in &active {
            if let Some(source) = self.source_of_unmanaged(export, &known).await? {
                unmanaged.push(Unmanaged { source, export: export.clone() });
            }
        }
        let look = Look { at: Instant::now(), active, unmanaged };
        *seen = Some(look.clone());
        Ok(look)
    }

    /// Returns the source whose export it is; `None` if it is of none, or of a run.
    async fn source_of_unmanaged(&self, export: &ActiveExport, known: &[Unmanaged]) -> Result<Option<String>, Unknown> {
        if let Ok(name) = export.name.parse()
            && self.store.run(&name).await?.is_some()
        {
            return Ok(None);
        }
        if let Some(known) = known.iter().find(|it| it.export.source_arn == export.source_arn) {
            return Ok(Some(known.source.clone()));
        }
        for source in self.sources.all() {
            let snapshot = SnapshotChoice::Named(export.source_arn.clone());
            let is_cluster = export.source_arn.ends_with(&format!(":cluster:{}", source.identifier));
            if is_cluster || self.snapshots.find(source, &snapshot).await.is_ok_and(|it| it.is_some()) {
                return Ok(Some(source.name.clone()));
            }
        }
        Ok(None)
    }

    /// Returns what `run` has to wait for before it may ask RDS for an export: those who wait longer go first. `None`:
    /// it may ask.
    pub(super) async fn line(&self, run: &Run) -> Result<Option<WaitOn>, StoreError> {
        let Some((before, message)) = self.before(run).await? else { return Ok(None) };
        let poll = Duration::try_from(self.timing.poll).unwrap_or_default();
        let look = self.exports_seen(poll).await;
        let free = look.map(|it| SLOTS.saturating_sub(it.active.len())).ok();
        let longest = Duration::try_from(self.timing.reconcile_every).unwrap_or_default();
        let may = Place { before, free }.may_try() || self.exports.is_passed_over(&run.export_task, free, longest);
        Ok((!may).then_some(WaitOn::ExportSlot { message, before }))
    }

    /// Returns the refusal of RDS with the run's place in the line.
    pub(super) async fn placed(&self, run: &Run, on: WaitOn) -> Result<WaitOn, StoreError> {
        let WaitOn::ExportSlot { message, .. } = on else { return Ok(on) };
        let before = self.before(run).await?.map_or(0, |(before, _)| before);
        Ok(WaitOn::ExportSlot { message, before })
    }

    /// Returns how many other runs wait for a slot and began to earlier than `run`, and what RDS told the first of them;
    /// `None` if there are none.
    async fn before(&self, run: &Run) -> Result<Option<(u32, String)>, StoreError> {
        let own = place_of(run).map(|(since, _)| since);
        let mut before = 0;
        let mut told = None;
        for open in self.store.open_runs().await?.into_iter().filter(|it| it.export_task != run.export_task) {
            // One that cannot be read has its own notice, and holds up nobody.
            let Ok(Some(other)) = self.store.run(&open.export_task).await else { continue };
            let Some((since, message)) = place_of(&other) else { continue };
            if own.is_none_or(|own| (since, &other.export_task) < (own, &run.export_task)) {
                before += 1;
                told.get_or_insert_with(|| message.to_owned());
            }
        }
        Ok(told.map(|it| (before, it)))
    }

    /// Wakes the open runs: one that waits for a slot may have it now.
    pub(super) async fn wake_line(&self) {
        match self.store.open_runs().await {
            Ok(open) => open.into_iter().for_each(|it| self.wakes.send(Wake::Run(it.export_task))),
            Err(error) => tracing::warn!(%error, "Runs that wait for a slot will be found by the sweeper"),
        }
    }
}

/// Returns since when the run waits for a slot, and what RDS said; `None` if it does not.
fn place_of(run: &Run) -> Option<(jiff::Timestamp, &str)> {
    let waiting = run.open_stage().filter(|it| it.id == StageId::Export && !run.status.is_over())?.waiting.as_ref()?;
    if let WaitOn::ExportSlot { message, .. } = &waiting.on { Some((waiting.since, message)) } else { None }
}
