//! What must hold of everything that has reached the stand-ins, whatever happened on the way.

use std::{collections::BTreeMap, fmt::Debug};

use datalake_bot::{
    domain::stage::StageId,
    sandbox::{history::Entry, slack::Posted},
};

use crate::harness::{ALERTS, CHANNEL, Judge, key, payload};

impl Judge {
    /// Asserts that no export, job run or message is there twice, and that the replies of each thread tell the stages
    /// in order.
    pub(crate) fn assert_sound(&self) {
        let exports = self.effects("rds", "StartExportTask");
        assert_once("export", exports.iter().map(|it| text(it, "identifier")));
        let jobs = self.effects("glue", "StartJobRun");
        let marks = ["--datalake_run", "--datalake_layer", "--datalake_attempt"];
        let marked = |it: &Entry| marks.map(|mark| it.note["arguments"][mark].as_str().unwrap().to_owned());
        assert_once("job run", jobs.iter().map(marked));
        let messages = [CHANNEL, ALERTS].iter().flat_map(|it| self.messages(it));
        // What people say, and what they are answered, belongs to no run.
        let messages: Vec<Posted> = messages.filter(|it| !key(it).is_empty()).collect();
        assert_once("message", messages.iter().map(|it| ["run", "notice", "key"].map(|mark| payload(it, mark))));
        self.assert_order();
    }

    /// Asserts that at most `most` crawls were started of each crawler.
    pub(crate) fn assert_crawls(&self, most: usize) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for crawl in self.effects("glue", "StartCrawler") {
            *counts.entry(text(&crawl, "name")).or_default() += 1;
        }
        assert!(counts.values().all(|it| *it <= most), "crawls: {counts:?}");
    }

    fn assert_order(&self) {
        let mut threads: BTreeMap<String, Vec<StageId>> = BTreeMap::new();
        for message in self.messages(CHANNEL) {
            let key = key(&message);
            let Some(("stage", rest)) = key.split_once(':') else { continue };
            // After a retry the stages begin anew.
            let Some((stage, "1")) = rest.split_once(':') else { continue };
            threads.entry(payload(&message, "run")).or_default().push(stage.parse().unwrap());
        }
        for (run, stages) in threads {
            assert!(stages.is_sorted(), "the thread of {run} tells {stages:?}");
        }
    }
}

fn text(entry: &Entry, name: &str) -> String {
    entry.note[name].as_str().unwrap_or_else(|| panic!("{name} in {}", entry.note)).to_owned()
}

fn assert_once<T: Ord + Debug>(what: &str, all: impl Iterator<Item = T>) {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    all.for_each(|it| *counts.entry(it).or_default() += 1);
    let twice: Vec<&T> = counts.iter().filter(|(_, count)| **count > 1).map(|(it, _)| it).collect();
    assert!(twice.is_empty(), "a {what} is there more than once: {twice:?}");
}
