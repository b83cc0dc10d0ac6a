use proptest::prelude::*;

use super::{
    DOOR, Deed, Entry, Kind, LONGEST, Trail,
    verify::{Found, Head, Why, verify},
};
use crate::domain::{
    fact::Fact,
    retry::{Retry, retry},
    rollback::{Rollback, RolledBack},
    run::Run,
    stage::StageId,
    testing::{APPROVERS, REQUESTER, approved, asked, failed_at, new_run, run_at, start, succeeded},
};

const CHAIN: &str = "shop-202611220300-0a09292e-a1";

/// A chain of so many entries.
fn chain(name: &str, count: u64) -> (Vec<Entry>, Trail) {
    let mut trail = Trail::default();
    for number in 1..=count {
        let deed = Deed::new(Kind::Acted, "replica").via("slack").with("stage", "export").with("number", &number);
        trail.log(name, start(), deed);
    }
    (trail.unwritten().to_vec(), trail)
}

fn found(entries: &[Entry]) -> Vec<Found> {
    entries.iter().zip(1..).map(|(it, place)| Found { place, entry: Ok(it.clone()) }).collect()
}

fn head(trail: &Trail) -> Head {
    Head { chain: CHAIN.to_owned(), seq: trail.seq, hash: trail.hash.clone(), by: CHAIN.to_owned() }
}

/// Returns the place that is named, and what is wrong there.
fn named(found: &[Found], trail: &Trail) -> (u64, Why) {
    let broken = verify(CHAIN, found, &[head(trail)]).expect_err("it is broken");
    assert_eq!(broken.chain, CHAIN);
    (broken.seq, broken.why)
}

type Edit = fn(&mut Entry);

