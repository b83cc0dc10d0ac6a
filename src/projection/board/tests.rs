use rstest::rstest;

use super::*;
use crate::{
    domain::{
        fact::Fact,
        run::{RootMessage, Trigger},
        stage::Detail,
    },
    projection::{
        testing::{
            WORDS,
            limits::check,
            reader::read,
            story::{Story, order, source, told},
        },
        text::Locale,
    },
};

fn begun(name: &str) -> Story {
    let mut story = told(source(name), &order(Trigger::Event, None));
    story.run.slack = Some(RootMessage { channel: "C0DATALAKE1".into(), ts: "1732244700.000100".into() });
    story
}

fn active() -> Vec<Run> {
    let at = |name: &str, stage| begun(name).until(stage).begin();
    let exporting = at("learning", StageId::Export).progress(3, Detail { percent: Some(40), ..Detail::default() });
    let slot = WaitOn::ExportSlot { message: "too many".into(), before: 2 };
    let canceling = at("blog", StageId::NormalTransform).then(1, &Fact::CancelAsked { by: "UANA".into() });
    let mut unshown = begun("new");
    unshown.run.slack = None;
    vec![
        begun("queued").wait(WaitOn::Turn { holder: "shop-1".into() }).run,
        at("line", StageId::Export).wait(slot).run,
        exporting.run,
        begun("shop").until(StageId::SensitiveApproval).ask().run,
        canceling.run,
        at("crawled", StageId::NormalCatalog).wait(WaitOn::CrawlerFree).run,
        unshown.run,
    ]
}

fn ended() -> Vec<Run> {
    let failed = begun("shop").until(StageId::NormalTransform).fail("JobFailed", "no such column").run;
    vec![failed, begun("learning").until(StageId::SensitiveCatalog).finish(4, Detail::default(), &[]).run]
}

fn draw(board: &Board, locale: Locale) -> Message {
    let view = View { words: &WORDS, locale, channel: "C0DATALAKE1", alerts_channel: "C0ALERTS0001", names_in: &[] };
    let wanted = wanted(board, &view);
    assert_eq!((wanted.channel.as_str(), wanted.in_thread, wanted.is_root()), ("C0DATALAKE1", false, true));
    check(&wanted.message);
    wanted.message
}

#[rstest]
#[case(Locale::En)]
#[case(Locale::Ja)]
fn the_board_reads_well(#[case] locale: Locale) {
    let boards = [
        ("busy", Board { active: active(), last: vec![] }),
        ("idle", Board { active: vec![], last: ended() }),
        ("new", Board::default()),
    ];
    let all = boards.iter().map(|(name, it)| format!("── {name}\n{}\n", read(&draw(it, locale))));
    insta::assert_snapshot!(format!("board_{locale}"), all.collect::<Vec<_>>().join("\n"));
}

#[test]
fn however_many_run_the_board_fits_and_says_how_many_are_left_out() {
    for count in [1, 40, 100, 1000] {
        let run = |it: usize| begun(&format!("a-source-with-a-long-name-{it}")).until(StageId::Export).begin().run;
        let board = Board { active: (0..count).map(run).collect(), last: vec![] };
        for locale in Locale::ALL {
            let shown = read(&draw(&board, locale));
            let lines = shown.matches("archives/C0DATALAKE1/p1732244700000100").count();
            assert_eq!(count > lines, shown.contains(&(count - lines).to_string()) && count > lines, "{shown}");
            assert!(lines >= count.min(40), "{lines} of {count}");
        }
    }
}

#[test]
fn what_waits_for_people_stands_first_and_a_name_cannot_speak() {
    let mut odd = begun("odd");
    odd.run.source = "<!channel>|x".into();
    let board = Board { active: [active(), vec![odd.run]].concat(), last: vec![] };
    let shown = read(&draw(&board, Locale::En));
    let place = |what: &str| shown.find(what).unwrap();
    assert!(place("✋ *") < place("⏳ *") && place("⏳ *") < place("⚪ *"));
    assert!(!shown.contains("<!channel>"), "{shown}");
}
