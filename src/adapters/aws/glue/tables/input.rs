//! A table as Glue is told to have it.

use std::collections::HashMap;

use aws_sdk_glue::types::{Column, SerDeInfo, StorageDescriptor, Table, TableInput};

use super::super::catalog::{CALLED, KEPT_FOR, TURNED_TO};
use crate::domain::{
    catalog::CatalogTable,
    failure::{Class, Failure},
};

/// How Hive's readers are told of Parquet
/// ([StorageDescriptor](https://docs.aws.amazon.com/glue/latest/webapi/API_StorageDescriptor.html)).
const INPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
const OUTPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";
const SERDE: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";

/// Returns what makes `found` into `wanted`, or a table anew. What people have added stays: the table's description, the
/// comments of columns, parameters of their own.
pub(super) fn of(wanted: &CatalogTable, found: Option<&Table>) -> Result<TableInput, Failure> {
    let serde = SerDeInfo::builder().serialization_library(SERDE).parameters("serialization.format", "1").build();
    let storage = StorageDescriptor::builder()
        .set_columns(Some(columns(wanted, found)?))
        .location(&wanted.location)
        .input_format(INPUT_FORMAT)
        .output_format(OUTPUT_FORMAT)
        .serde_info(serde)
        .build();
    let mut parameters: HashMap<String, String> = found.and_then(Table::parameters).cloned().unwrap_or_default();
    let ours = [("classification", Some("parquet")), ("EXTERNAL", Some("TRUE")), (CALLED, Some(wanted.name.as_str()))];
    let ours = ours.into_iter().chain([(KEPT_FOR, wanted.source.as_deref()), (TURNED_TO, wanted.run.as_deref())]);
    parameters.extend(ours.filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))));
    TableInput::builder()
        .name(&wanted.name)
        .set_description(found.and_then(Table::description).map(str::to_owned))
        .set_owner(found.and_then(Table::owner).map(str::to_owned))
        .storage_descriptor(storage)
        // Athena wants to be told that there are none.
        .set_partition_keys(Some(Vec::new()))
        .table_type("EXTERNAL_TABLE")
        .set_parameters(Some(parameters))
        .build()
        .map_err(|it| invalid(&it))
}

fn columns(wanted: &CatalogTable, found: Option<&Table>) -> Result<Vec<Column>, Failure> {
    let known = found.and_then(Table::storage_descriptor).map(StorageDescriptor::columns).unwrap_or_default();
    let comment = |name: &str| known.iter().find(|it| it.name() == name)?.comment().map(str::to_owned);
    let column = |(name, kind): &(String, String)| {
        Column::builder().name(name).r#type(kind).set_comment(comment(name)).build().map_err(|it| invalid(&it))
    };
    wanted.columns.iter().map(column).collect()
}

fn invalid(error: &aws_sdk_glue::error::BuildError) -> Failure {
    Failure::new(Class::Data, "InvalidRequest", error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> CatalogTable {
        CatalogTable {
            name: "shop_users".to_owned(),
            location: "s3://lake/normal/shop/two/".to_owned(),
            columns: vec![("id".to_owned(), "bigint".to_owned()), ("email".to_owned(), "string".to_owned())],
            source: Some("shop".to_owned()),
            run: Some("two".to_owned()),
            ..CatalogTable::default()
        }
    }

    #[test]
    fn a_table_is_parquet_without_partitions_and_says_whose_it_is() {
        let input = of(&wanted(), None).unwrap();
        assert_eq!((input.name(), input.table_type()), ("shop_users", Some("EXTERNAL_TABLE")));
        assert_eq!(input.partition_keys.as_deref(), Some(&[][..]));
        let parameters = input.parameters().unwrap();
        let said = [
            ("classification", "parquet"),
            ("datalake_source", "shop"),
            ("datalake_run", "two"),
            ("datalake_table", "shop_users"),
        ];
        assert!(said.iter().all(|(name, value)| parameters[*name] == *value), "{parameters:?}");
        let storage = input.storage_descriptor().unwrap();
        assert_eq!(storage.location(), Some("s3://lake/normal/shop/two/"));
        assert_eq!(storage.serde_info().unwrap().serialization_library(), Some(SERDE));
    }

    #[test]
    fn what_people_have_added_stays() {
        let column = Column::builder().name("email").r#type("bigint").comment("of the person").build().unwrap();
        let found = Table::builder()
            .name("shop_users")
            .description("Everybody who buys")
            .storage_descriptor(StorageDescriptor::builder().location("s3://old/").columns(column).build())
            .parameters("team", "identity")
            .parameters("datalake_run", "one")
            .build()
            .unwrap();
        let input = of(&wanted(), Some(&found)).unwrap();
        assert_eq!(input.description(), Some("Everybody who buys"));
        let parameters = input.parameters().unwrap();
        assert_eq!((parameters["team"].as_str(), parameters["datalake_run"].as_str()), ("identity", "two"));
        let columns = input.storage_descriptor().unwrap().columns();
        let read: Vec<_> = columns.iter().map(|it| (it.name(), it.r#type(), it.comment())).collect();
        assert_eq!(read, [("id", Some("bigint"), None), ("email", Some("string"), Some("of the person"))]);
    }
}