/// Everything in an entry that can be edited.
fn edits() -> [(&'static str, Edit); 11] {
    [
        ("chain", |it| it.chain = DOOR.to_owned()),
        ("seq", |it| it.seq += 1),
        ("at", |it| it.at += jiff::SignedDuration::from_nanos(1)),
        ("kind", |it| it.kind = "ended".to_owned()),
        ("who", |it| it.who.push('x')),
        ("via", |it| it.via.clear()),
        ("a value", |it| drop(it.what.insert("stage".to_owned(), "latest".to_owned()))),
        ("a new value", |it| drop(it.what.insert("more".to_owned(), String::new()))),
        ("a value that moves", |it| {
            let old = it.what.remove("number").unwrap();
            it.what.insert("numbe".to_owned(), format!("r{old}"));
        }),
        ("prev", |it| it.prev.replace_range(..1, "g")),
        ("hash", |it| it.hash.replace_range(..1, "g")),
    ]
}

#[test]
fn every_way_to_break_a_chain_of_a_hundred_is_named_at_its_place() {
    let (entries, trail) = chain(CHAIN, 100);
    let whole = found(&entries);
    assert_eq!(verify(CHAIN, &whole, &[head(&trail)]), Ok(100));
    let other = chain(DOOR, 100).0;
    for at in 0..100_usize {
        let place = at as u64 + 1;
        let mut deleted = whole.clone();
        deleted.remove(at);
        assert_eq!(named(&deleted, &trail), (place, Why::Missing));
        assert_eq!(named(&whole[..at], &trail), (place, Why::Missing), "the tail is cut");
        if at > 0 {
            assert_eq!(named(&whole[at..], &trail), (1, Why::Missing), "the head is cut");
        }
        for (what, edit) in edits() {
            let mut edited = entries.clone();
            edit(&mut edited[at]);
            assert_eq!(named(&found(&edited), &trail).0, place, "{what}");
        }
        let mut rehashed = entries.clone();
        rehashed[at].who = "UNOBODY".to_owned();
        rehashed[at].hash = rehashed[at].digest();
        assert_eq!(named(&found(&rehashed), &trail), (place, Why::Replaced));
        if at < 99 {
            let mut swapped = entries.clone();
            swapped.swap(at, at + 1);
            assert_eq!(named(&found(&swapped), &trail).0, place);
        }
        let mut doubled = entries.clone();
        doubled.insert(at, entries[at].clone());
        assert_eq!(named(&found(&doubled), &trail).0, place + 1);
        let mut foreign = entries.clone();
        foreign.insert(at, other[at].clone());
        assert_eq!(named(&found(&foreign), &trail).0, place);
        let mut unreadable = whole.clone();
        unreadable[at].entry = Err("no number".to_owned());
        assert_eq!(named(&unreadable, &trail), (place, Why::Unreadable { why: "no number".to_owned() }));
    }
}

#[test]
fn a_chain_ends_where_its_head_says() {
    let (entries, trail) = chain(CHAIN, 10);
    let (longer, _) = chain(CHAIN, 12);
    assert_eq!(named(&found(&longer), &trail), (11, Why::Added));
    let other = Trail { hash: entries[8].hash.clone(), ..trail.clone() };
    assert_eq!(named(&found(&entries), &other), (10, Why::Replaced));
    assert_eq!(verify(CHAIN, &found(&entries), &[]).unwrap_err().why, Why::NoHead);
    assert_eq!(verify(CHAIN, &[], &[head(&Trail::default())]), Ok(0), "a record from before there was a log");
    let before = Trail { seq: 4, hash: entries[3].hash.clone(), ..Trail::default() };
    assert_eq!(verify(CHAIN, &found(&entries), &[head(&before), head(&trail)]), Ok(10), "an earlier attempt's record");
    let false_before = Trail { seq: 5, ..before };
    assert_eq!(verify(CHAIN, &found(&entries), &[head(&false_before), head(&trail)]).unwrap_err().seq, 5);
}

#[test]
fn an_entry_is_read_only_as_it_was_written() {
    let entry = chain(CHAIN, 1).0.remove(0);
    let written = serde_json::to_value(&entry).unwrap();
    assert_eq!(Entry::read(&written), Ok(entry));
    let changed = |change: fn(&mut serde_json::Value)| {
        let mut written = written.clone();
        change(&mut written);
        Entry::read(&written)
    };
    assert!(changed(|it| it["note"] = "x".into()).is_err());
    assert!(changed(|it| it["at"] = it["at"].as_str().unwrap().replace('Z', ".000Z").into()).is_err());
    assert!(changed(|it| it["seq"] = "1".into()).is_err());
}

#[test]
fn values_are_redacted_and_kept_short() {
    let deed = Deed::new(Kind::Failed, "bot").with("message", &format!("password=hunter2 {}", "ü".repeat(LONGEST)));
    let message = &deed.what["message"];
    assert!(message.starts_with("password=*** ü") && message.len() <= LONGEST + '…'.len_utf8(), "{message}");
    assert_eq!(Deed::new(Kind::Acted, "bot").with("handle", ""), Deed::new(Kind::Acted, "bot"));
}

/// Kinds of what a run has yet to write, oldest first.
fn kinds(run: &Run) -> Vec<&str> {
    run.audit.unwritten().iter().map(|it| it.kind.as_str()).collect()
}

fn is_whole(runs: &[&Run]) {
    let entries: Vec<Entry> = runs.iter().flat_map(|it| it.audit.unwritten()).cloned().collect();
    let heads: Vec<Head> = runs.iter().map(|it| Head { chain: it.run_id.to_string(), ..head(&it.audit) }).collect();
    assert_eq!(verify(runs[0].run_id.as_str(), &found(&entries), &heads), Ok(entries.len() as u64));
}

#[test]
fn a_run_tells_who_asked_for_it_and_who_let_it_go_on() {
    let run = succeeded();
    is_whole(&[&run]);
    let entries = run.audit.unwritten();
    assert_eq!(
        (entries[0].kind.as_str(), entries[0].who.as_str(), entries[0].via.as_str()),
        ("created", REQUESTER, "slack")
    );
    let votes: Vec<_> = entries.iter().filter(|it| it.kind == "voted").collect();
    assert_eq!(votes.iter().map(|it| it.who.as_str()).collect::<Vec<_>>(), &APPROVERS[..2]);
    let approval = run.approval.as_ref().unwrap();
    assert!(votes.iter().all(|it| it.what["digest"] == approval.digest && it.what["verdict"] == "approve"));
    assert_eq!((votes[0].what["state"].as_str(), votes[1].what["state"].as_str()), ("pending", "approved"));
    let end = entries.last().unwrap();
    assert_eq!((end.kind.as_str(), end.what["status"].as_str()), ("ended", "SUCCEEDED"));
    assert!(entries.iter().all(|it| serde_json::to_vec(it).unwrap().len() < 2048));
}

#[test]
fn the_next_attempt_goes_on_with_the_chain() {
    let failed = failed_at(StageId::Export);
    let Ok(Retry::NewAttempt { fact, next, .. }) = retry(&failed, None, "UKENJI", start()) else {
        panic!("a new name")
    };
    let left = failed.after(&fact, start()).unwrap();
    assert_eq!(kinds(&next), ["continued"]);
    is_whole(&[&left, &next]);
    assert_eq!(next.audit.unwritten()[0].what["after"], failed.export_task.as_str());
    let took = next.after(&Fact::TurnTaken, start()).unwrap();
    assert!(kinds(&took) == ["continued"] && took.audit == next.audit, "a turn is nobody's deed");
}

#[test]
fn an_attempt_that_was_left_behind_adds_nothing_any_more() {
    let failed = failed_at(StageId::Export);
    let Ok(Retry::NewAttempt { fact, .. }) = retry(&failed, None, "UKENJI", start()) else { panic!("a new name") };
    let left = failed.after(&fact, start()).unwrap();
    let by = "shop-202611230300-0a09292e-a1".parse().unwrap();
    let (from, to, reason) = (left.run_id.with_attempt(9), left.run_id.with_attempt(9), None);
    let rollback = Rollback { from, by: "UANA".into(), at: start(), reason: reason.clone() };
    let mark = RolledBack { to, by: "UANA".into(), at: start(), reason };
    for fact in [
        Fact::Retried { from: StageId::Verify, by: "UANA".into() },
        Fact::Continued { next: left.run_id.with_attempt(2) },
        Fact::Acknowledged { by: "UANA".into() },
        Fact::Overtaken { by },
        Fact::CancelAsked { by: "UANA".into() },
        Fact::TurnTaken,
        Fact::Superseded,
        Fact::BroughtBack { rollback },
        Fact::RolledBack { mark },
        Fact::RollbackUndone { by: "UANA".into() },
    ] {
        assert!(left.after(&fact, start()).is_err(), "{fact:?} would fork the chain");
    }
}

#[test]
fn a_retry_tells_which_approval_it_sets_aside() {
    let waits = asked(&run_at(StageId::SensitiveApproval));
    let id = waits.approval.as_ref().unwrap().id.clone();
    let facts = [Fact::CancelAsked { by: "UKENJI".into() }, Fact::Canceled];
    let canceled = crate::domain::testing::after(&waits, &facts);
    let Ok(Retry::Same { fact, .. }) = retry(&canceled, None, "UKENJI", start()) else { panic!("the same name") };
    let again = canceled.after(&fact, start()).unwrap();
    assert_eq!(kinds(&again).split_off(kinds(&waits).len()), ["cancel_asked", "ended", "retried"]);
    assert_eq!(again.audit.unwritten().last().unwrap().what["sets_aside"], id);
    assert!(approved(&asked(&run_at(StageId::SensitiveApproval))).audit.seq > waits.audit.seq);
    assert_eq!(kinds(&new_run(&[])), ["created"]);
}

proptest! {
    /// What is hashed can be read in one way only.
    #[test]
    fn two_entries_have_one_hash_only_if_they_are_one(
        a in prop::collection::vec("[a-c]{0,3}", 7), b in prop::collection::vec("[a-c]{0,3}", 7),
    ) {
        let entry = |it: &[String]| Entry {
            chain: it[0].clone(),
            seq: 1,
            at: start(),
            kind: it[1].clone(),
            who: it[2].clone(),
            via: it[3].clone(),
            what: [(it[4].clone(), it[5].clone())].into(),
            prev: it[6].clone(),
            hash: String::new(),
        };
        let (a, b) = (entry(&a), entry(&b));
        prop_assert_eq!(a == b, a.digest() == b.digest());
    }
}
