use rstest::rstest;

use super::*;
use crate::projection::{
    blocks::{Button, Page, Style},
    testing::WORDS,
    text::Locale,
};

const C1: &str = "C1";

fn wanted(key: &str, in_thread: bool, text: &str) -> Wanted {
    let message = Message { text: text.to_owned(), blocks: Vec::new(), rich: Vec::new() };
    Wanted { key: Key(key.to_owned()), channel: C1.to_owned(), in_thread, message }
}

/// A message that people act on.
fn asking(key: &str, in_thread: bool) -> Wanted {
    let text = WORDS.voice(Locale::En).text("answer.unidentified");
    let button = Button { action: "x", label: "x".into(), value: "x".into(), style: Style::Plain, confirm: None };
    Wanted { message: Page::new(text).buttons(vec![button]).message(), ..wanted(key, in_thread, "") }
}

/// The messages that a run with an alert and an approval wants.
fn all(text: &str) -> Vec<Wanted> {
    let keys = [("root", false), ("stage:export:1", true), ("approval:x", true), ("alert:verify:1", false)];
    keys.iter().map(|(key, in_thread)| wanted(key, *in_thread, text)).collect()
}

fn posted(wanted: &[Wanted]) -> Thread {
    let mut thread = Thread::empty("shop-202611220304-0a09292e-a1");
    for it in wanted {
        let digest = it.message.digest();
        let posted = Posted { channel: C1.into(), ts: "1.0".into(), digest, folded: false };
        thread.posted.insert(it.key.0.clone(), posted);
    }
    thread
}

fn order(wanted: &[Wanted], thread: &Thread) -> Vec<String> {
    let told = |it: &Edit<'_>| match it {
        Edit::Post { wanted, channel } => format!("post {} to {channel}", wanted.key.0),
        Edit::Update { wanted, posted } => format!("update {} in {}", wanted.key.0, posted.channel),
    };
    edits(wanted, thread).iter().map(told).collect()
}

#[test]
fn replies_wait_for_their_root() {
    assert_eq!(order(&all("a"), &posted(&[])), ["post root to C1", "post alert:verify:1 to C1"]);
}

#[test]
fn what_people_act_on_is_edited_first_and_the_root_last() {
    let (before, after) = (all("a"), all("b"));
    let order = order(&after, &posted(&[before[0].clone(), before[2].clone()]));
    let wanted =
        ["update approval:x in C1", "post alert:verify:1 to C1", "post stage:export:1 to C1", "update root in C1"];
    assert_eq!(order, wanted);
}

#[test]
fn what_is_shown_already_is_left_alone() {
    let all = all("a");
    assert_eq!(order(&all, &posted(&all)), [""; 0]);
}

#[test]
fn a_thread_stays_where_it_is_when_the_channel_in_the_configuration_changes() {
    let before = all("a");
    let mut after = all("b");
    for it in &mut after {
        it.channel = "C2".to_owned();
    }
    let order = order(&after, &posted(&before[..1]));
    let wanted =
        ["post alert:verify:1 to C2", "post stage:export:1 to C1", "post approval:x to C1", "update root in C1"];
    assert_eq!(order, wanted);
}

#[test]
fn replies_are_folded_up_to_the_first_that_asks() {
    let replies = [wanted("a", true, "a"), wanted("b", true, "b"), asking("c", true), wanted("d", true, "d")];
    let keys = |from: usize| folded(&replies[from..]).iter().map(|it| it.key.0.as_str()).collect::<Vec<_>>();
    assert_eq!((keys(0), keys(2), keys(3)), (vec!["a", "b"], vec!["c"], vec!["d"]));
    let message = together(&folded(&replies)).unwrap();
    assert_eq!(message.text, "a\nb");
    let long = [wanted("a", true, &"x".repeat(2000)), wanted("b", true, &"y".repeat(2000))];
    assert_eq!(folded(&long).len(), 1, "together they are too long");
    let others = [wanted("root", false, "r"), wanted("a", true, "a")];
    assert_eq!(folded(&others).len(), 1, "a root stands for itself");
}

