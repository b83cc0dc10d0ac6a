//! `sandbox`: the whole bot on one machine, in a world of stand-ins.

use std::net::SocketAddr;

use clap::ValueEnum;

use super::{Exit, say, serve::Stop};
use crate::{
    app::App,
    config::Config,
    sandbox::{
        demo::{self, Play},
        world::{self, SOURCE, World},
    },
    telemetry::{self, LogFormat},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Where the bot's doors are.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Where the page is on which you type and press.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8088")]
    page: SocketAddr,

    /// Play one run without a browser, print its thread, and end: with success only if the run succeeded.
    #[arg(long)]
    demo: bool,

    /// Plant a trouble.
    #[arg(long, value_enum)]
    plant: Option<Plant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Plant {
    /// The next Glue job run fails.
    GlueFailure,
}

pub(super) async fn run(options: &Options, format: LogFormat) -> anyhow::Result<Exit> {
    telemetry::log(format, Some(if options.demo { "error" } else { "warn" }));
    let mut settings = world::Options::default();
    // A demo is watched on the terminal, and must not mind what else runs on the machine.
    settings.slack.listen = if options.demo { SocketAddr::from(([127, 0, 0, 1], 0)) } else { options.page };
    let world = World::start(settings).await?;
    let folder = tempfile::tempdir()?;
    let config = Config::load(&world.write_config(folder.path(), &options.listen.to_string())?)?;
    let app = App::start(&config, world.environment()?, &world.sdk_config(), telemetry::count()).await?;
    world.slack.set_bot_url(&format!("http://{}", app.public));
    let outcome = if options.demo { demo(&world, options.plant).await } else { live(&world, &app, options).await };
    app.stop().await;
    outcome
}

async fn demo(world: &World, plant: Option<Plant>) -> anyhow::Result<Exit> {
    let play = match plant {
        Some(Plant::GlueFailure) => Play::GlueFailure,
        None => Play::Plain,
    };
    let thread = demo::play(world, play, &|line| say(line)).await?;
    say("");
    say(&thread);
    Ok(Exit::Done)
}

async fn live(world: &World, app: &App, options: &Options) -> anyhow::Result<Exit> {
    if options.plant == Some(Plant::GlueFailure) {
        world.aws.glue.fail_next_run(&format!("{SOURCE}-normal"), "AnalysisException: planted for you to mend");
    }
    say(&format!(
        "datalake-bot runs, with stand-ins for AWS and Slack. Nothing leaves this machine.\n\n\
         \x20 open   {page}\n\
         \x20 type   /datalake run {SOURCE}     as Ana, who runs things\n\
         \x20 press  Approve Refresh            as Mina, who approves\n\n\
         The bot's doors: http://{doors}   Metrics: http://{admin}/metrics   Stop: Ctrl-C",
        page = world.slack.page_url(),
        doors = app.public,
        admin = app.admin,
    ));
    Stop::listen()?.asked().await;
    Ok(Exit::Done)
}
