//! R15: a stop drops nothing that was acknowledged.

use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::time::{Instant, sleep};

use super::{Load, acks::recorded, figure, size};
use crate::harness::Bot;

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_any_moment_drops_no_acknowledgement() {
    let mut bot = Bot::start().await;
    let (stops, in_flight) = (size(2, 100), 50);
    let mut rng = fastrand::Rng::with_seed(15);
    let (mut accepted, mut longest) = (0, Duration::ZERO);
    for stop in 0..stops {
        let load = Load::new(&bot.url());
        let posts = join_all((0..in_flight).map(|it| load.command("run school", stop * in_flight + it)));
        let pause = Duration::from_millis(rng.u64(0..120));
        let stopping = async {
            sleep(pause).await;
            bot.terminate();
        };
        let (answers, ()) = join(posts, stopping).await;
        let begun = Instant::now();
        assert!(bot.ended().await.success(), "it ends well");
        longest = longest.max(begun.elapsed());
        accepted += answers.iter().filter(|it| it.is_accepted()).count();
        assert!(recorded(&bot).await.len() >= accepted, "an acknowledged command is lost at stop {stop}");
        bot.spawn().await;
    }
    figure(
        "R15",
        &format!(
            "{stops} stops with {in_flight} commands in flight: {accepted} acknowledged, 0 lost; exit 0, longest {longest:.1?}"
        ),
    );
}
