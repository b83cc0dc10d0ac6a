//! What Glue's catalog has of a layer: the tables that people can query.

mod switch;
mod wanted;

pub use switch::Switch;
pub use wanted::wanted;

/// A table of the catalog, as Glue describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogTable {
    /// The name that people query it by.
    pub name: String,
    /// The same without the prefix that its crawler gives to names: how a crawler writes the name of a folder.
    pub folder: String,
    /// Where its files lie, `s3://…`; empty where Glue says nothing of it.
    pub location: String,
    /// Names and types, in order.
    pub columns: Vec<(String, String)>,
    /// Names and types of the columns that are folders.
    pub partition_keys: Vec<(String, String)>,
    /// The crawler that has written it, if one has.
    pub crawler: Option<String>,
    /// The source that the bot keeps it for, if it does.
    pub source: Option<String>,
    /// The run that the bot has turned it to.
    pub run: Option<String>,
    /// Its crawler has found its files gone.
    pub is_deprecated: bool,
}

impl CatalogTable {
    /// Returns every column that a query can name, with its type.
    pub fn all_columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().chain(&self.partition_keys).map(|(name, kind)| (name.as_str(), kind.as_str()))
    }
}
