//! placeholder
use super::Exit;
#[derive(Debug, clap::Args)]
pub(super) struct Options {}
pub(super) async fn run(_: &Options, _: crate::telemetry::LogFormat) -> anyhow::Result<Exit> {
    Ok(Exit::Done)
}
