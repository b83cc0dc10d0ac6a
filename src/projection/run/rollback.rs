//! The replies that tell of rollbacks: in the thread of the run that was gone back to, and of the one gone back from.

use super::{Later, View, buttons::redone};
use crate::{
    domain::{
        rollback::{Rollback, RolledBack},
        run::Run,
        stage::StageId,
    },
    projection::{
        blocks::Page,
        phrase::{rollback::reason, stage},
        text::{Mrkdwn, values},
    },
};

pub(super) fn rollbacks(run: &Run, view: &View<'_>) -> Vec<Later> {
    let back = run.rollbacks().map(|it| back(run, it, view));
    back.chain(run.marks().map(|it| left(run, it, view))).collect()
}

fn back(run: &Run, rollback: &Rollback, view: &View<'_>) -> Later {
    let voice = view.voice();
    let values = values! {
        by => rollback.by,
        source => run.source,
        from => rollback.from.as_str(),
        redone => stage::names(voice, redone(run, StageId::Latest)),
    };
    let told = voice.say("rollback.told_back", values);
    let message = Page::new(Mrkdwn::lines([told, reason(voice, rollback.reason.as_deref())])).message();
    view.reply(format!("rollback:{}", rollback.at), rollback.at, message)
}

fn left(run: &Run, mark: &RolledBack, view: &View<'_>) -> Later {
    let voice = view.voice();
    let values = values! {
        by => mark.by,
        source => run.source,
        to => mark.to.as_str(),
        run => run.export_task.as_str(),
    };
    let told = voice.say("rollback.told_left", values);
    let message = Page::new(Mrkdwn::lines([told, reason(voice, mark.reason.as_deref())])).message();
    view.reply(format!("rolled_back:{}", mark.at), mark.at, message)
}
