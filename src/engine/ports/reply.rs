//! Where somebody who asks for something can be answered.

use serde::{Deserialize, Serialize};

use super::{Ts, ViewId};

/// The way back to one person. In a request's record it is one more attribute; the names are what is written there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The address that came with a command or a press: five answers within 30 minutes.
    #[serde(rename = "response_url")]
    Url(String),
    /// The modal in which it was asked, while it is open; then a direct message.
    #[serde(rename = "view")]
    View(ViewId),
    /// In a channel, to be seen by the person alone; a direct message where that is not possible.
    #[serde(rename = "whisper")]
    Ephemeral { channel: String, thread: Option<Ts> },
    /// A direct message: in the conversation of this id, or, without one, in that with the person.
    #[serde(rename = "direct")]
    Direct {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<Ts>,
    },
}

impl Reply {
    /// A direct message outside any thread.
    pub const DIRECT: Self = Self::Direct { channel: None, thread: None };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ports::Request;

    #[test]
    fn a_request_reads_back_and_so_does_one_from_before() {
        for (way, reply) in [
            (r#","response_url":"https://x""#, Some(Reply::Url("https://x".to_owned()))),
            (r#","view":"V1""#, Some(Reply::View(ViewId("V1".to_owned())))),
            (r#","direct":{}"#, Some(Reply::DIRECT)),
            ("", None),
        ] {
            let wish = r#"{"cancel":{"run":"shop-a1"}}"#;
            let json = format!(
                r#"{{"id":"1","wish":{wish},"by":"UANA","via":"slack"{way},"received_at":"2026-11-22T03:00:00Z"}}"#
            );
            let request: Request = serde_json::from_str(&json).unwrap();
            assert_eq!(request.reply, reply);
            assert_eq!(serde_json::to_string(&request).unwrap(), json);
        }
    }
}