#[test]
fn a_part_of_a_folded_message_is_not_edited() {
    let (before, after) = (all("a"), all("b"));
    let mut thread = posted(&before);
    thread.posted.get_mut("stage:export:1").unwrap().folded = true;
    assert!(!order(&after, &thread).iter().any(|it| it.contains("export")));
}

#[test]
fn a_root_that_was_deleted_is_posted_again_once_with_what_people_act_on() {
    let all = vec![wanted("root", false, "r"), wanted("stage:export:1", true, "a"), asking("approval:x", true)];
    let mut thread = posted(&all);
    thread.deleted(Key::ROOT, &all, 0);
    assert_eq!(order(&all, &thread), ["post root to C1"]);
    thread.posted.extend(posted(&all[..1]).posted);
    assert_eq!(order(&all, &thread), ["post approval:x to C1"], "what was told is not told again");
    assert!(thread.stopped.is_none());

    thread.deleted(Key::ROOT, &all, 2);
    assert_eq!((thread.stopped, thread.trouble.as_deref()), (Some(2), Some(Thread::DELETED_TWICE)));
    assert!(!thread.resume(2));
    assert!(thread.resume(3) && thread.stopped.is_none() && thread.trouble.is_none());
    assert_eq!(order(&all, &thread)[0], "post root to C1");
}

#[rstest]
#[case::alert_that_stands(asking("alert:verify:1", false), true)]
#[case::alert_that_is_solved(wanted("alert:verify:1", false, "solved"), false)]
#[case::reply(wanted("stage:export:1", true, "a"), false)]
fn what_was_deleted_is_posted_again_only_if_people_act_on_it(#[case] message: Wanted, #[case] again: bool) {
    let all = vec![wanted("root", false, "r"), message];
    let mut thread = posted(&all);
    thread.deleted(&all[1].key.0, &all, 0);
    assert_eq!(!order(&all, &thread).is_empty(), again);
    thread.deleted(&all[1].key.0, &all, 0);
    assert!(order(&all, &thread).is_empty());
}

#[test]
fn the_end_of_a_run_is_urgent_and_its_progress_is_not() {
    let (before, after) = (all("a"), [all("b"), vec![asking("approval:y", true)]].concat());
    let thread = posted(&[before[0].clone(), before[2].clone()]);
    let urgencies = |over| edits(&after, &thread).iter().map(|it| it.urgency(over, false)).collect::<Vec<_>>();
    let (act, news) = (Urgency::Act, Urgency::News);
    assert_eq!(urgencies(false), [act, news, news, act, news]);
    assert_eq!(urgencies(true), [act; 5]);
}

#[test]
fn what_can_be_seen_elsewhere_in_the_thread_waits_for_what_cannot() {
    let at = |root: &str, replies: usize| {
        let replies = (1..=replies).map(|it| wanted(&format!("stage:{it}"), true, "done"));
        std::iter::once(wanted("root", false, root)).chain(replies).collect::<Vec<_>>()
    };
    let now = at("b", 2);
    let left = |shown: &[Wanted]| {
        let thread = posted(shown);
        let edits = edits(&now, &thread);
        let seen = are_seen(&edits);
        edits.iter().map(|it| [false, true].map(|over| it.urgency(over, seen))).collect::<Vec<_>>()
    };
    let (unseen, seen) = ([Urgency::News, Urgency::Act], [Urgency::State, Urgency::News]);
    assert_eq!(left(&at("a", 0)), [unseen; 3], "nothing is seen");
    assert_eq!(left(&at("b", 0)), [seen; 2], "the root shows it");
    assert_eq!(left(&at("a", 2)), [[Urgency::State, Urgency::Act]], "the replies have told it");
    assert_eq!(left(&at("a", 1)), [unseen; 2], "the last one has not");
    assert_eq!(left(&[]), [unseen], "a root that is not there shows nothing");
}
