use std::collections::BTreeMap;

use tokio::time::sleep;

use super::*;
use crate::{
    engine::{outbox::testing::Wall, ports::StoreError},
    projection::{
        blocks::{Page, Plan, Task, TaskState},
        text::Mrkdwn,
    },
};

/// A workspace that refuses some kinds, and notes what it was sent.
#[derive(Default)]
struct Workspace {
    refuses: Mutex<BTreeSet<String>>,
    /// It refuses whatever it gets.
    is_broken: bool,
    /// How long it takes to refuse.
    takes: Duration,
    /// Kinds of the blocks of each call.
    sent: Mutex<Vec<Vec<String>>>,
}

impl Workspace {
    fn refusing(kind: &str) -> Self {
        Self { refuses: Mutex::new([kind.to_owned()].into()), ..Self::default() }
    }

    async fn take(&self, message: &Message) -> Result<(), ChatError> {
        let json = serde_json::to_value(message).unwrap();
        assert_eq!(json.get("rich"), None, "Slack knows no such field");
        let kinds: Vec<String> =
            json["blocks"].as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap().to_owned()).collect();
        self.sent.lock().unwrap().push(kinds.clone());
        let refused = kinds.into_iter().find(|it| self.refuses.lock().unwrap().contains(it));
        let Some(kind) = refused.or(self.is_broken.then(|| "section".to_owned())) else { return Ok(()) };
        sleep(self.takes).await;
        let why = format!("invalid_blocks: unsupported type: {kind} [json-pointer:/blocks/1/type]");
        Err(ChatError::Refused(why))
    }

    fn sent(&self) -> Vec<String> {
        self.sent.lock().unwrap().iter().map(|it| it.join(" ")).collect()
    }
}

#[async_trait]
impl Chat for Workspace {
    async fn post(&self, _: Place<'_>, message: &Message, _: &Marks, until: Option<Instant>) -> Result<Ts, ChatError> {
        if until.is_some_and(|it| Instant::now() > it) {
            return Err(ChatError::LATE);
        }
        self.take(message).await.map(|()| Ts("1".to_owned()))
    }

    async fn update(&self, _: &str, _: &Ts, message: &Message) -> Result<(), ChatError> {
        self.take(message).await
    }

    async fn find(&self, _: Place<'_>, _: &Marks, _: Timestamp) -> Result<Option<Ts>, ChatError> {
        Ok(None)
    }

    async fn pin(&self, _: &str, _: &Ts) -> Result<(), ChatError> {
        Ok(())
    }

    async fn whisper(&self, _: Place<'_>, _: &str, message: &Message) -> Result<(), ChatError> {
        self.take(message).await
    }

    async fn respond(&self, _: &str, message: &Message) -> Result<(), ChatError> {
        self.take(message).await
    }
}

/// The records, which may be out of reach.
#[derive(Default)]
struct Records {
    kinds: Mutex<BTreeMap<String, Kinds>>,
    is_down: bool,
    /// How long they take to answer.
    take: Duration,
}

#[async_trait]
impl KnownKinds for Records {
    async fn kinds(&self, team: &str) -> Result<Kinds, StoreError> {
        sleep(self.take).await;
        if self.is_down {
            return Err(StoreError::NoAnswer);
        }
        Ok(self.kinds.lock().unwrap().get(team).cloned().unwrap_or_default())
    }

    async fn put_kinds(&self, team: &str, kinds: &Kinds) -> Result<bool, StoreError> {
        sleep(self.take).await;
        if self.is_down {
            return Err(StoreError::NoAnswer);
        }
        let mut all = self.kinds.lock().unwrap();
        let is_next = all.get(team).map_or(0, |it| it.version) == kinds.version;
        if is_next {
            all.insert(team.to_owned(), Kinds { version: kinds.version + 1, ..kinds.clone() });
        }
        Ok(is_next)
    }
}

fn palette(workspace: &Arc<Workspace>, records: &Arc<Records>) -> Palette {
    let clock = Wall::ahead_by(SignedDuration::ZERO);
    Palette::new(Arc::clone(workspace) as _, Arc::clone(records) as _, clock, "T1".to_owned())
}

fn message() -> Message {
    let text = |it: &str| Mrkdwn::escaped(it);
    let task =
        Task { id: "export", title: text("Export"), state: TaskState::Pending, details: text(""), output: text("") };
    let plan = Plan { title: text("Run"), tasks: vec![task] };
    Page::new(text("Run")).plan(plan, |page| page.section(text("Export"))).message()
}

const PLACE: Place<'static> = Place { channel: "C1", thread: None };

