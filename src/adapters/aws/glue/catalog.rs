//! The tables of the database that has those of a layer.
//!
//! The bot puts source, run and the table's name into the parameters of each table that it keeps: a copy that somebody makes
//! of one is called otherwise, and is theirs. A crawler puts its own name into the
//! parameters of each table that it writes, and marks those whose files it finds gone
//! ([table properties](https://docs.aws.amazon.com/glue/latest/dg/table-properties-crawler.html)).

use aws_sdk_glue::{
    Client,
    types::{Column, Table},
};

use super::{super::error::Trouble, crawler};
use crate::domain::{
    catalog::CatalogTable,
    failure::{Class, Failure},
    source::Catalog,
};

/// The parameter with the name of the source that the bot keeps a table for.
pub(super) const KEPT_FOR: &str = "datalake_source";
/// The parameter with the name of the run that the bot has turned a table to.
pub(super) const TURNED_TO: &str = "datalake_run";
/// The parameter with the name that the bot has given a table.
pub(super) const CALLED: &str = "datalake_table";
/// The parameter with the name of the crawler.
const WRITTEN_BY: &str = "UPDATED_BY_CRAWLER";
/// The parameter of a table whose files are gone.
const GONE: &str = "DEPRECATED_BY_CRAWLER";

/// Returns the tables of the database that has those of a layer.
pub(super) async fn tables(glue: &Client, catalog: &Catalog) -> Result<Vec<CatalogTable>, Failure> {
    match catalog {
        Catalog::Crawler(name) => {
            let crawler = crawler::describe(glue, name).await?;
            let Some(database) = crawler.database_name().filter(|it| !it.is_empty()) else {
                let message = format!("the crawler {name} names no database of the catalog");
                return Err(Failure::new(Class::Config, "CrawlerWithoutDatabase", message));
            };
            let prefix = crawler.table_prefix().unwrap_or_default();
            Ok(list(glue, database).await?.iter().map(|it| table(it, prefix)).collect())
        }
        Catalog::Tables { database } => Ok(list(glue, database).await?.iter().map(|it| table(it, "")).collect()),
    }
}

/// Returns every table of `database`, on all pages.
pub(super) async fn list(glue: &Client, database: &str) -> Result<Vec<Table>, Failure> {
    let (mut tables, mut token) = (Vec::new(), None);
    loop {
        let call = glue.get_tables().database_name(database).set_next_token(token);
        let page = call.send().await.map_err(|it| missing_database(it.into()))?;
        tables.extend(page.table_list.unwrap_or_default());
        token = page.next_token.filter(|it| !it.is_empty());
        if token.is_none() {
            return Ok(tables);
        }
    }
}

fn missing_database(trouble: Trouble) -> Trouble {
    if trouble.is("EntityNotFound") { trouble.renamed("DatabaseNotFound") } else { trouble }
}

/// Returns what of a table counts; `prefix` is what its crawler puts before names.
pub(super) fn table(found: &Table, prefix: &str) -> CatalogTable {
    let parameter = |name| found.parameters().and_then(|it| it.get(name)).cloned();
    let storage = found.storage_descriptor();
    let is_copy = parameter(CALLED).is_some_and(|it| it != found.name());
    CatalogTable {
        name: found.name().to_owned(),
        folder: found.name().strip_prefix(prefix).unwrap_or(found.name()).to_owned(),
        location: storage.and_then(|it| it.location()).unwrap_or_default().to_owned(),
        columns: columns(storage.map(|it| it.columns()).unwrap_or_default()),
        partition_keys: columns(found.partition_keys()),
        crawler: parameter(WRITTEN_BY),
        source: parameter(KEPT_FOR).filter(|_| !is_copy),
        run: parameter(TURNED_TO),
        is_deprecated: parameter(GONE).is_some(),
    }
}

fn columns(found: &[Column]) -> Vec<(String, String)> {
    found.iter().map(|it| (it.name().to_owned(), it.r#type().unwrap_or_default().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_glue::types::StorageDescriptor;

    use super::*;

    #[test]
    fn a_table_is_read_with_what_its_crawler_says_of_it() {
        let column = |name: &str, kind: &str| Column::builder().name(name).r#type(kind).build().unwrap();
        let storage = StorageDescriptor::builder()
            .location("s3://lake/normal/shop/db/db.users/")
            .columns(column("id", "bigint"))
            .build();
        let found = Table::builder()
            .name("n_db_users")
            .storage_descriptor(storage)
            .partition_keys(column("datalake_run", "string"))
            .parameters(WRITTEN_BY, "shop-normal")
            .parameters(GONE, "1795316400000")
            .build()
            .unwrap();
        let read = table(&found, "n_");
        assert_eq!((read.name.as_str(), read.folder.as_str()), ("n_db_users", "db_users"));
        assert_eq!((read.crawler.as_deref(), read.is_deprecated), (Some("shop-normal"), true));
        assert_eq!(read.all_columns().collect::<Vec<_>>(), [("id", "bigint"), ("datalake_run", "string")]);
    }

    #[test]
    fn a_copy_of_a_table_that_the_bot_keeps_is_somebody_elses() {
        let kept = |name: &str| Table::builder().name(name).parameters(KEPT_FOR, "shop");
        let source = |found: Table| table(&found, "").source;
        let ours = Some("shop".to_owned());
        assert_eq!(source(kept("users").parameters(CALLED, "users").build().unwrap()), ours);
        assert_eq!(source(kept("users_2025").parameters(CALLED, "users").build().unwrap()), None);
        assert_eq!(source(kept("users").build().unwrap()), ours, "of a bot that did not say it yet");
    }

    #[test]
    fn a_table_of_which_glue_says_little_is_read_too() {
        let found = Table::builder().name("view").build().unwrap();
        let expected = CatalogTable { name: "view".into(), folder: "view".into(), ..CatalogTable::default() };
        assert_eq!(table(&found, ""), expected);
    }
}
