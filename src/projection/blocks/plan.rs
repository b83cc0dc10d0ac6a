//! The plan block: a title and the tasks below it, each with how it stands.
//!
//! Slack's limits are those of docs.slack.dev ("Plan block", "Task card block"): 50 tasks, each `task_id` once. The lengths
//! are ours: Slack publishes none, and all of it counts towards the text of the message.

use serde_json::{Value, json};

use super::{plain, rich_text::rich_text};
use crate::projection::text::Mrkdwn;

/// Title of a plan, or of a task.
const TITLE: usize = 150;
/// What stands below the title of a task, before and after it is done.
const BELOW: usize = 200;
/// Tasks in a plan.
const TASKS: usize = 50;

/// A plan. Its title is plain text.
#[derive(Clone, Debug)]
pub struct Plan {
    pub title: Mrkdwn,
    pub tasks: Vec<Task>,
}

/// A step of a plan.
#[derive(Clone, Debug)]
pub struct Task {
    /// Differs from the other tasks' ids, and stays the same.
    pub id: &'static str,
    pub title: Mrkdwn,
    pub state: TaskState,
    /// How it goes; empty if there is nothing to say.
    pub details: Mrkdwn,
    /// What has come of it; empty if nothing has.
    pub output: Mrkdwn,
}

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    Pending,
    InProgress,
    Complete,
    Error,
}

impl Plan {
    /// Returns the block as it goes on the wire.
    pub(super) fn into_json(self) -> Value {
        let tasks: Vec<Value> = self.tasks.into_iter().take(TASKS).map(Task::into_json).collect();
        json!({"type": "plan", "title": title(&self.title), "tasks": tasks})
    }
}

impl Task {
    fn into_json(self) -> Value {
        // Slack's own SDKs name the type of each task; its documentation leaves it out.
        let mut task = json!({"type": "task_card", "task_id": self.id, "title": title(&self.title), "status": self.state.as_str()});
        for (name, text) in [("details", self.details), ("output", self.output)] {
            if let Some(block) = rich_text(text, BELOW) {
                task[name] = block;
            }
        }
        task
    }
}

impl TaskState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Complete => "complete",
            Self::Error => "error",
        }
    }
}

fn title(text: &Mrkdwn) -> String {
    plain(&text.to_plain(), TITLE)
}
