use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::domain::{
    source::Layer,
    testing::{begun_at, failed_at, new_run, start, succeeded},
};

/// A run that has succeeded, whose stages took this long one after the other.
fn run_of(minutes: i64) -> Run {
    let mut run = succeeded();
    let mut at = start();
    for stage in &mut run.stages {
        stage.started_at = Some(at);
        at += SignedDuration::from_mins(minutes);
        stage.finished_at = Some(at);
    }
    run
}

#[test]
fn it_is_told_from_those_that_succeeded() {
    assert_eq!(Usual::of(&[]), None);
    assert_eq!(Usual::of(&[failed_at(StageId::Export), new_run(&[])]), None);
    let usual = Usual::of(&[run_of(5), failed_at(StageId::Export), run_of(1), run_of(2)]).unwrap();
    assert_eq!(usual.runs, 3);
    assert_eq!(usual.stages[&StageId::Export], Span { low: 60, usual: 120, high: 300 });
    // The approval is one of nine stages, and does not count.
    assert_eq!(usual.whole, Span { low: 8 * 60, usual: 8 * 120, high: 8 * 300 });
}

#[test]
fn only_the_newest_count() {
    let runs: Vec<Run> = (0..20).map(|at| run_of(if at < 10 { 1 } else { 100 })).collect();
    assert_eq!(Usual::of(&runs).unwrap().whole.high, 8 * 60);
}

#[test]
fn what_is_left_is_added_to_when_the_open_stage_began() {
    let mut run = begun_at(StageId::Latest);
    assert_eq!(run.expected_end(), None);
    run.usual = Usual::of(&[run_of(10)]);
    // latest, two stages of each layer.
    assert_eq!(run.expected_end(), Some(start() + SignedDuration::from_mins(50)));
}

#[test]
fn what_is_not_part_of_the_run_takes_no_time() {
    let mut run = new_run(&[Layer::Normal]);
    run.usual = Usual::of(&[run_of(10)]);
    assert_eq!(run.expected_end(), None, "it has not got its turn");
    run.has_turn = true;
    let end: Timestamp = start() + SignedDuration::from_mins(60);
    assert_eq!(run.expected_end(), Some(end));
}
