use proptest::prelude::{any, proptest};
use rstest::rstest;

use super::*;
use crate::{
    domain::{
        access::{Bar, Who},
        answer::{Forbidden, Outcome},
        command::{Command, parse},
        failure::{Class, codes},
        source::{Engine, Layer},
    },
    projection::{
        testing::{
            WORDS,
            limits::check_view,
            plans::{bare, done, full, snapshot},
            reader::read_view,
            story::source,
        },
        view::{METADATA, TITLE},
    },
};

fn shown(view: &View) -> String {
    check_view(view);
    read_view(view)
}

fn command() -> RunCommand {
    RunCommand {
        source: "shop".to_owned(),
        snapshot: SnapshotChoice::Latest,
        only: vec!["learning.t000".to_owned()],
        layers: vec![],
        plan: false,
        reason: Some("Month end <!channel>".to_owned()),
    }
}

fn entered() -> Entered {
    Entered {
        source: Some("shop".to_owned()),
        snapshot: Some(snapshot(2).id),
        tables: "learning.users\nlearning.lessons".to_owned(),
        layers: Some(vec!["normal".to_owned()]),
        reason: "Month end".to_owned(),
    }
}

/// Returns the form in every state that it can be in.
fn forms(locale: Locale) -> Vec<View> {
    let (shop, learning) = (source("shop"), Source { engine: Engine::Aurora, sensitive: None, ..source("learning") });
    let snapshots: Vec<Snapshot> = (0..3).map(snapshot).collect();
    let failure = Failure::new(Class::Transient, codes::NO_ANSWER, "no answer in 30 s");
    let (fresh, entered) = (Entered::default(), entered());
    let one = [&shop];
    let many = [&learning, &shop];
    let form = |sources: &[&Source], chosen, listing, entered| {
        form(&WORDS, locale, &Form { sources, chosen, listing, entered })
    };
    vec![
        form(&one, &shop, Listing::Found(&snapshots), &fresh),
        form(&many, &shop, Listing::Found(&snapshots), &entered),
        form(&many, &learning, Listing::Awaited, &fresh),
        form(&many, &learning, Listing::Found(&[]), &fresh),
        form(&one, &shop, Listing::Failed(&failure), &fresh),
    ]
}

#[rstest]
fn forms_read_well(#[values(Locale::En, Locale::Ja)] locale: Locale) {
    let forms: Vec<String> = forms(locale).iter().map(shown).collect();
    insta::with_settings!({ snapshot_suffix => locale.as_str(), omit_expression => true }, {
        insta::assert_snapshot!("forms", forms.join("\n"));
    });
}

#[rstest]
fn what_stands_around_the_form_reads_well(#[values(Locale::En, Locale::Ja)] locale: Locale) {
    let run = full().run;
    let told = |answer| told(&WORDS, locale, &answer);
    let right = crate::domain::access::Right::Operate;
    let views = [
        loading(&WORDS, locale),
        told(Answer::Forbidden(Forbidden {
            right,
            why: Bar::NoRight,
            source: None,
            ask: vec!["S0DATAOPS01".to_owned()],
        })),
        told(Answer::Unidentified),
        working(&WORDS, locale),
        review(&WORDS, locale, &full(), &command()),
        review(&WORDS, locale, &bare(), &RunCommand { only: vec![], reason: None, ..command() }),
        review(&WORDS, locale, &done(), &RunCommand { only: vec![], reason: None, ..command() }),
        told(Answer::Outcome(Outcome::NoSnapshot { source: "shop".to_owned() })),
        told(Answer::Accepted { verb: Some(crate::domain::command::Verb::Run), target: "shop".to_owned() }),
        told(Answer::NotRecorded),
        told(Answer::Outcome(Outcome::Started { run: run.clone() })),
        told(Answer::Outcome(Outcome::Queued { holder: run.with_attempt(2).to_string(), run })),
        told(Answer::NoForm),
    ];
    let views: Vec<String> = views.iter().map(shown).collect();
    insta::with_settings!({ snapshot_suffix => locale.as_str(), omit_expression => true }, {
        insta::assert_snapshot!("around", views.join("\n"));
    });
}

