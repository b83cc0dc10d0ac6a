//! The configured sources, found by what commands and events call them.

use crate::domain::source::{Layer, Source};

/// All sources, in the order of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Returns the sources; their names are distinct (checked by the configuration).
    pub fn new(sources: Vec<Source>) -> Self {
        Self(sources)
    }

    /// Returns every source.
    pub fn all(&self) -> &[Source] {
        &self.0
    }

    /// Returns the source called `name`.
    pub fn get(&self, name: &str) -> Option<&Source> {
        self.0.iter().find(|it| it.name == name)
    }

    /// Returns the names of the sources that use Glue job `job`.
    pub fn with_job(&self, job: &str) -> Vec<&str> {
        self.with(|source, layer| source.layer(layer).is_some_and(|it| it.glue_job == job))
    }

    /// Returns the names of the sources that use Glue crawler `crawler`.
    pub fn with_crawler(&self, crawler: &str) -> Vec<&str> {
        self.with(|source, layer| source.layer(layer).is_some_and(|it| it.crawler() == Some(crawler)))
    }

    fn with(&self, uses: impl Fn(&Source, Layer) -> bool) -> Vec<&str> {
        self.0.iter().filter(|it| Layer::ALL.iter().any(|layer| uses(it, *layer))).map(|it| it.name.as_str()).collect()
    }
}
