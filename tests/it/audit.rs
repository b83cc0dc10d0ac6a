//! The log: what `audit` says of it when nobody has touched the tables, and when somebody has.

use std::{collections::HashMap, process::Output, process::Stdio};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use datalake_bot::domain::run::{Run, RunStatus};
use serde_json::{Value, json};

use crate::{
    harness::{ANA, Bot, CHANNEL, KENJI, MINA, OLGA, name},
    sources::read,
};

const STATE: &str = "datalake-state";
const RUNS: &str = "datalake-runs";

type Item = HashMap<String, AttributeValue>;

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// The tables, past the bot.
struct Tables(Client);

impl Tables {
    fn of(bot: &Bot) -> Self {
        Self(Client::new(&bot.world.sdk_config()))
    }

    async fn entry(&self, chain: &str, seq: u64) -> Item {
        let call = self.0.get_item().table_name(STATE).key("pk", text(&key(chain, seq)));
        call.send().await.unwrap().item.unwrap_or_else(|| panic!("no entry {seq} of {chain}"))
    }

    async fn put(&self, table: &str, item: Item) {
        self.0.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }

    async fn delete(&self, chain: &str, seq: u64) {
        self.0.delete_item().table_name(STATE).key("pk", text(&key(chain, seq))).send().await.unwrap();
    }
}

fn key(chain: &str, seq: u64) -> String {
    format!("AUDIT#{chain}#{seq:010}")
}

