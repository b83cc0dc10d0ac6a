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

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Record {
        id: String,
        #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
        reply: Option<Reply>,
    }

    #[test]
    fn a_record_reads_back_and_so_does_one_from_before() {
        for (json, reply) in [
            (r#"{"id":"1","response_url":"https://x"}"#, Some(Reply::Url("https://x".to_owned()))),
            (r#"{"id":"1","view":"V1"}"#, Some(Reply::View(ViewId("V1".to_owned())))),
            (r#"{"id":"1","direct":{}}"#, Some(Reply::DIRECT)),
            (r#"{"id":"1"}"#, None),
        ] {
            let record = Record { id: "1".to_owned(), reply };
            assert_eq!(serde_json::from_str::<Record>(json).unwrap(), record);
            assert_eq!(serde_json::to_string(&record).unwrap(), json);
        }
    }
}
