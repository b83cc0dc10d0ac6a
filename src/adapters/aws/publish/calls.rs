//! The calls that publishing is made of: counted, paced, and sent again where that may help.
//!
//! The SDK's own retry is off: it spends a quota that is gone after about a hundred refusals, and from then on every
//! refused call fails ([retries](https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html)).

mod gate;

use std::{
    error::Error,
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_s3::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::get_object::GetObjectOutput,
    primitives::{ByteStream, SdkBody},
};
use tokio::time::{Instant, sleep, timeout};

use self::gate::Gate;
use super::{
    super::{error::Trouble, s3::Content},
    trouble::{Action, Side},
};
use crate::domain::{
    failure::{Class, Failure},
    source::Location,
};

/// Attempts at a call that is not refused for its pace, but does not succeed.
const ATTEMPTS: u32 = 5;
/// The pause before the second attempt, in milliseconds; each further one is twice as long.
const PAUSE: u64 = 100;
/// How long an attempt at a call may take that is soon over, even with thousands of keys in it.
const BRIEF: Duration = Duration::from_secs(15);
/// How long an attempt at a copy may take: S3 answers only when the object, up to 5 GiB, is in place.
const COPY: Duration = Duration::from_mins(10);

/// What a call does, as far as it matters for how often and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Read,
    /// Soon over.
    Write,
    /// A copy is answered when it is done, which may take minutes.
    Copy,
}

/// What must be in a place for a write to take place there.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    Nothing,
    /// The object with this `ETag`.
    Etag(String),
}

/// S3, how fast it may be called, and how often it was.
pub(super) struct Calls {
    client: Client,
    reads: Gate,
    writes: Gate,
    sent: AtomicU64,
    refused: AtomicU64,
}

impl Calls {
    /// `client` is one that neither tries again nor ends calls by itself, of [`publish_client`](super::super::publish_client).
    pub(super) fn new(client: &Client) -> Arc<Self> {
        let (client, reads, writes) = (client.clone(), Gate::new(), Gate::new());
        Arc::new(Self { client, reads, writes, sent: AtomicU64::new(0), refused: AtomicU64::new(0) })
    }

    /// Returns how many calls were sent, each attempt counted.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Returns how many of them were refused for their pace.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Returns a client with connections of its own, which are closed when it is dropped.
    pub(super) fn connect(&self) -> Client {
        Client::from_conf(self.client.config().clone())
    }

    /// Sends the call that `make` makes until it succeeds, or trying again makes no sense.
    ///
    /// # Errors
    /// What S3 said last. A refusal for the pace is one only when nothing has got through for half a minute.
    pub(super) async fn send<T, E, F>(&self, lane: Lane, make: impl Fn(&Client) -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.send_by(&self.client, lane, make).await
    }

    /// As [`Calls::send`], over the connections of `client`.
    pub(super) async fn send_by<T, E, F>(
        &self,
        client: &Client,
        lane: Lane,
        make: impl Fn(&Client) -> F,
    ) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (gate, patience) = match lane {
            Lane::Read => (&self.reads, BRIEF),
            Lane::Write => (&self.writes, BRIEF),
            Lane::Copy => (&self.writes, COPY),
        };
        let mut attempt = 1;
        loop {
            gate.turn().await;
            self.sent.fetch_add(1, Ordering::Relaxed);
            let begun = Instant::now();
            let trouble = match timeout(patience, make(client)).await {
                Ok(Ok(answer)) => {
                    gate.passed();
                    return Ok(answer);
                }
                Ok(Err(error)) => Trouble::from(error),
                Err(late) => Trouble::from(SdkError::<E, HttpResponse>::timeout_error(late)),
            };
            if trouble.is_slow_down() {
                self.refused.fetch_add(1, Ordering::Relaxed);
                if !gate.refused(begun) {
                    return Err(trouble);
                }
            } else if trouble.may_pass() && attempt < ATTEMPTS {
                rest(attempt).await;
                attempt += 1;
            } else {
                return Err(trouble);
            }
        }
    }

    /// Returns the object `name` below `at`, which is on that side. `None`: it is not there.
    pub(super) async fn get(&self, side: Side, at: &Location, name: &str) -> Result<Option<Content>, Failure> {
        let make = |s3: &Client| {
            let call = s3.get_object().bucket(&at.bucket).key(at.key(name));
            async { read(call.send().await?).await }
        };
        found(self.send(Lane::Read, make).await, side, at)
    }

    /// Returns the `ETag` of the object `name` below `at`, in the target, without reading it. `None`: it is not there.
    pub(super) async fn etag(&self, at: &Location, name: &str) -> Result<Option<String>, Failure> {
        let make = |s3: &Client| s3.get_object().bucket(&at.bucket).key(at.key(name)).send();
        let answer = self.send(Lane::Read, make).await.map(|it| it.e_tag.unwrap_or_default());
        found(answer, Side::Target, at)
    }

    /// Writes JSON to `name` below `at`, if what is there is what is expected.
    ///
    /// # Errors
    /// `PreconditionFailed`, which is transient: something else is there. Otherwise what S3 said.
    pub(super) async fn put(
        &self,
        at: &Location,
        name: &str,
        json: &SdkBody,
        expected: &Expected,
    ) -> Result<(), Failure> {
        let make = |s3: &Client| {
            let body = ByteStream::new(json.try_clone().expect("what is in memory can be sent again"));
            let call = s3.put_object().bucket(&at.bucket).key(at.key(name));
            let call = call.content_type("application/json").body(body);
            match expected {
                Expected::Nothing => call.if_none_match("*"),
                Expected::Etag(etag) => call.if_match(etag),
            }
            .send()
        };
        match self.send(Lane::Write, make).await {
            Ok(_) => Ok(()),
            // What was to be replaced is gone.
            Err(trouble) if trouble.is("NoSuchKey") => {
                Err(Failure::new(Class::Transient, "PreconditionFailed", format!("{} is gone", at.key(name))))
            }
            Err(trouble) => Err(Action::PutObject.failed(Side::Target, at, trouble)),
        }
    }
}

/// Returns what was found. That there is nothing is no failure.
fn found<T>(answer: Result<T, Trouble>, side: Side, at: &Location) -> Result<Option<T>, Failure> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(trouble) if trouble.is("NoSuchKey") => Ok(None),
        Err(trouble) => Err(Action::GetObject.failed(side, at, trouble)),
    }
}

/// Reads an object to its end. One that breaks off is no answer.
async fn read<E>(mut answer: GetObjectOutput) -> Result<Content, SdkError<E, HttpResponse>> {
    let length = answer.content_length().and_then(|it| usize::try_from(it).ok());
    let mut bytes = Vec::with_capacity(length.unwrap_or_default());
    while let Some(piece) = answer.body.next().await {
        bytes.extend_from_slice(&piece.map_err(SdkError::timeout_error)?);
    }
    Ok(Content { bytes, etag: answer.e_tag.unwrap_or_default() })
}

/// Waits after the attempt of this number. Every caller waits for another time, so that what failed together does not
/// come back together.
pub(super) async fn rest(attempt: u32) {
    let whole = PAUSE << (attempt - 1);
    let part = RandomState::new().hash_one(attempt) % whole;
    sleep(Duration::from_millis(whole / 2 + part)).await;
}