async fn post(palette: &Palette) -> Result<Ts, ChatError> {
    palette.post(PLACE, &message(), &Marks::new(), None).await
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_sent_plainly_in_the_same_call_and_never_tried_again() {
    let (workspace, records) = (Arc::new(Workspace::refusing("plan")), Arc::default());
    let (one, other) = (palette(&workspace, &records), palette(&workspace, &records));
    post(&one).await.unwrap();
    assert_eq!(workspace.sent(), ["section plan", "section section"]);
    one.update("C1", &Ts("1".to_owned()), &message()).await.unwrap();
    // Another replica knows it too.
    other.respond("https://hooks.slack.com/x", &message()).await.unwrap();
    assert_eq!(workspace.sent()[2..], ["section section", "section section"]);
    assert_eq!(records.kinds.lock().unwrap()["T1"].refused.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_forgotten_after_a_week() {
    let (workspace, records) = (Arc::new(Workspace::refusing("plan")), Arc::default());
    let palette = palette(&workspace, &records);
    post(&palette).await.unwrap();
    workspace.refuses.lock().unwrap().clear();
    sleep(Duration::from_hours(24 * 7 - 1)).await;
    post(&palette).await.unwrap();
    assert_eq!(workspace.sent().last().unwrap(), "section section");
    sleep(Duration::from_hours(2)).await;
    post(&palette).await.unwrap();
    assert_eq!(workspace.sent().last().unwrap(), "section plan");
}

#[tokio::test(start_paused = true)]
async fn the_body_of_an_answer_is_plain_until_the_workspace_is_known_to_take_more() {
    let (workspace, records) = (Arc::<Workspace>::default(), Arc::default());
    let palette = palette(&workspace, &records);
    let is_plan = |it: &Message| serde_json::to_string(it).unwrap().contains("\"plan\"");
    assert!(!is_plan(&palette.choose(&message())));
    post(&palette).await.unwrap();
    assert!(is_plan(&palette.choose(&message())));
    workspace.refuses.lock().unwrap().insert("plan".to_owned());
    post(&palette).await.unwrap();
    assert!(!is_plan(&palette.choose(&message())));
    let plain = Page::new(Mrkdwn::escaped("x")).message();
    assert_eq!(palette.choose(&plain).digest(), plain.digest());
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_refused_plainly_too_says_nothing_of_kinds() {
    let workspace = Arc::new(Workspace { is_broken: true, ..Workspace::default() });
    let records = Arc::new(Records::default());
    let palette = palette(&workspace, &records);
    assert!(matches!(post(&palette).await, Err(ChatError::Refused(_))));
    assert!(matches!(post(&palette).await, Err(ChatError::Refused(_))));
    assert_eq!(workspace.sent().iter().filter(|it| *it == "section plan").count(), 2);
    assert!(records.kinds.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn after_a_slow_refusal_nothing_is_posted_too_late() {
    let takes = Duration::from_secs(3);
    let workspace = Arc::new(Workspace { takes, ..Workspace::refusing("plan") });
    let palette = palette(&workspace, &Arc::default());
    let soon = async || {
        let until = Instant::now() + Duration::from_secs(2);
        palette.post(PLACE, &message(), &Marks::new(), Some(until)).await
    };
    assert!(matches!(soon().await, Err(ChatError::Later { .. })));
    soon().await.unwrap();
    assert_eq!(workspace.sent(), ["section plan", "section section"]);
}

#[tokio::test(start_paused = true)]
async fn without_records_a_replica_learns_by_itself() {
    let workspace = Arc::new(Workspace::refusing("plan"));
    let records = Arc::new(Records { is_down: true, ..Records::default() });
    let palette = palette(&workspace, &records);
    post(&palette).await.unwrap();
    post(&palette).await.unwrap();
    assert_eq!(workspace.sent(), ["section plan", "section section", "section section"]);
}

#[tokio::test(start_paused = true)]
async fn records_that_are_slow_keep_no_message_waiting() {
    let workspace = Arc::new(Workspace::refusing("plan"));
    let records = Arc::new(Records { take: Duration::from_secs(30), ..Records::default() });
    let palette = palette(&workspace, &records);
    let began = Instant::now();
    post(&palette).await.unwrap();
    assert!(began.elapsed() <= READ + WRITE, "{:?}", began.elapsed());
    post(&palette).await.unwrap();
    assert_eq!(workspace.sent(), ["section plan", "section section", "section section"]);
}

#[tokio::test(start_paused = true)]
async fn replicas_that_learn_at_once_keep_what_both_know() {
    let records: Arc<Records> = Arc::default();
    let workspaces = ["plan", "table"].map(|it| Arc::new(Workspace::refusing(it)));
    let palettes = workspaces.each_ref().map(|it| palette(it, &records));
    for (palette, kind) in palettes.iter().zip(["plan", "table"]) {
        palette.refresh().await;
        palette.learn(&[kind.to_owned()].into(), Verdict::Refused).await;
    }
    let kept = records.kinds.lock().unwrap()["T1"].clone();
    assert_eq!(kept.refused.into_keys().collect::<Vec<_>>(), ["plan", "table"]);
    assert_eq!(kept.version, 2);
}

#[test]
fn only_errors_about_blocks_are_answered_with_other_blocks() {
    for (error, is) in [
        ("invalid_blocks: unsupported type: plan [json-pointer:/blocks/1/type]", true),
        ("invalid_blocks_format", true),
        ("msg_blocks_too_long", true),
        ("400 Bad Request {\"ok\":false,\"error\":\"invalid_blocks\"}", true),
        ("channel_not_found", false),
        ("invalid_auth", false),
    ] {
        assert_eq!(is_about_blocks(error), is, "{error}");
    }
}

#[test]
fn the_kinds_that_an_error_names_are_to_blame_or_else_all() {
    let kinds: BTreeSet<String> = ["plan", "table", "data_table"].map(str::to_owned).into();
    let of = |error| named(error, &kinds).into_iter().collect::<Vec<_>>();
    assert_eq!(of("invalid_blocks: unsupported type: data_table [json-pointer:/blocks/1/type]"), ["data_table"]);
    assert_eq!(of("invalid_blocks").len(), 3);
}
