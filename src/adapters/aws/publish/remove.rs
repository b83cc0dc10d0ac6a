//! Removing objects: those that are named, or all below a prefix.

use aws_sdk_s3::{
    Client,
    types::{Delete, Object, ObjectIdentifier},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    super::error::partial,
    calls::{Calls, Lane, rest},
    count,
    names::Names,
    trouble::{Action, Side},
};
use crate::{
    domain::{failure::Failure, source::Location},
    engine::ports::Removed,
};

/// Objects in one call, the most that
/// [`DeleteObjects`](https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html) takes. A page of a listing has
/// no more.
const AT_ONCE: usize = 1000;
/// Calls at the same time.
const CALLS: usize = 4;
/// Attempts at objects that a call which as a whole succeeded has left for a reason that may pass.
const ATTEMPTS: u32 = 5;

/// Removes the objects `names` below `at`. What is gone already is no error.
pub(super) async fn all(calls: &Calls, at: &Location, names: &Names) -> Result<(), Failure> {
    let chunks = (0..names.len()).step_by(AT_ONCE).map(|it| it..(it + AT_ONCE).min(names.len()));
    let keys = |it: std::ops::Range<usize>| names.from(it.start).take(it.len()).map(|it| at.key(&it)).collect();
    let removals = stream::iter(chunks).map(|it| some(calls, at, keys(it)));
    removals.buffer_unordered(CALLS).try_collect().await
}

/// Removes everything below `at`, page by page, so that memory does not grow with what is there. Returns what that was.
pub(super) async fn everything(calls: &Calls, at: &Location) -> Result<Removed, Failure> {
    let mut removed = Removed::default();
    let mut token: Option<String> = None;
    loop {
        let make = |s3: &Client| {
            let call = s3.list_objects_v2().bucket(&at.bucket).prefix(at.key(""));
            call.set_continuation_token(token.clone()).send()
        };
        let page = calls.send(Lane::Read, make).await;
        let page = page.map_err(|it| Action::ListBucket.failed(Side::Target, at, it))?;
        let found = page.contents();
        if !found.is_empty() {
            some(calls, at, found.iter().filter_map(Object::key).map(str::to_owned).collect()).await?;
        }
        removed.objects += count(found.len());
        removed.bytes += found.iter().filter_map(|it| u64::try_from(it.size()?).ok()).sum::<u64>();
        token = page.next_continuation_token;
        if token.is_none() {
            return Ok(removed);
        }
    }
}

async fn some(calls: &Calls, at: &Location, mut keys: Vec<String>) -> Result<(), Failure> {
    let mut attempt = 1;
    loop {
        let make = |s3: &Client| s3.delete_objects().bucket(&at.bucket).delete(request(&keys)).send();
        let answer = calls.send(Lane::Write, make).await;
        let answer = answer.map_err(|it| Action::DeleteObject.failed(Side::Target, at, it))?;
        // The call succeeds even when single objects could not be removed.
        let Some(error) = answer.errors().first() else { return Ok(()) };
        let message = format!("{}: {}", error.key().unwrap_or_default(), error.message().unwrap_or_default());
        let trouble = partial(error.code().unwrap_or("DeleteObjects"), message);
        if !trouble.may_pass() || attempt == ATTEMPTS {
            return Err(Action::DeleteObject.failed(Side::Target, at, trouble));
        }
        keys = answer.errors.into_iter().flatten().filter_map(|it| it.key).collect();
        rest(attempt).await;
        attempt += 1;
    }
}

fn request(keys: &[String]) -> Delete {
    let object = |key| ObjectIdentifier::builder().key(key).build().expect("the key is all that it needs");
    let objects = keys.iter().map(object).collect();
    Delete::builder().quiet(true).set_objects(Some(objects)).build().expect("objects are all that it needs")
}

#[cfg(test)]
mod tests {
    use super::{
        super::canned::{Canned, fine, refusal},
        *,
    };

    fn at() -> Location {
        Location { bucket: "lake".to_owned(), prefix: "raw/old".to_owned() }
    }

    fn listed(keys: &[&str], next: Option<&str>) -> String {
        let rows: String =
            keys.iter().map(|it| format!("<Contents><Key>{it}</Key><Size>7</Size></Contents>")).collect();
        let next = next.map(|it| format!("<NextContinuationToken>{it}</NextContinuationToken>")).unwrap_or_default();
        format!("<ListBucketResult>{rows}{next}</ListBucketResult>")
    }

    fn left(key: &str, code: &str) -> String {
        format!("<DeleteResult><Error><Key>{key}</Key><Code>{code}</Code></Error></DeleteResult>")
    }

    #[tokio::test]
    async fn everything_is_removed_page_by_page_the_marker_of_the_folder_too() {
        let canned = Canned::start(|call, _| {
            Some(fine(match call {
                it if it.contains("continuation-token=next") => listed(&["raw/old/b"], None),
                it if it.starts_with("GET") => listed(&["raw/old/", "raw/old/a"], Some("next")),
                _ => "<DeleteResult/>".to_owned(),
            }))
        })
        .await;
        let removed = everything(&Calls::new(&canned.client), &at()).await.unwrap();
        assert_eq!(removed, Removed { objects: 3, bytes: 21 });
        assert_eq!(canned.asked(&["POST", "<Key>raw/old/</Key>", "<Key>raw/old/a</Key>"]).len(), 1);
        assert_eq!(canned.asked(&["POST", "<Key>raw/old/b</Key>"]).len(), 1);
    }

    #[tokio::test]
    async fn what_a_call_has_left_is_removed_again_and_what_it_has_not_is_not() {
        let canned = Canned::start(|call, before| {
            Some(match (call.starts_with("GET"), call.contains("raw/old/a"), before) {
                (true, ..) => fine(listed(&["raw/old/a", "raw/old/b"], None)),
                (false, true, 0) => refusal(503, "SlowDown"),
                (false, true, _) => fine(left("raw/old/b", "InternalError")),
                (false, false, _) => fine("<DeleteResult/>"),
            })
        })
        .await;
        everything(&Calls::new(&canned.client), &at()).await.unwrap();
        assert_eq!(canned.asked(&["POST"]).len(), 3);
        assert_eq!(canned.asked(&["POST", "raw/old/b"]).len(), 3);
    }

    #[tokio::test]
    async fn what_may_not_be_removed_is_told_with_the_action_and_the_place() {
        let canned = Canned::start(|call, _| {
            let listed = call.starts_with("GET").then(|| listed(&["raw/old/a"], None));
            Some(fine(listed.unwrap_or_else(|| left("raw/old/a", "AccessDenied"))))
        })
        .await;
        let failure = everything(&Calls::new(&canned.client), &at()).await.unwrap_err();
        assert_eq!(failure.code, "AccessDenied");
        assert!(failure.message.contains("s3:DeleteObject on the target s3://lake/raw/old/"), "{}", failure.message);
        assert_eq!(canned.asked(&["POST"]).len(), 1, "trying again makes no sense");
    }
}
