//! The modal for the reason of a decision, as it comes back.

use serde_json::json;

use super::{Ack, Asker, Doors, Reply, View, field, form, update};
use crate::{
    domain::{answer::Answer, approval},
    engine::{permits::Want, ports::Wish},
    projection::text::Locale,
};

/// Has the reason recorded. Whose decision it belongs to is judged when it is carried out: the view gives no right.
pub(super) async fn submitted(doors: &Doors, asker: Asker, view: &View, locale: Locale) -> Ack {
    let words = &doors.engine.words;
    let entered = view.input(field::REASON).and_then(|it| it.value.as_deref());
    let Some(reason) = entered.and_then(approval::why) else {
        let errors = form::no_why(words, locale);
        return Ack::from(json!({"response_action": "errors", "errors": errors}));
    };
    let asker = Asker { reply: Some(Reply::View(view.id.clone())), delivery: view.submission(), ..asker };
    update(&form::told(words, locale, &recorded(doors, &asker, &view.private_metadata, reason).await))
}

async fn recorded(doors: &Doors, asker: &Asker, approval: &str, reason: String) -> Answer {
    if approval.is_empty() {
        return Answer::UnknownButton;
    }
    let want = Want { what: "reason", right: None, target: None };
    match doors.engine.permit(asker, &want).await {
        Ok(_) => {
            let wish = Wish::Explain { approval: approval.to_owned(), reason };
            doors.engine.accept(asker, wish, None, String::new()).await
        }
        Err(refusal) => *refusal,
    }
}
