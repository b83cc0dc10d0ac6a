//! The AWS stand-ins: RDS, Glue, S3, SNS, DynamoDB, and a little of IAM and KMS, on loopback addresses.
//!
//! RDS and Glue are state machines that move with the sandbox's clock at a [`Pace`] and can be told to fail, to warn or
//! to stand still. RDS writes its exports into the S3 stand-in, Glue reads and writes there, and both publish the
//! events that the real services would. DynamoDB is `dynoxide`, S3 is `s3s` over memory.

mod dynamo;
mod events;
mod glue;
mod iam;
mod ids;
mod json;
mod kms;
mod pace;
mod paging;
mod phase;
mod rds;
mod refusal;
mod s3;
mod sns;
#[cfg(test)]
mod tests;
mod xml;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use self::dynamo::Dynamo;
pub use self::{
    events::{Deliver, Events, Wrapping},
    glue::{Glue, JobRunArgs, RunState, S3Path, Slips, Transform},
    iam::Iam,
    kms::Kms,
    pace::Pace,
    rds::{Column, Database, ExportStatus, Rds, SnapshotType, Table},
    s3::{NoSuchBucket, S3},
    sns::{Signer, Sns, Subject, pem},
};
use super::{
    clock::SimClock,
    wire::{Front, StandIn},
};

/// The account in every ARN.
pub const ACCOUNT: &str = "123456789012";
/// The Region that all of it is in.
pub const REGION: &str = "ap-northeast-1";
/// The access key that requests are signed with; S3 verifies it.
pub const ACCESS_KEY: &str = "sandbox";
/// The secret key that goes with [`ACCESS_KEY`].
pub const SECRET_KEY: &str = "sandbox-secret";
/// The SNS topic that events come through, when they come through one.
pub const TOPIC_ARN: &str = "arn:aws:sns:ap-northeast-1:123456789012:datalake-events";

/// How often, in real time, the state machines look at the clock when nobody asks them anything.
const TICK: Duration = Duration::from_millis(20);

/// The base addresses of the stand-ins, `http://127.0.0.1:port`.
#[derive(Clone, Debug)]
pub struct Endpoints {
    pub rds: String,
    pub glue: String,
    pub s3: String,
    pub dynamodb: String,
    pub sns: String,
    pub iam: String,
    pub kms: String,
}

/// The AWS stand-ins, served.
pub struct Aws {
    /// Snapshots and exports.
    pub rds: Arc<Rds>,
    /// Jobs, crawlers and the catalog.
    pub glue: Arc<Glue>,
    /// Buckets and objects.
    pub s3: Arc<S3>,
    /// The topic that events come through, for those who subscribe to it over HTTPS.
    pub sns: Arc<Sns>,
    /// Roles.
    pub iam: Arc<Iam>,
    /// Keys.
    pub kms: Arc<Kms>,
    /// How the events of RDS and Glue arrive.
    pub events: Arc<Events>,
    /// Where they are served.
    pub endpoints: Endpoints,
}

/// What RDS and Glue share.
#[derive(Clone)]
struct World {
    clock: SimClock,
    pace: Pace,
    s3: Arc<S3>,
    events: Arc<Events>,
}

impl Aws {
    /// Serves the stand-ins, each on a free port of 127.0.0.1, until `front` stops. `deliver` receives the events.
    ///
    /// # Errors
    /// A port cannot be listened on, or the database cannot be made.
    pub async fn start(front: &Front, pace: Pace, deliver: Deliver) -> anyhow::Result<Self> {
        let s3 = Arc::new(S3::new(front.clock.clone()));
        let sns = Arc::new(Sns::new(front.clone()));
        let events = Arc::new(Events::new(sns.or(deliver)));
        let world = World { clock: front.clock.clone(), pace, s3: Arc::clone(&s3), events: Arc::clone(&events) };
        let rds = Arc::new(Rds::new(world.clone()));
        let glue = Arc::new(Glue::new(world));
        let (iam, kms) = (Arc::new(Iam::default()), Arc::new(Kms::default()));
        let endpoints = Endpoints {
            rds: serve(front, rds.clone()).await?,
            glue: serve(front, glue.clone()).await?,
            s3: serve(front, s3.clone()).await?,
            dynamodb: serve(front, Arc::new(Dynamo::start(front).await?)).await?,
            sns: serve(front, sns.clone()).await?,
            iam: serve(front, iam.clone()).await?,
            kms: serve(front, kms.clone()).await?,
        };
        front.tracker.spawn(tick(front.clone(), Arc::clone(&rds), Arc::clone(&glue)));
        Ok(Self { rds, glue, s3, sns, iam, kms, events, endpoints })
    }
}

async fn serve(front: &Front, stand_in: Arc<dyn StandIn>) -> anyhow::Result<String> {
    let addr = front.serve(SocketAddr::from(([127, 0, 0, 1], 0)), stand_in).await?;
    Ok(format!("http://{addr}"))
}

async fn tick(front: Front, rds: Arc<Rds>, glue: Arc<Glue>) {
    loop {
        tokio::select! {
            () = front.stop.cancelled() => return,
            () = tokio::time::sleep(TICK) => {}
        }
        rds.tick();
        glue.tick();
    }
}
