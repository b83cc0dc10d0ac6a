//! What a Rust programmer writes in an hour: the SDK as it comes, and so many copies in flight.
//!
//! `plain-loop copy 256 lake raw/shop-a1/ latest/shop/` lists the source, copies everything, lists the target and deletes
//! what does not belong there. `plain-loop list lake raw/shop-a1/` lists, page after page: the least that a publish
//! without changes can take.

use std::{collections::HashSet, env, error::Error, process::exit};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::{
    Client,
    types::{Delete, ObjectIdentifier},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Keys of one call that deletes.
const DELETED_AT_ONCE: usize = 1000;

#[tokio::main]
async fn main() {
    if let Err(error) = run().await {
        let mut told = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            told = format!("{told}: {error}");
            cause = error.source();
        }
        eprintln!("{told}");
        exit(1);
    }
}

async fn run() -> Outcome<()> {
    let sdk = aws_config::defaults(BehaviorVersion::latest()).region(Region::new("eu-west-1")).load().await;
    let s3 = Client::from_conf(aws_sdk_s3::config::Builder::from(&sdk).force_path_style(true).build());
    let words: Vec<String> = env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["copy", at_once, bucket, from, to] => copy(&s3, at_once.parse()?, bucket, from, to).await,
        ["list", bucket, prefix] => {
            println!("{} objects", list(&s3, bucket, prefix).await?.len());
            Ok(())
        }
        _ => Err("plain-loop copy AT_ONCE BUCKET FROM/ TO/ | plain-loop list BUCKET PREFIX/".into()),
    }
}

async fn copy(s3: &Client, at_once: usize, bucket: &str, from: &str, to: &str) -> Outcome<()> {
    let mut names = list(s3, bucket, from).await?;
    names.retain(|it| it.contains('/'));
    let copies = names.iter().map(|name| async move {
        let call = s3.copy_object().bucket(bucket).key(format!("{to}{name}"));
        call.copy_source(format!("{bucket}/{from}{name}")).send().await
    });
    stream::iter(copies).buffer_unordered(at_once).try_for_each(|_| async { Ok(()) }).await?;
    let wanted: HashSet<&String> = names.iter().collect();
    let there = list(s3, bucket, to).await?;
    let stale: Vec<&String> = there.iter().filter(|it| !wanted.contains(it)).collect();
    for names in stale.chunks(DELETED_AT_ONCE) {
        let keys: Result<Vec<_>, _> =
            names.iter().map(|it| ObjectIdentifier::builder().key(format!("{to}{it}")).build()).collect();
        let delete = Delete::builder().set_objects(Some(keys?)).quiet(true).build()?;
        s3.delete_objects().bucket(bucket).delete(delete).send().await?;
    }
    Ok(())
}

/// Returns the names below `prefix`.
async fn list(s3: &Client, bucket: &str, prefix: &str) -> Outcome<Vec<String>> {
    let mut pages = s3.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page?;
        names.extend(page.contents().iter().filter_map(|it| Some(it.key()?.strip_prefix(prefix)?.to_owned())));
    }
    Ok(names)
}
