//! What a server is started with, and what a door may change: `--name value`, or `?name=value`.

use std::time::Duration;

use crate::limit::Kind;

/// The flags, as they are told to who mistypes one.
pub(crate) const HELP: &str = "\
bench-s3 [--listen 127.0.0.1:9000]
  how it answers
    --delay-ms 25               added to each request
    --writes-per-second 3500    more are answered 503 SlowDown; 0: no limit
    --limiter fixed|bucket      seconds by the clock, or a bucket of tokens that refills all the time
    --burst 350                 tokens that the bucket holds; a tenth of a second's at first
    --bytes-per-second 200e6    of each call that copies; 0: at once
  what it holds (bucket lake: an export below raw/shop-a1/, its target latest/shop/)
    --objects 10000             data objects of the export
    --stale 9990                objects of an older export in the target
    --size 65536                bytes of each
    --tables 20                 tables that they are spread over
    --encrypted yes|no          a copy gets an ETag of its own, as with KMS
doors: POST /_world?objects=10 (begins anew, with what is named changed), POST /_change?percent=1 (new content for these),
       POST /_zero (counts), GET /_stats, GET /_check
";

/// How the server answers, and what it holds at first.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) listen: String,
    pub(crate) delay: Duration,
    /// Writes a second; 0: no limit.
    pub(crate) writes_per_second: u32,
    pub(crate) limiter: Kind,
    /// Tokens that the bucket holds; `None`: a tenth of a second's.
    pub(crate) burst: Option<u32>,
    /// Of each call that copies; 0: at once.
    pub(crate) bytes_per_second: u64,
    pub(crate) objects: u64,
    pub(crate) stale: u64,
    pub(crate) size: u64,
    pub(crate) tables: u64,
    pub(crate) encrypted: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:9000".to_owned(),
            delay: Duration::from_millis(25),
            writes_per_second: 0,
            limiter: Kind::Fixed,
            burst: None,
            bytes_per_second: 0,
            objects: 10_000,
            stale: 9_990,
            size: 65_536,
            tables: 20,
            encrypted: false,
        }
    }
}

impl Settings {
    /// Returns what `--name value` pairs ask for.
    pub(crate) fn from_flags(flags: &[String]) -> Result<Self, String> {
        let mut settings = Self::default();
        let mut flags = flags.iter();
        while let Some(flag) = flags.next() {
            let name = flag.strip_prefix("--").ok_or_else(|| format!("{flag} is no flag"))?;
            settings.set(name, flags.next().ok_or_else(|| format!("{flag} has no value"))?)?;
        }
        Ok(settings)
    }

    /// Changes the setting `name`.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "listen" => value.clone_into(&mut self.listen),
            "delay-ms" => self.delay = Duration::from_secs_f64(number(name, value)? / 1000.0),
            "writes-per-second" => self.writes_per_second = number(name, value)? as u32,
            "limiter" => {
                self.limiter = Kind::parse(value).ok_or_else(|| format!("--limiter {value}: fixed or bucket"))?
            }
            "burst" => self.burst = Some(number(name, value)? as u32),
            "bytes-per-second" => self.bytes_per_second = number(name, value)? as u64,
            "objects" => self.objects = number(name, value)? as u64,
            "stale" => self.stale = number(name, value)? as u64,
            "size" => self.size = number(name, value)? as u64,
            "tables" => self.tables = (number(name, value)? as u64).max(1),
            "encrypted" => self.encrypted = value == "yes",
            _ => return Err(format!("there is no setting {name}")),
        }
        Ok(())
    }
}

/// Returns a number, which may be written as `200e6`.
fn number(name: &str, value: &str) -> Result<f64, String> {
    let parsed = value.parse::<f64>().ok().filter(|it| it.is_finite() && *it >= 0.0);
    parsed.ok_or_else(|| format!("--{name} {value}: not a number"))
}
