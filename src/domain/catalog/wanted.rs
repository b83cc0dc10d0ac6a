//! The tables that a layer has when its catalog shows a run: as the job's report says, called as a crawler would call
//! them.

use std::collections::BTreeMap;

use super::CatalogTable;
use crate::domain::{
    classification::fold,
    failure::{Class, Failure, codes},
    leak::{RUN, crawled},
    report::{Report, Table},
    source::Location,
};

/// Returns the tables of `source` that show what `report` says of the files below `output`, sorted by name.
///
/// A crawler calls a table after its folder: `shop.users` becomes `shop_users`. Two databases may have the same folder;
/// then the tables of both have the name of their database in front.
///
/// # Errors
/// `ReportUnreadable`: the report says nothing of the columns of a table. `TableNamesClash`: two tables have one name, even
/// with their databases.
pub fn wanted(report: &Report, source: &str, output: &Location) -> Result<Vec<CatalogTable>, Failure> {
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    for table in &report.tables {
        *folders.entry(called(&table.table)).or_default() += 1;
    }
    let mut wanted = BTreeMap::new();
    for table in &report.tables {
        let short = called(&table.table);
        let is_alone = folders.get(&short) == Some(&1);
        let name = if is_alone { short } else { called(&format!("{}.{}", table.database, table.table)) };
        if table.columns.is_empty() {
            let message = format!("the report says nothing of the columns of {name}");
            return Err(Failure::new(Class::Data, codes::REPORT_UNREADABLE, message));
        }
        let folder = format!("{}/{}/{RUN}={}", table.database, table.table, report.datalake_run);
        let made = CatalogTable {
            name: name.clone(),
            folder: name.clone(),
            location: output.below(&folder).url(),
            columns: columns(table),
            source: Some(source.to_owned()),
            run: Some(report.datalake_run.clone()),
            ..CatalogTable::default()
        };
        if wanted.insert(name, made).is_some() {
            let message = format!("two tables of the layer would be called {}", called(&table.table));
            return Err(Failure::new(Class::Data, codes::TABLE_NAMES_CLASH, message));
        }
    }
    Ok(wanted.into_values().collect())
}

/// Returns what a crawler makes of a folder's name.
fn called(folder: &str) -> String {
    crawled(&fold(folder))
}

/// Returns names and types as the catalog has them: names in small letters.
fn columns(table: &Table) -> Vec<(String, String)> {
    table.columns.iter().map(|it| (fold(&it.name), it.kind.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::report::Column;

    fn report(tables: &[(&str, &str)]) -> Report {
        let column = |name: &str, kind: &str| Column { name: name.into(), kind: kind.into() };
        let table = |(database, table): &(&str, &str)| Table {
            database: (*database).into(),
            table: (*table).into(),
            rows: 0,
            columns: vec![column("Id", "bigint"), column("name", "string")],
        };
        Report {
            datalake_run: "shop-1-a1".into(),
            layer: "normal".into(),
            classification: "c1a55".into(),
            tables: tables.iter().map(table).collect(),
        }
    }

    fn output() -> Location {
        Location { bucket: "lake".into(), prefix: "normal/shop/shop-1-a1".into() }
    }

    fn named(tables: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let wanted = wanted(&report(tables), "shop", &output()).map_err(|it| it.code)?;
        Ok(wanted.into_iter().map(|it| it.name).collect())
    }

    #[test]
    fn a_table_is_called_as_a_crawler_calls_it_and_points_at_the_run() {
        let tables = wanted(&report(&[("shop", "shop.Order-Lines")]), "shop", &output()).unwrap();
        let [table] = &tables[..] else { panic!("{tables:?}") };
        assert_eq!(table.name, "shop_order_lines");
        let place = "s3://lake/normal/shop/shop-1-a1/shop/shop.Order-Lines/datalake_run=shop-1-a1/";
        assert_eq!(table.location, place);
        assert_eq!(table.all_columns().collect::<Vec<_>>(), [("id", "bigint"), ("name", "string")]);
        assert_eq!((table.source.as_deref(), table.run.as_deref()), (Some("shop"), Some("shop-1-a1")));
    }

    #[test]
    fn tables_of_one_name_are_told_apart_by_their_databases() {
        let tables = [("app", "public.users"), ("crm", "public.users"), ("app", "public.logins")];
        let names = ["app_public_users", "crm_public_users", "public_logins"];
        assert_eq!(named(&tables), Ok(names.map(str::to_owned).to_vec()));
        let clash = [("x", "y.c"), ("z", "y.c"), ("q", "x.y.c")];
        assert_eq!(named(&clash), Err(codes::TABLE_NAMES_CLASH.to_owned()));
    }

    #[test]
    fn a_table_without_columns_cannot_be_shown() {
        let mut report = report(&[("shop", "shop.users")]);
        report.tables[0].columns.clear();
        assert_eq!(wanted(&report, "shop", &output()).unwrap_err().code, codes::REPORT_UNREADABLE);
        assert_eq!(named(&[]), Ok(Vec::new()));
    }
}
