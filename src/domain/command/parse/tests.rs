use proptest::prelude::{any, proptest};

use super::*;

fn run(source: &str) -> RunCommand {
    RunCommand {
        source: source.into(),
        snapshot: SnapshotChoice::Latest,
        only: vec![],
        layers: vec![],
        plan: false,
        reason: None,
    }
}

fn rollback(to: Option<&str>, reason: Option<&str>) -> Command {
    let text = |it: Option<&str>| it.map(str::to_owned);
    Command::Rollback(RollbackCommand { source: "shop".into(), to: text(to), reason: text(reason) })
}

#[test]
fn commands_are_read() {
    for (text, command) in [
        ("", Command::Overview),
        ("   ", Command::Overview),
        ("run shop", Command::Run(run("shop"))),
        ("RUN shop --snapshot latest", Command::Run(run("shop"))),
        (
            "run --plan shop --snapshot=rds:shop-1 --only a.b,c.d --layers normal",
            Command::Run(RunCommand {
                snapshot: SnapshotChoice::Named("rds:shop-1".into()),
                only: vec!["a.b".into(), "c.d".into()],
                layers: vec![Layer::Normal],
                plan: true,
                ..run("shop")
            }),
        ),
        ("run shop —plan", Command::Run(RunCommand { plan: true, ..run("shop") })),
        ("run", Command::Form),
        (
            "run shop --plan --reason Month  end, --plan or not",
            Command::Run(RunCommand { plan: true, reason: Some("Month end, --plan or not".into()), ..run("shop") }),
        ),
        ("run shop --reason=why not", Command::Run(RunCommand { reason: Some("why not".into()), ..run("shop") })),
        ("status", Command::Status { target: None }),
        ("status shop-2026", Command::Status { target: Some("shop-2026".into()) }),
        ("list", Command::List { source: None, failed: false, limit: 10, skip: 0 }),
        (
            "list shop --failed --limit 3",
            Command::List { source: Some("shop".into()), failed: true, limit: 3, skip: 0 },
        ),
        ("rollback shop", rollback(None, None)),
        ("rollback shop --to x --reason bad load --to y", rollback(Some("x"), Some("bad load --to y"))),
        ("retry x", Command::Retry { run: "x".into(), from: None }),
        ("retry x --from latest", Command::Retry { run: "x".into(), from: Some(StageId::Latest) }),
        ("cancel x", Command::Cancel { run: "x".into() }),
        ("sources", Command::Sources { skip: 0 }),
        ("sources --page 3", Command::Sources { skip: 30 }),
        ("list --page 2 --limit 5", Command::List { source: None, failed: false, limit: 5, skip: 5 }),
        ("whoami", Command::Whoami),
        ("help", Command::Help { topic: None }),
        ("help retry", Command::Help { topic: Some(Verb::Retry) }),
    ] {
        assert_eq!(parse(text), Ok(command), "{text}");
    }
}

#[test]
fn mistakes_say_what_was_probably_meant() {
    let bad = |verb, name, value: &str, near| Misread::BadValue { verb, name, value: value.into(), near };
    for (text, misread) in [
        ("rum shop", Misread::UnknownCommand { word: "rum".into(), near: Some("run") }),
        ("statsu", Misread::UnknownCommand { word: "statsu".into(), near: Some("status") }),
        ("deploy", Misread::UnknownCommand { word: "deploy".into(), near: None }),
        ("run --plan", Misread::Missing { verb: Verb::Run, name: "SOURCE" }),
        ("run shop --reason", Misread::Missing { verb: Verb::Run, name: "reason" }),
        ("retry", Misread::Missing { verb: Verb::Retry, name: "RUN" }),
        ("run shop --snapshot", Misread::Missing { verb: Verb::Run, name: "snapshot" }),
        ("run shop two", Misread::Unexpected { verb: Verb::Run, word: "two".into() }),
        ("sources all", Misread::Unexpected { verb: Verb::Sources, word: "all".into() }),
        ("run shop --plan=yes", Misread::Unexpected { verb: Verb::Run, word: "--plan=yes".into() }),
        ("run shop --onyl x", Misread::UnknownOption { verb: Verb::Run, word: "onyl".into(), near: Some("only") }),
        ("run shop --layers norml", bad(Verb::Run, "layers", "norml", Some("normal"))),
        ("retry x --from exprot", bad(Verb::Retry, "from", "exprot", Some("export"))),
        ("run shop --only ,,,", bad(Verb::Run, "only", ",,,", None)),
        ("run shop --only <!channel>", bad(Verb::Run, "only", "<!channel>", None)),
        ("run shop --only a.b.c.d", bad(Verb::Run, "only", "a.b.c.d", None)),
        ("run shop --layers=", bad(Verb::Run, "layers", "", None)),
        ("run shop --plan --plan", Misread::Unexpected { verb: Verb::Run, word: "--plan".into() }),
        ("list --limit 0", bad(Verb::List, "limit", "0", None)),
        ("list --limit 51", bad(Verb::List, "limit", "51", None)),
    ] {
        assert_eq!(parse(text), Err(misread), "{text}");
    }
}

#[test]
fn a_reason_has_its_length() {
    let reasoned = |length| parse(&format!("run shop --reason {}", "é".repeat(length)));
    assert!(reasoned(MAX_REASON).is_ok());
    assert!(matches!(reasoned(MAX_REASON + 1), Err(Misread::BadValue { name: "reason", .. })));
}

#[test]
fn every_usage_names_its_options() {
    let usages: Vec<String> = GRAMMAR.iter().map(Form::usage).collect();
    assert!(usages[0].starts_with("run [SOURCE] [--snapshot ID|latest]"));
    assert!(usages[0].ends_with("[--plan] [--reason WORDS…]"));
    assert_eq!(usages[3], "retry RUN [--from STAGE]");
    assert_eq!(usages[2], "list [SOURCE] [--failed] [--limit N] [--page K]");
}

proptest! {
    #[test]
    fn no_text_is_too_odd_to_be_answered(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn words_around_the_grammar_are_answered(text in "(run|list|retry|help)( (--?(snapshot|only|limit|from|plan)=?|[a-z.,—]{1,6})){0,5}") {
        let _ = parse(&text);
    }
}
