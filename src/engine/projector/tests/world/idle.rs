//! The ports that drawing threads does not use.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    domain::{
        access::{Person, Who},
        catalog::CatalogTable,
        export::ActiveExport,
        failure::Failure,
        forecast::Holding,
        name::ExportTask,
        report::Report,
        run::Run,
        schema::Schema,
        seen::{Seen, Started},
        snapshot::{Snapshot, SnapshotChoice},
        source::{Layer, Source},
        stage::StageId,
    },
    engine::ports::{
        Catalogs, ChatError, Exports, People, PeopleError, Progress, Queue, Reader, Readers, Reports, Schemas, Shelf,
        Shown, Snapshots, StoreError, ViewId, Views, Work,
    },
    projection::view::View,
};

/// Nobody asks it for anything.
#[derive(Debug)]
pub(super) struct Idle;

#[async_trait]
impl Work for Idle {
    async fn look(&self, _: &Run, _: &Source, _: StageId) -> Seen {
        unreachable!("no thread is drawn with it")
    }

    async fn start(&self, _: &Run, _: &Source, _: StageId, _: &Progress) -> Started {
        unreachable!("no thread is drawn with it")
    }

    async fn stop(&self, _: &Run, _: &Source, _: StageId) -> Result<(), Failure> {
        unreachable!("no thread is drawn with it")
    }
}

#[async_trait]
impl Snapshots for Idle {
    async fn find(&self, _: &Source, _: &SnapshotChoice) -> Result<Option<Snapshot>, Failure> {
        unreachable!("no thread is drawn with it")
    }

    async fn list(&self, _: &Source) -> Result<Vec<Snapshot>, Failure> {
        unreachable!("no thread is drawn with it")
    }
}

#[async_trait]
impl Schemas for Idle {
    async fn of(&self, _: &Source, _: &ExportTask) -> Result<Option<Schema>, Failure> {
        unreachable!("no thread is drawn with it")
    }
}

#[async_trait]
impl Shelf for Idle {
    async fn holding(&self, _: &Source) -> Result<Holding, Failure> {
        unreachable!("no thread is drawn with it")
    }
}

#[async_trait]
impl Catalogs for Idle {
    async fn tables(&self, _: &Source, _: Layer) -> Result<Vec<CatalogTable>, Failure> {
        unreachable!("no thread is drawn with it")
    }
}

#[async_trait]
impl Reports for Idle {
    async fn of(&self, _: &Source, _: Layer, _: &ExportTask) -> Result<Option<Report>, Failure> {
        unreachable!("no thread is drawn with it")
    }
}

#[async_trait]
impl Exports for Idle {
    async fn active(&self) -> Result<Vec<ActiveExport>, Failure> {
        unreachable!("no thread is drawn with it")
    }
}

#[async_trait]
impl People for Idle {
    async fn person(&self, _: &str, _: &[&[Who]]) -> Result<Person, PeopleError> {
        unreachable!("no thread is drawn with it")
    }

    async fn person_now(&self, user: &str, lists: &[&[Who]]) -> Result<Person, PeopleError> {
        self.person(user, lists).await
    }

    async fn locale(&self, _: &str) -> Option<String> {
        unreachable!("no thread is drawn with it")
    }

    fn forget_user(&self, _: &str) {
        unreachable!("no thread is drawn with it")
    }

    fn forget_group(&self, _: &str) {
        unreachable!("no thread is drawn with it")
    }

    fn known_locale(&self, _: &str) -> Option<String> {
        unreachable!("no thread is drawn with it")
    }
}

#[async_trait]
impl Queue for Idle {
    async fn send(&self, _: &str) -> anyhow::Result<()> {
        unreachable!("no thread is drawn with it")
    }
}

#[async_trait]
impl Views for Idle {
    async fn open(&self, _: &str, _: &View) -> Result<Shown, ChatError> {
        unreachable!("no thread is drawn with it")
    }

    async fn update(&self, _: &ViewId, _: Option<&str>, _: &View) -> Result<Shown, ChatError> {
        unreachable!("no thread is drawn with it")
    }

    async fn publish(&self, _: &str, _: &View) -> Result<(), ChatError> {
        unreachable!("no thread is drawn with it")
    }
}

#[async_trait]
impl Readers for Idle {
    async fn reader(&self, _: &str) -> Result<Option<Reader>, StoreError> {
        unreachable!("nobody opens their Home")
    }

    async fn put_reader(&self, _: &Reader) -> Result<bool, StoreError> {
        unreachable!("nobody opens their Home")
    }

    async fn readers(&self, _: Timestamp) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}
