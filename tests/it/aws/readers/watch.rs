//! Everything that must be true of `latest/` after every single call that S3 has carried out.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use datalake_bot::sandbox::{
    aws::S3,
    faults::{Fault, Kind, Moment},
};
use fastrand::Rng;

use super::{
    BUCKET, LATEST, SHARED,
    reader::{Objects, Reader, Reading},
};
use crate::aws::World;

/// Who reads at the same time.
const READERS: usize = 3;

/// The watch over `latest/`. Clones share one.
#[derive(Clone)]
pub(crate) struct Watch {
    s3: Arc<S3>,
    state: Arc<Mutex<State>>,
}

struct State {
    rng: Rng,
    exports: BTreeMap<String, Objects>,
    /// What was published last, and everything that has begun to be since.
    begun: Vec<String>,
    settled: bool,
    /// Something was published before, so that there must always be something.
    ever: bool,
    /// How many of the wanted names were there when the publish began, and how many with the wanted content.
    least: (usize, usize),
    readers: [Reader; READERS],
    whole: usize,
    torn: usize,
}

impl Watch {
    /// Returns a watch whose readers take steps as `seed` says.
    pub(crate) fn new(world: &World, seed: u64) -> Self {
        let state = State {
            rng: Rng::with_seed(seed),
            exports: BTreeMap::new(),
            begun: Vec::new(),
            settled: false,
            ever: false,
            least: (0, 0),
            readers: Default::default(),
            whole: 0,
            torn: 0,
        };
        Self { s3: Arc::clone(&world.stand_ins.s3), state: Arc::new(Mutex::new(state)) }
    }

    /// Writes an export of `objects`, of which every other one is encrypted: its copies have other `ETag`s.
    pub(crate) fn export(&self, task: &str, objects: Objects) {
        for (index, (name, content)) in objects.iter().enumerate() {
            let key = format!("raw/{task}/{name}");
            let content = content.clone();
            if index % 2 == 0 {
                self.s3.put(BUCKET, &key, content).unwrap();
            } else {
                self.s3.put_encrypted(BUCKET, &key, content).unwrap();
            }
        }
        let info = format!(r#"{{"snapshotTime":"{}"}}"#, super::snapshot_time(task));
        self.s3.put(BUCKET, &format!("raw/{task}/export_info_{task}.json"), info).unwrap();
        self.state.lock().unwrap().exports.insert(task.to_owned(), objects);
    }

    /// Says that `task` begins to be published, and looks after every call from now on.
    pub(crate) fn begin(&self, world: &World, task: &str) {
        let mut state = self.state.lock().unwrap();
        state.settled = false;
        state.begun.push(task.to_owned());
        state.least = state.wanted(&self.s3);
        self.plant(world);
    }

    /// Looks after every call from now on, until faults are cleared.
    pub(crate) fn plant(&self, world: &World) {
        let watch = self.clone();
        let hook = Arc::new(move |_| watch.look());
        let kind = Kind::Hook { at: Moment::AfterEffect, hook };
        world.front.faults.plant(Fault::once("s3", "*", kind).times(usize::MAX));
    }

    /// Says that `task` was published: it must be there, nothing else, and who reads now must see all of it.
    pub(crate) fn settle(&self, task: &str) {
        let mut state = self.state.lock().unwrap();
        state.begun = vec![task.to_owned()];
        state.settled = true;
        state.ever = true;
        let mut keys = self.s3.keys(BUCKET, LATEST);
        keys.retain(|it| !it.ends_with("_manifest.json"));
        let expected: Vec<String> = state.exports[task].keys().map(|it| format!("{LATEST}{it}")).collect();
        assert_eq!(keys, expected, "{task}");
        let mut reader = Reader::default();
        let reading = (0..=expected.len()).find_map(|_| reader.step(&self.s3, &state.exports, true));
        assert_eq!(reading, Some(Reading::Whole), "{task}");
        state.read(&self.s3);
    }

    /// Returns how many readings were whole, and how many torn.
    pub(crate) fn readings(&self) -> (usize, usize) {
        let state = self.state.lock().unwrap();
        (state.whole, state.torn)
    }

    /// Asserts what must be true at any time, and lets readers read.
    fn look(&self) {
        let mut state = self.state.lock().unwrap();
        let State { begun, least, ever, .. } = &*state;
        let enough = !ever || begun.iter().any(|it| state.is_there(&self.s3, it));
        assert!(enough, "no export is there as a whole: {begun:?}");
        let (names, contents) = state.wanted(&self.s3);
        assert!(names >= least.0 && contents >= least.1, "{names} {contents}, {least:?} when {begun:?} began");
        state.read(&self.s3);
    }
}

impl State {
    /// Lets readers take some steps.
    fn read(&mut self, s3: &S3) {
        for _ in 0..self.rng.usize(0..20) {
            let reader = self.rng.usize(0..READERS);
            match self.readers[reader].step(s3, &self.exports, self.settled) {
                Some(Reading::Whole) => self.whole += 1,
                Some(Reading::Torn) => self.torn += 1,
                None => {}
            }
        }
    }

    /// Returns how many names of what is being published are there, and how many with its content.
    fn wanted(&self, s3: &S3) -> (usize, usize) {
        let Some(task) = self.begun.last() else { return (0, 0) };
        let there = |name: &String| s3.get(BUCKET, &format!("{LATEST}{name}"));
        let found: Vec<_> = self.exports[task].iter().filter_map(|(name, it)| Some(there(name)? == it)).collect();
        (found.len(), found.iter().filter(|it| **it).count())
    }

    /// Says whether all of an export is there, but for what has the same name in each.
    fn is_there(&self, s3: &S3, task: &str) -> bool {
        let mut own = self.exports[task].iter().filter(|(name, _)| *name != SHARED);
        own.all(|(name, content)| s3.get(BUCKET, &format!("{LATEST}{name}")).is_some_and(|it| it == content))
    }
}
