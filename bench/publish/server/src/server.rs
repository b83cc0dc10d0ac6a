//! One request from beginning to end: counted, refused or let in, delayed, carried out.

use std::{
    convert::Infallible,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use http_body_util::BodyExt as _;
use hyper::{
    Request, StatusCode,
    body::Incoming,
    header::{HeaderName, HeaderValue},
};
use jiff::Timestamp;
use tokio::time::sleep;

use crate::{
    answer::{Answer, Refusal, element, empty, xml},
    doors,
    limit::Limit,
    listing, multipart, objects,
    request::{Asked, Operation},
    settings::Settings,
    stats::Stats,
    store::Store,
    world,
};

/// By this tools know that an `ETag` is no digest.
const ENCRYPTION: HeaderName = HeaderName::from_static("x-amz-server-side-encryption");

/// All that a server knows.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) stats: Stats,
    limit: Option<Limit>,
}

impl State {
    fn new(settings: Settings, now: Instant, time: Timestamp) -> Self {
        let store = world::prepared(&settings, time);
        let rate = settings.writes_per_second;
        let limit = (rate > 0).then(|| Limit::new(settings.limiter, rate, settings.burst, now));
        Self { settings, store, stats: Stats::new(now), limit }
    }

    /// Begins anew. Calls in flight stay counted, and end in the new world.
    pub(crate) fn begin(&mut self, settings: Settings, now: Instant, time: Timestamp) {
        let mut next = Self::new(settings, now, time);
        std::mem::swap(&mut next.stats, &mut self.stats);
        next.stats.zero(now);
        *self = next;
    }

    /// Counts a call; returns how long it takes, and whether it is refused.
    fn admit(&mut self, asked: &Asked, now: Instant) -> (Duration, bool) {
        self.stats.begin(asked.operation);
        let limited = asked.operation.is_write() && self.limit.as_mut().is_some_and(|it| !it.take(now));
        let work = if limited { Duration::ZERO } else { self.work(asked) };
        (self.settings.delay + work, limited)
    }

    /// Returns how long a copy takes beyond the latency.
    fn work(&self, asked: &Asked) -> Duration {
        let rate = self.settings.bytes_per_second;
        if rate == 0 || !matches!(asked.operation, Operation::CopyObject | Operation::UploadPartCopy) {
            return Duration::ZERO;
        }
        let Ok(source) = objects::source(&self.store, asked) else { return Duration::ZERO };
        let size = multipart::range(asked, source.size).map_or(0, |(_, size)| size);
        if size > objects::LARGEST { Duration::ZERO } else { Duration::from_secs_f64(size as f64 / rate as f64) }
    }

    fn carry_out(&mut self, asked: &Asked, time: Timestamp) -> Result<Answer, Refusal> {
        let store = &mut self.store;
        match asked.operation {
            Operation::ListObjects | Operation::ListObjectsV2 => listing::page(store, asked),
            Operation::GetObject | Operation::HeadObject => objects::read(store, asked),
            Operation::PutObject => objects::put(store, asked, time),
            Operation::CopyObject => objects::copy(store, asked, time),
            Operation::DeleteObject => Ok(objects::delete(store, asked)),
            Operation::DeleteObjects => objects::delete_many(store, asked),
            Operation::CreateMultipartUpload => Ok(multipart::create(store, asked)),
            Operation::UploadPartCopy => multipart::copy_part(store, asked, time),
            Operation::CompleteMultipartUpload => multipart::complete(store, asked, time),
            Operation::AbortMultipartUpload => multipart::abort(store, asked),
            Operation::ListMultipartUploads => Ok(multipart::list(store, asked)),
            Operation::GetObjectTagging => Ok(element("Tagging", "<TagSet></TagSet>")),
            Operation::GetBucketLocation => Ok(element("LocationConstraint", "eu-west-1")),
            Operation::ListBuckets => {
                let one = "<Bucket><Name>lake</Name><CreationDate>2026-01-01T00:00:00Z</CreationDate></Bucket>";
                Ok(element("ListAllMyBucketsResult", &format!("<Buckets>{one}</Buckets>")))
            }
            Operation::HeadBucket | Operation::CreateBucket => Ok(empty(StatusCode::OK)),
            Operation::Unknown => Err(Refusal::UNKNOWN),
        }
    }
}

/// The server, for all its connections.
#[derive(Debug)]
pub(crate) struct Server(Mutex<State>);

impl Server {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(Mutex::new(State::new(settings, Instant::now(), now())))
    }

    /// Answers one request. The effect of a write comes at the end of its latency; a client that goes before then has
    /// not written.
    pub(crate) async fn serve(&self, request: Request<Incoming>) -> Result<Answer, Infallible> {
        let (parts, body) = request.into_parts();
        if parts.uri.path().starts_with("/_") {
            return Ok(doors::answer(&mut self.state(), &parts.uri, Instant::now(), now()));
        }
        let Ok(body) = body.collect().await else { return Ok(Refusal::BAD_ARGUMENT.answer(false)) };
        let asked = Asked::new(&parts.method, &parts.uri, parts.headers, body.to_bytes());
        let (delay, refused) = self.state().admit(&asked, Instant::now());
        let _counted = InFlight(self);
        if !delay.is_zero() {
            sleep(delay).await;
        }
        let mut state = self.state();
        if refused {
            state.stats.refuse();
            return Ok(Refusal::SLOW_DOWN.answer(asked.head));
        }
        match state.carry_out(&asked, now()) {
            Ok(mut answer) => {
                if state.store.encrypted {
                    answer.headers_mut().insert(ENCRYPTION, HeaderValue::from_static("aws:kms"));
                }
                Ok(answer)
            }
            Err(refusal) => {
                state.stats.fail();
                Ok(refusal.answer(asked.head))
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no panic while the state is held")
    }
}

/// A call that is counted as in flight until this is dropped: answered, or its client gone.
struct InFlight<'a>(&'a Server);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.state().stats.end();
    }
}

/// Returns the answer of a door.
pub(crate) fn text(status: u16, body: String) -> Answer {
    let mut answer = xml(body);
    *answer.status_mut() = StatusCode::from_u16(status).expect("200, 400 or 404");
    answer.headers_mut().remove(hyper::header::CONTENT_TYPE);
    answer
}

/// S3 tells times in whole seconds.
fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).expect("a whole second of a time is a time")
}