async fn audit(bot: &Bot, arguments: &[&str]) -> Output {
    let arguments: Vec<&str> = ["audit"].iter().chain(arguments).copied().collect();
    let mut command = bot.command(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().await.unwrap()
}

async fn verify(bot: &Bot) -> Value {
    let output = audit(bot, &["verify", "--json"]).await;
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(output.status.code(), Some(if answer["valid"] == true { 0 } else { 1 }), "{output:?}");
    answer
}

/// Asserts that one place is named, and nothing else.
async fn assert_named(bot: &Bot, chain: &str, seq: u64, kind: &str) {
    let answer = verify(bot).await;
    let broken = answer["broken"].as_array().unwrap();
    let named: Vec<_> = broken.iter().map(|it| (&it["chain"], &it["seq"], &it["why"]["kind"])).collect();
    assert_eq!(named, [(&chain.into(), &seq.into(), &kind.into())], "{answer}");
}

/// A run that Ana asks for and Mina lets go on, to its end.
async fn approved(bot: &Bot) -> Run {
    bot.slash(ANA, "/datalake run learning --reason monthly report").await;
    let request = bot.button(CHANNEL, "approval.approve").await;
    bot.world.slack.press(MINA, CHANNEL, &request.ts, "approval.approve").await.unwrap();
    bot.run_that_is(RunStatus::Succeeded).await
}

/// Waits until the chain that belongs to no run has so many entries.
async fn door_has(bot: &Bot, count: usize) {
    let entries = async || bot.state_keys().await.iter().filter(|it| it.starts_with("AUDIT#door#")).count();
    bot.until("the door's entries", async || (entries().await >= count).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_evidence_of_a_run_holds_who_asked_who_approved_what_and_what_was_done() {
    let bot = Bot::start().await;
    let run = approved(&bot).await;
    bot.slash(OLGA, "/datalake run learning").await;
    bot.slash(KENJI, &format!("/datalake cancel {}", name(&run))).await;
    door_has(&bot, 2).await;
    let answer = verify(&bot).await;
    assert_eq!((&answer["valid"], &answer["chains"]), (&true.into(), &2.into()), "{answer}");

    assert_eq!((&answer["open_requests"], &answer["requests_not_in_the_log"]), (&json!([]), &json!([])), "{answer}");

    let output = audit(&bot, &["export", &name(&run)[..name(&run).len() - 2]]).await;
    assert!(output.status.success(), "{output:?}");
    let evidence: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(evidence["verification"]["valid"], true);
    assert_eq!(
        (&evidence["plan"]["requested_by"], &evidence["plan"]["reason"]),
        (&ANA.into(), &"monthly report".into())
    );
    let (approval, entries) = (&evidence["approvals"][0], evidence["entries"].as_array().unwrap());
    assert_eq!((&approval["votes"][0]["user"], &approval["state"]), (&MINA.into(), &"approved".into()));
    let vote = entries.iter().find(|it| it["kind"] == "voted").unwrap();
    assert_eq!((&vote["who"], &vote["what"]["digest"]), (&MINA.into(), &approval["digest"]));
    assert_eq!((&entries[0]["kind"], &entries[0]["who"]), (&"created".into(), &ANA.into()));
    assert_eq!(entries.last().unwrap()["what"]["status"], "SUCCEEDED");
    for (service, operation, stage) in
        [("rds", "StartExportTask", "export"), ("glue", "StartJobRun", "normal.transform")]
    {
        assert!(!bot.effects(service, operation).is_empty());
        let kinds = entries.iter().filter(|it| it["what"]["stage"] == stage).map(|it| it["kind"].as_str().unwrap());
        assert_eq!(kinds.collect::<Vec<_>>(), ["intended", "acted", "finished"], "{stage}");
    }
    let bytes: usize = entries.iter().map(|it| it.to_string().len()).sum();
    println!("{} entries of the run, {} bytes on average", entries.len(), bytes / entries.len());
    assert!(entries.len() < 40 && entries.iter().all(|it| it.to_string().len() < 2048));

    let doors = audit(&bot, &["lines"]).await;
    let doors: Vec<Value> =
        String::from_utf8(doors.stdout).unwrap().lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let of =
        |kind: &str| doors.iter().find(|it| it["chain"] == "door" && it["kind"] == kind).cloned().unwrap_or_default();
    assert_eq!((&of("refused")["who"], &of("refused")["what"]["wanted"]), (&OLGA.into(), &"run".into()));
    assert_eq!((&of("request")["who"], &of("request")["what"]["outcome"]), (&KENJI.into(), &"not_canceled".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_the_tables_is_named_at_its_place() {
    let bot = Bot::start().await;
    let run = approved(&bot).await;
    let (tables, chain) = (Tables::of(&bot), run.run_id.as_str());
    let last = run.audit.seq;
    let (third, fourth) = (tables.entry(chain, 3).await, tables.entry(chain, 4).await);

    tables.delete(chain, 3).await;
    assert_named(&bot, chain, 3, "missing").await;
    tables
        .put(STATE, Item::from_iter(third.clone()).into_iter().chain([("who".to_owned(), text(OLGA))]).collect())
        .await;
    assert_named(&bot, chain, 3, "edited").await;
    let at = |item: &Item, seq| -> Item {
        item.clone().into_iter().chain([("pk".to_owned(), text(&key(chain, seq)))]).collect()
    };
    tables.put(STATE, at(&fourth, 3)).await;
    tables.put(STATE, at(&third, 4)).await;
    assert_named(&bot, chain, 3, "misplaced").await;
    tables.put(STATE, third).await;
    tables.put(STATE, fourth).await;
    assert_eq!(verify(&bot).await["valid"], true, "everything is back");

    let end = tables.entry(chain, last).await;
    tables.delete(chain, last).await;
    assert_named(&bot, chain, last, "missing").await;
    let output = audit(&bot, &["export", chain]).await;
    let evidence: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &evidence["verification"]["broken"]["seq"]), (Some(1), &last.into()));
    tables.put(STATE, end).await;

    let mut record = bot.items().await.remove(0);
    let head = record.insert(
        "audit".to_owned(),
        AttributeValue::M(HashMap::from([
            ("seq".to_owned(), AttributeValue::N((last - 1).to_string())),
            ("hash".to_owned(), tables.entry(chain, last - 1).await["hash"].clone()),
        ])),
    );
    tables.put(RUNS, record.clone()).await;
    assert_named(&bot, chain, last, "added").await;
    record.insert("audit".to_owned(), head.unwrap());
    tables.put(RUNS, record).await;
    assert_eq!(verify(&bot).await["valid"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_told_that_have_not_ended_or_have_left_the_log() {
    let bot = Bot::start().await;
    let now = approved(&bot).await.updated_at.to_string();
    let tables = Tables::of(&bot);
    for (id, outcome) in [("v0=open", None), ("v0=gone", Some(text("carried out")))] {
        let item = [
            ("pk", format!("REQUEST#{id}")),
            ("id", id.to_owned()),
            ("by", ANA.to_owned()),
            ("received_at", now.clone()),
        ];
        let item = item.map(|(name, value)| (name.to_owned(), text(&value)));
        let outcome = outcome.map(|it| ("outcome".to_owned(), it));
        tables.put(STATE, item.into_iter().chain(outcome).collect()).await;
    }
    let answer = verify(&bot).await;
    let open = format!("{now} {ANA} v0=open");
    let found = (&answer["valid"], &answer["open_requests"], &answer["requests_not_in_the_log"]);
    assert_eq!(found, (&json!(true), &json!([open]), &json!(["v0=gone"])), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_from_before_the_log_begins_its_chain_with_the_next_thing_that_happens() {
    let bot = Bot::start().await;
    bot.slash(ANA, "/datalake run learning").await;
    let request = bot.button(CHANNEL, "approval.deny").await;
    bot.world.slack.press(MINA, CHANNEL, &request.ts, "approval.deny").await.unwrap();
    let run = bot.run_that_is(RunStatus::Canceled).await;
    let (tables, chain) = (Tables::of(&bot), run.run_id.as_str());
    let mut record = bot.items().await.remove(0);
    record.remove("audit");
    tables.put(RUNS, record).await;
    for seq in 1..=run.audit.seq {
        tables.delete(chain, seq).await;
    }
    let answer = verify(&bot).await;
    assert_eq!((&answer["valid"], &answer["before_the_log"]), (&true.into(), &1.into()), "{answer}");

    bot.slash(KENJI, &format!("/datalake retry {}", name(&run))).await;
    let retried = async || bot.runs().await.into_iter().find(|it| it.status == RunStatus::WaitingApproval);
    bot.until("the run goes on", retried).await;
    let first = tables.entry(chain, 1).await;
    assert_eq!((&first["kind"], &first["who"]), (&text("retried"), &text(KENJI)));
    assert_eq!(verify(&bot).await["valid"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_write_one_log_and_an_auditor_needs_nothing_but_its_lines() {
    let bot = Bot::start().await;
    let _replica = bot.replica().await;
    let run = approved(&bot).await;
    // Nothing comes of any of them: all are in the chain that both replicas write.
    let cancel = format!("/datalake cancel {}", name(&run));
    for _ in 0..4 {
        let slash = |user| bot.slash(user, &cancel);
        tokio::join!(slash(ANA), slash(KENJI), slash(ANA), slash(OLGA), slash(OLGA));
    }
    door_has(&bot, 20).await;
    let answer = verify(&bot).await;
    assert_eq!((&answer["valid"], &answer["chains"]), (&true.into(), &2.into()), "{answer}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.jsonl");
    let lines = String::from_utf8(audit(&bot, &["lines"]).await.stdout).unwrap();
    std::fs::write(&file, &lines).unwrap();
    let path = file.to_str().unwrap();
    assert!(audit(&bot, &["verify", "--lines", path]).await.status.success());
    assert_eq!(python(&folder, path), (true, String::new()), "docs/audit.md checks it as the bot does");

    let cut: Vec<&str> = lines.lines().enumerate().filter(|(at, _)| *at != 4).map(|(_, it)| it).collect();
    std::fs::write(&file, cut.join("\n")).unwrap();
    let output = audit(&bot, &["verify", "--lines", path]).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(1) && told.starts_with("door 5: the entry is missing\n"), "{told}");
    assert_eq!(python(&folder, path), (false, "door 5\n".to_owned()));
    // A name twice, of which a reader takes either; nothing at all; a chain without entries.
    let twice = lines.replacen("\"who\":", "\"who\":\"UEVIL\",\"who\":", 1);
    let none = format!("{{\"chain\":\"{}\",\"seq\":0,\"hash\":\"\"}}\n", run.run_id);
    for tampered in [twice, String::new(), none] {
        std::fs::write(&file, &tampered).unwrap();
        assert!(!audit(&bot, &["verify", "--lines", path]).await.status.success(), "{tampered}");
    }
    let since = audit(&bot, &["lines", "--since", "2100-01-01T00:00:00Z"]).await;
    assert!(since.status.success() && since.stdout.is_empty());
}

/// Runs the program that docs/audit.md prints, and returns whether it is content, and what it prints.
fn python(folder: &tempfile::TempDir, lines: &str) -> (bool, String) {
    let document = read("docs/audit.md");
    let program = document.split("```python\n").nth(1).and_then(|it| it.split("```").next()).unwrap();
    let file = folder.path().join("check.py");
    std::fs::write(&file, program).unwrap();
    let output = std::process::Command::new("python3").arg(file).arg(lines).output().expect("Python is at hand");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}
