//! Rich text: what a task says beside its title. Its elements hold plain text; mentions and dates are elements of their
//! own, so that nothing in a text can become one (docs.slack.dev, "Rich text block").

use serde_json::{Value, json};

use crate::projection::text::{Mrkdwn, Part};

/// Returns the block that says `text`, at most `max` long; `None` if there is nothing to say.
pub(super) fn rich_text(text: Mrkdwn, max: usize) -> Option<Value> {
    let elements: Vec<Value> = text.cut(max).parts().into_iter().map(element).collect();
    let section = json!({"type": "rich_text_section", "elements": elements});
    (!elements.is_empty()).then(|| json!({"type": "rich_text", "elements": [section]}))
}

fn element(part: Part) -> Value {
    match part {
        Part::Text(text) => json!({"type": "text", "text": text}),
        Part::Code(text) => json!({"type": "text", "text": text, "style": {"code": true}}),
        Part::User(id) => json!({"type": "user", "user_id": id}),
        Part::Group(id) => json!({"type": "usergroup", "usergroup_id": id}),
        Part::Date { second, format, fallback } => {
            json!({"type": "date", "timestamp": second, "format": format, "fallback": fallback})
        }
    }
}
