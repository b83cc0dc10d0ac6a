//! `sns verify`: whether a captured message is SNS's, told without the network.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::json;

use super::{Exit, capture, say, say_wrong};
use crate::{
    clock::{Clock as _, System},
    domain::topic::TopicArn,
    inbound::sns::{certificate::Certificate, envelope, verify},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Verify one message with certificates that are at hand. Prints JSON.
    Verify {
        /// The file with the body as SNS has posted it; `-` is standard input.
        file: PathBuf,
        /// The topic whose messages are believed.
        #[arg(long, value_name = "ARN", value_parser = topic)]
        topic: TopicArn,
        /// The folder with the certificates, each named as at the end of its `SigningCertURL`.
        #[arg(long, value_name = "DIR")]
        certs: PathBuf,
        /// The time at which the message is judged, in RFC 3339; without it, now.
        #[arg(long, value_name = "TIME")]
        now: Option<Timestamp>,
    },
}

fn topic(text: &str) -> Result<TopicArn, String> {
    text.parse().map_err(|it| format!("it {it}"))
}

/// Exits with 0 if the message is SNS's, 1 if it is not, 2 if what was asked for cannot be read.
pub(super) fn run(command: &Command) -> anyhow::Result<Exit> {
    let Command::Verify { file, topic, certs, now } = command;
    let body = match capture::read(file) {
        Ok(body) => body,
        Err(error) => return Ok(usage(&format!("{error:#}"))),
    };
    if !certs.is_dir() {
        return Ok(usage(&format!("{} is not a folder: name the one with the certificates", certs.display())));
    }
    let judged = judge(&body, topic, certs, now.unwrap_or_else(|| System.now()));
    let reason = judged.as_ref().err().map_or("the message is valid", String::as_str);
    say(&serde_json::to_string(&json!({"valid": judged.is_ok(), "reason": reason}))?);
    Ok(if judged.is_ok() { Exit::Done } else { Exit::Failed })
}

fn usage(why: &str) -> Exit {
    say_wrong(why);
    Exit::Usage
}

fn judge(body: &[u8], topic: &TopicArn, certs: &Path, now: Timestamp) -> Result<(), String> {
    let envelope = envelope::read(body).map_err(|it| it.to_string())?;
    let candidate = verify::admit(&envelope, std::slice::from_ref(topic), now).map_err(|it| it.to_string())?;
    let file = candidate.certificate.file();
    let pem = std::fs::read(certs.join(file)).map_err(|_| format!("the certificate {file} is not at hand"))?;
    let certificate = Certificate::read(&pem).map_err(|it| it.to_string())?;
    candidate.verify(&certificate, now).map_err(|it| it.to_string())
}