#[rstest]
fn errors_stand_beside_their_fields_and_say_how_to_mend(#[values(Locale::En, Locale::Ja)] locale: Locale) {
    let flaws = [
        Flaw::Source,
        Flaw::Snapshot,
        Flaw::Table("learning.<!channel>".to_owned()),
        Flaw::Layers,
        Flaw::Reason { most: 300 },
    ];
    let told = flaws.into_iter().flat_map(|it| errors(&WORDS, locale, &entered(), &BTreeSet::from([it])));
    let told: Vec<String> = told.map(|(field, text)| format!("{field}: {text}")).collect();
    let json = serde_json::to_value(&forms(locale)[1]).unwrap();
    let names: Vec<&str> = json["blocks"].as_array().unwrap().iter().filter_map(|it| it["block_id"].as_str()).collect();
    for it in &told {
        assert!(names.contains(&it.split_once(": ").unwrap().0), "{it} is beside none of {names:?}");
    }
    insta::with_settings!({ snapshot_suffix => locale.as_str(), omit_expression => true }, {
        insta::assert_snapshot!("errors", told.join("\n"));
    });
}

#[test]
fn a_review_carries_the_command_of_the_snapshot_that_it_shows() {
    let view = serde_json::to_value(review(&WORDS, Locale::En, &full(), &command())).unwrap();
    let carried = parse(view["private_metadata"].as_str().unwrap());
    let pinned = RunCommand { snapshot: SnapshotChoice::Named(full().snapshot), ..command() };
    assert_eq!(carried, Ok(Command::Run(pinned)));
    assert!(view["submit"].is_object());
    let view = serde_json::to_value(review(&WORDS, Locale::En, &done(), &command())).unwrap();
    assert!(view["submit"].is_null(), "there is nothing to start");
}

#[test]
fn labels_fit_into_the_frame() {
    for (locale, key) in Locale::ALL
        .into_iter()
        .flat_map(|locale| ["title", "submit", "start", "cancel", "close"].map(|it| (locale, format!("form.{it}"))))
    {
        let label = WORDS.voice(locale).label(&key);
        assert!(label.chars().count() <= TITLE, "{key}: {label}");
    }
}

proptest! {
    #[test]
    fn any_form_is_within_the_limits(
        snapshots in 0_i64..150, sources in 1_usize..130, identifier in "[a-z<!>&`*\u{1F600}]{0,300}", long in any::<bool>(),
        why in any::<String>(), marks in "[<!>&`*\n]{0,4000}",
    ) {
        let name = |it: usize| format!("s{it}-{}", "x".repeat(25));
        let of = |it| Source { identifier: identifier.clone(), ..source(&name(it)) };
        let all: Vec<Source> = (0..sources).map(of).collect();
        let all: Vec<&Source> = all.iter().collect();
        let id = |it: Snapshot| if long { format!("{}{}", it.id, "y".repeat(200)) } else { it.id };
        let found: Vec<Snapshot> =
            (0..snapshots).map(snapshot).map(|it| Snapshot { id: id(it.clone()), ..it }).collect();
        let failure = Failure::new(Class::Transient, codes::NO_ANSWER, format!("{why}{marks}"));
        let entered = Entered { tables: "t".repeat(1500), reason: "r".repeat(300), ..entered() };
        for listing in [Listing::Awaited, Listing::Found(&found), Listing::Failed(&failure)] {
            let chosen = all[sources - 1];
            check_view(&form(&WORDS, Locale::En, &Form { sources: &all, chosen, listing, entered: &entered }));
        }
    }

    #[test]
    fn any_review_is_within_the_limits(
        reason in "[^\t\n\r\u{b}\u{c}\u{85}\u{a0}\u{1680}\u{2000}-\u{200f}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000} ]{1,300}",
        tables in proptest::collection::vec("[a-z_$]{1,40}\\.[a-z]{1,40}", 0..200), people in 0_usize..100,
    ) {
        let mut forecast = full();
        forecast.only.clone_from(&tables);
        forecast.layers = Layer::ALL.to_vec();
        if let Some(approval) = &mut forecast.approval {
            approval.approvers = (0..people).map(|it| Who::User(format!("U{it:010}")).to_string()).collect();
        }
        let mut only = tables;
        while only.join(",").len() > 1500 {
            only.pop();
        }
        let command = RunCommand { only, layers: vec![Layer::Normal], reason: Some(reason), ..command() };
        for locale in Locale::ALL {
            let view = review(&WORDS, locale, &forecast, &command);
            check_view(&view);
            let json = serde_json::to_value(&view).unwrap();
            let metadata = json["private_metadata"].as_str().unwrap();
            assert!(metadata.encode_utf16().count() <= METADATA);
        }
    }
}
