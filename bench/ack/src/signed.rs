//! Slash commands as Slack sends them, each signed anew: a signature that comes again is answered otherwise.

use std::{
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What all servers are started with.
pub(crate) const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// Returns the bytes of one request; `number` makes it another one than all others.
pub(crate) fn request(text: &str, number: u64) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right").as_secs();
    let text = text.replace(' ', "+");
    let body = format!(
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T0DATALAKE1&team_domain=datalake&channel_id=C0DATALAKE1&\
         channel_name=data&user_id=U0ANA000001&user_name=ana&command=%2Fdatalake&text={text}&api_app_id=A0123456789&\
         is_enterprise_install=false&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT0DATALAKE1%2F{number}%2F\
         rGlfmibIGlgcZRskXaIFfN&trigger_id={number}.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    );
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length is a key");
    let mac = mac.chain_update(format!("v0:{now}:")).chain_update(&body).finalize().into_bytes();
    let mut request = String::with_capacity(1024);
    write!(
        request,
        "POST /slack/commands HTTP/1.1\r\nhost: bot.example.com\r\nuser-agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\n\
         accept-encoding: gzip,deflate\r\naccept: application/json,*/*\r\nx-slack-signature: v0={}\r\n\
         x-slack-request-timestamp: {now}\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n{body}",
        hex::encode(mac),
        body.len(),
    )
    .expect("a text takes what is written to it");
    request.into_bytes()
}
