use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::*;
use crate::inbound::sns::{address, refusal::Refusal};

/// Serves one certificate, as often as it is let.
struct Host {
    answer: Mutex<Result<Vec<u8>, Unavailable>>,
    asked: AtomicUsize,
    may: Semaphore,
}

#[async_trait]
impl Certificates for Host {
    async fn fetch(&self, _: &str) -> Result<Vec<u8>, Unavailable> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.may.acquire().await.unwrap().forget();
        self.answer.lock().unwrap().clone()
    }
}

fn host(may: usize) -> (Arc<Host>, Cache) {
    let published = include_str!("../../../../tests/fixtures/sns_published.json");
    let published: Value = serde_json::from_str(published).unwrap();
    let certificates = published["certs"].as_object().unwrap();
    let (_, pem) = certificates.iter().find(|(url, _)| url.contains("us-west-2")).unwrap();
    let pem = pem.as_str().unwrap().as_bytes().to_vec();
    let host = Arc::new(Host { answer: Mutex::new(Ok(pem)), asked: AtomicUsize::new(0), may: Semaphore::new(may) });
    let cache = Cache::new(Arc::<Host>::clone(&host));
    (host, cache)
}

fn url(number: usize) -> CertificateUrl {
    let topic = "arn:aws:sns:us-west-2:123456789012:t".parse().unwrap();
    address::check(&format!("https://sns.us-west-2.amazonaws.com/{number}.pem"), &topic).unwrap()
}

fn asked(host: &Host) -> usize {
    host.asked.load(Ordering::SeqCst)
}

#[tokio::test]
async fn who_asks_at_the_same_time_shares_one_request() {
    let (host, cache) = host(0);
    let together = futures_util::future::join_all((0..50).map(async |_| cache.get(&url(1)).await));
    let (got, ()) = tokio::join!(together, async {
        tokio::task::yield_now().await;
        host.may.add_permits(1);
    });
    assert!(got.iter().all(Result::is_ok));
    assert_eq!(asked(&host), 1);
}

#[tokio::test]
async fn nothing_bad_is_kept_and_trouble_passes() {
    let (host, cache) = host(100);
    let good = host.answer.lock().unwrap().clone();
    for (answer, expected) in [
        (Err(Unavailable("500".into())), Unverified::NotNow(Unavailable("500".into()))),
        (Ok(b"<html>".to_vec()), Unverified::Refused(Refusal::Certificate)),
    ] {
        *host.answer.lock().unwrap() = answer;
        assert_eq!(cache.get(&url(1)).await, Err(expected));
    }
    *host.answer.lock().unwrap() = good;
    let certificate = cache.get(&url(1)).await.unwrap();
    assert_eq!(asked(&host), 3);
    cache.get(&url(1)).await.unwrap();
    assert_eq!(asked(&host), 4, "only one that has verified a message is kept");
    cache.keep(&url(1), &certificate);
    cache.get(&url(1)).await.unwrap();
    assert_eq!(asked(&host), 4);
}

#[tokio::test]
async fn the_one_that_was_not_used_longest_makes_room() {
    let (host, cache) = host(100);
    for number in 0..KEPT {
        let certificate = cache.get(&url(number)).await.unwrap();
        cache.keep(&url(number), &certificate);
    }
    let first = cache.get(&url(0)).await.unwrap();
    cache.keep(&url(99), &first);
    let before = asked(&host);
    cache.get(&url(0)).await.unwrap();
    assert_eq!(asked(&host), before);
    cache.get(&url(1)).await.unwrap();
    assert_eq!(asked(&host), before + 1);
}

#[tokio::test]
async fn made_up_addresses_are_not_asked_for_without_bound() {
    let (host, cache) = host(0);
    let flood = futures_util::future::join_all((0..100).map(async |number| cache.get(&url(number)).await));
    let (got, ()) = tokio::join!(flood, async {
        tokio::task::yield_now().await;
        host.may.add_permits(100);
    });
    assert_eq!(got.iter().filter(|it| it.is_ok()).count(), FLIGHTS);
    assert!(cache.get(&url(500)).await.is_ok(), "requests that have ended do not count");
}

#[tokio::test]
async fn who_goes_away_takes_nobody_along() {
    let (host, cache) = host(0);
    let one = url(1);
    let mut impatient = Box::pin(cache.get(&one));
    assert!(futures_util::poll!(&mut impatient).is_pending());
    let mut patient = Box::pin(cache.get(&one));
    assert!(futures_util::poll!(&mut patient).is_pending());
    drop(impatient);
    host.may.add_permits(1);
    assert!(patient.await.is_ok());
    assert_eq!(asked(&host), 1);
}
