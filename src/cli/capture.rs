//! Captured messages: the file that they are in, and what AWS's tools put around them.

use std::{io::Read as _, path::Path};

use anyhow::Context as _;
use serde_json::Value;

/// Returns the bytes of `file`; `-` is standard input.
///
/// # Errors
/// It cannot be read.
pub(super) fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    if file.as_os_str() != "-" {
        return std::fs::read(file).with_context(|| format!("cannot read {}", file.display()));
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
    Ok(bytes)
}

/// Returns the one message in `text`: itself, or what is inside of a message as `aws sqs receive-message` prints it
/// (`{"Messages": […]}`), as the SDKs give it (`Body`), or as Lambda is given it (`{"Records": […]}`).
///
/// # Errors
/// There are none, or several, around which the same is; the text says what to do.
pub(super) fn one_message(text: &str) -> Result<String, String> {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return Ok(text.to_owned()) };
    let list = ["Messages", "Records"].into_iter().find_map(|it| Some((it, value.get(it)?.as_array()?)));
    let message = match list {
        Some((_, list)) if list.len() == 1 => &list[0],
        Some((name, list)) => {
            return Err(format!("there are {} messages in `{name}`: explain one at a time", list.len()));
        }
        None => &value,
    };
    // SQS by its API, SQS by Lambda, SNS by Lambda.
    let body = message.get("Body").or_else(|| message.get("body")).and_then(Value::as_str);
    Ok(match (body, message.get("Sns")) {
        (Some(body), _) => body.to_owned(),
        (None, Some(sns)) => sns.to_string(),
        (None, None) if list.is_some() => message.to_string(),
        (None, None) => text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_one_message_is_taken_out() {
        let (body, inner) = ("{\"x\":1}", json!({"Type": "Notification"}));
        for (around, found) in [
            (json!({"Messages": [{"MessageId": "1", "Body": body}]}), body),
            (json!({"MessageId": "1", "ReceiptHandle": "x", "Body": body}), body),
            (json!({"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": body}]}), body),
            (json!({"Records": [{"EventSource": "aws:sns", "Sns": inner}]}), "{\"Type\":\"Notification\"}"),
            (json!({"Records": [{"x": 1}]}), body),
            (json!({"x": 1}), body),
        ] {
            assert_eq!(one_message(&around.to_string()).as_deref(), Ok(found), "{around}");
        }
        assert_eq!(one_message("not json").as_deref(), Ok("not json"));
        for several in [json!({"Messages": []}), json!({"Messages": [{"Body": body}, {"Body": body}]})] {
            assert!(one_message(&several.to_string()).unwrap_err().contains("one at a time"), "{several}");
        }
    }
}
