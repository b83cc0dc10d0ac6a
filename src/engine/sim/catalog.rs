//! The catalog of the Normal layer: what a job has written there, also what it must not, and who has let that pass.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;

use super::{
    aws::{End, JobRun},
    history::Invariant,
    line::Line,
    scenario::Service,
    work::failure,
    world::Truth,
};
use crate::{
    domain::{
        approval::Subject,
        catalog::CatalogTable,
        classification::{Rules, testing::rules},
        failure::Failure,
        name::ExportTask,
        report::Report,
        run::Run,
        source::{Layer, Publish, Source},
        stage::{StageId, StageStatus},
    },
    engine::ports::{Catalogs, Reports},
};

/// The column that a job leaks.
pub(super) const LEAKED: &str = "email";

/// Returns the rules of every source.
pub(super) fn classification() -> Arc<Rules> {
    Arc::new(rules(&[
        ("app/users/id", "normal"),
        ("app/users/email", "sensitive"),
        ("app/logins/id", "normal"),
        ("app/orders/id", "normal"),
    ]))
}

#[async_trait]
impl Catalogs for Line {
    async fn tables(&self, source: &Source, layer: Layer) -> Result<Vec<CatalogTable>, Failure> {
        if source.publish == Publish::Pointer {
            return self.call(Service::Glue, |truth, _| truth.tables_of(&source.name, layer)).await.map_err(failure);
        }
        let work = source.layer(layer).expect("the sources have both layers");
        let leaks = |truth: &mut Truth| {
            let now = truth.now;
            let done = |it: &&JobRun| it.job == work.glue_job && it.span.end(now) == Some(End::Done);
            truth.aws.jobs.iter().filter(done).max_by_key(|it| it.span.ends).is_some_and(|it| it.leaks)
        };
        let leaks = self.call(Service::Glue, |truth, _| leaks(truth)).await.map_err(failure)?;
        let columns = ["id"].into_iter().chain(leaks.then_some(LEAKED));
        Ok(vec![CatalogTable {
            name: "app_users".to_owned(),
            folder: "app_users".to_owned(),
            location: format!("{}app/app.users/", work.output.url()),
            columns: columns.map(|it| (it.to_owned(), "string".to_owned())).collect(),
            crawler: work.crawler().map(str::to_owned),
            ..CatalogTable::default()
        }])
    }
}

#[async_trait]
impl Reports for Line {
    async fn of(&self, source: &Source, layer: Layer, run: &ExportTask) -> Result<Option<Report>, Failure> {
        self.call(Service::S3, |truth, _| truth.report_of(source, layer, run)).await.map_err(failure)
    }
}

impl Truth {
    /// Judges that `after` says of the Normal catalog that it is done: it shows nothing that it must not, or people have
    /// let it pass.
    pub(super) fn judge_leak(&mut self, before: Option<&Run>, after: &Run) {
        let is_done = |it: &Run| it.stage(StageId::NormalCatalog).status == StageStatus::Succeeded;
        if !is_done(after) || before.is_some_and(is_done) {
            return;
        }
        let attempt = after.stage(StageId::NormalTransform).attempt;
        let name = after.export_task.as_str();
        if !self.aws.jobs.iter().any(|it| it.is(name, Layer::Normal, attempt) && it.leaks) {
            return;
        }
        let people = self.let_leak(after);
        if people.len() < 2 {
            self.broken(Invariant::NoLeak, format!("{name} attempt {attempt}: let pass by {people:?}"));
        }
    }

    /// Returns who has let pass what the Normal catalog shows, or would show, of `run`.
    pub(super) fn let_leak(&self, run: &Run) -> BTreeSet<&'static str> {
        let asked = run.question.iter().chain(&run.past_approvals).filter(|it| it.subject == Subject::Leak);
        let asked: BTreeSet<&str> = asked.map(|it| it.id.as_str()).collect();
        let presses = self.slack.presses.iter();
        let given = presses.filter(|it| it.approves && it.allowed && asked.contains(it.approval.as_str()));
        given.map(|it| it.user).filter(|it| !run.was_shaped_by(it)).collect()
    }
}
