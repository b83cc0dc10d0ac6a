//! The line between a replica and the world: every call of every port passes here, and here it meets its fate.

use std::{future::pending, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, sleep_until};

use super::{
    history::Count,
    scenario::Service,
    world::{Truth, World},
};

/// One replica's line; it implements the ports.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) world: Arc<World>,
    /// Which process calls, by its place in `Truth::processes`.
    pub(super) process: usize,
}

/// What a fake knows of a call that arrives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) process: usize,
    /// How long ago the replica made the call: longer than a lease only if it was paused within.
    pub(super) held: Duration,
}

/// A call that was not answered as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The service says that it has done nothing, and may do it later.
    Refused,
    /// No answer came.
    Unclear,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Heard,
    Refused,
    CallLost,
    AnswerLost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    Crash,
    Pause(Duration),
}

/// What will happen to one call.
struct Draw {
    fate: Fate,
    before: Option<Blow>,
    after: Option<Blow>,
    there: Duration,
    back: Duration,
}

impl Line {
    /// Makes a call: `effect` happens in the world, once, or not at all.
    pub(super) async fn call<T>(
        &self,
        service: Service,
        effect: impl FnOnce(&mut Truth, Caller) -> T,
    ) -> Result<T, Broken> {
        let began = Instant::now();
        self.awake().await;
        let draw = self.draw(service);
        sleep(draw.there).await;
        self.strike(draw.before);
        self.awake().await;
        let answer = match draw.fate {
            Fate::Heard | Fate::AnswerLost => {
                let caller = Caller { process: self.process, held: began.elapsed() };
                let answer = effect(&mut self.world.truth(), caller);
                if draw.fate == Fate::Heard { Ok(answer) } else { Err(Broken::Unclear) }
            }
            Fate::Refused => Err(Broken::Refused),
            Fate::CallLost => Err(Broken::Unclear),
        };
        self.strike(draw.after);
        let back = if answer.as_ref().is_err_and(|it| *it == Broken::Unclear) { service.time_out() } else { draw.back };
        sleep(back).await;
        self.awake().await;
        answer
    }

    /// Returns when the replica runs; never if it has crashed.
    pub(super) async fn awake(&self) {
        loop {
            let paused_until = {
                let truth = self.world.truth();
                let process = &truth.processes[self.process];
                if process.is_dead() { None } else { Some(process.paused_until) }
            };
            match paused_until {
                None => pending().await,
                Some(until) if until > Instant::now() => sleep_until(until).await,
                Some(_) => return,
            }
        }
    }

    fn draw(&self, service: Service) -> Draw {
        let mut truth = self.world.truth();
        let (rates, now) = (self.world.scenario.rates, truth.now);
        let rng = &mut truth.chance;
        let (there, back) = (Duration::from_millis(rng.u64(5..120)), Duration::from_millis(rng.u64(1..40)));
        if truth.quiet {
            return Draw { fate: Fate::Heard, before: None, after: None, there, back };
        }
        let rng = &mut truth.chance;
        let dice = rng.u32(0..10_000);
        let fate = if self.world.scenario.is_out(service, now) {
            if rng.u8(0..4) == 0 { Fate::CallLost } else { Fate::Refused }
        } else if dice < rates.call_lost {
            Fate::CallLost
        } else if dice < rates.call_lost + rates.answer_lost {
            Fate::AnswerLost
        } else if dice < rates.call_lost + rates.answer_lost + rates.refused {
            Fate::Refused
        } else {
            Fate::Heard
        };
        let blow = {
            let dice = rng.u32(0..10_000);
            if dice < rates.crash {
                Some(Blow::Crash)
            } else if dice < rates.crash + rates.pause {
                Some(Blow::Pause(Duration::from_secs(rng.u64(2..180))))
            } else {
                None
            }
        };
        let (before, after) = if rng.bool() { (blow, None) } else { (None, blow) };
        let slow = if fate == Fate::AnswerLost { rng.u64(0..5) } else { 0 };
        truth.history.add(match fate {
            Fate::Heard => Count::Calls,
            Fate::Refused => Count::Refused,
            Fate::CallLost => Count::LostCalls,
            Fate::AnswerLost => Count::LostAnswers,
        });
        if fate != Fate::Heard {
            let process = self.process;
            truth.note(|| format!("p{process} {service:?}: {fate:?}"));
        }
        Draw { fate, before, after, there: there + Duration::from_secs(slow), back }
    }

    fn strike(&self, blow: Option<Blow>) {
        let Some(blow) = blow else { return };
        let mut truth = self.world.truth();
        let id = self.process;
        if truth.quiet || truth.processes[id].is_dead() {
            return;
        }
        truth.note(|| format!("p{id} {blow:?}"));
        match blow {
            Blow::Crash => {
                truth.count_crash();
                truth.processes[id].die();
            }
            Blow::Pause(duration) => {
                truth.history.add(Count::Pauses);
                let until = Instant::now() + duration;
                truth.processes[id].paused_until = until;
            }
        }
    }
}
