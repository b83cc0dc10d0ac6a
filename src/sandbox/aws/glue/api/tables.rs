//! `GetDatabase`, and the calls that read and change tables.

use serde_json::{Value, json};

use super::{Glue, invalid, not_found, page, required};
use crate::{
    clock::Clock as _,
    sandbox::aws::{ACCOUNT, glue::State, refusal::Refusal},
};

/// The members of a `TableInput`: whatever else there is, Glue refuses
/// ([TableInput](https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html)).
const MEMBERS: [&str; 14] = [
    "Description",
    "LastAccessTime",
    "LastAnalyzedTime",
    "Name",
    "Owner",
    "Parameters",
    "PartitionKeys",
    "Retention",
    "StorageDescriptor",
    "TableType",
    "TargetTable",
    "ViewDefinition",
    "ViewExpandedText",
    "ViewOriginalText",
];

/// Describes a database.
///
/// # Errors
/// `EntityNotFoundException`.
pub(super) fn get_database(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let name = required(params, "Name")?;
    glue.state().catalog.database(name)?;
    Ok(json!({ "Database": { "Name": name, "CatalogId": ACCOUNT } }))
}

/// Describes a table.
///
/// # Errors
/// `EntityNotFoundException`.
pub(super) fn get(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let (database, name) = (required(params, "DatabaseName")?, required(params, "Name")?);
    let state = glue.state();
    let table = state.catalog.database(database)?.get(name);
    let table = table.ok_or_else(|| not_found(format!("Entity Not Found: table {name}")))?;
    Ok(json!({ "Table": table.describe(database, name) }))
}

/// Describes the tables of a database, a page of them.
///
/// # Errors
/// `EntityNotFoundException`.
pub(super) fn list(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let database = required(params, "DatabaseName")?;
    let state = glue.state();
    let tables = state.catalog.database(database)?.iter().map(|(name, table)| table.describe(database, name));
    page("TableList", tables.collect(), params, 100)
}

/// Creates a table.
///
/// # Errors
/// `EntityNotFoundException`, `AlreadyExistsException`, `InvalidInputException`.
pub(super) fn create(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let database = required(params, "DatabaseName")?;
    let (name, input) = input(params)?;
    let now = glue.world.clock.now();
    let State { catalog, .. } = &mut *glue.state();
    catalog.create(database, &name, input, now)?;
    Ok(json!({}))
}

/// Makes a table something else as a whole: what the input does not have is gone.
///
/// # Errors
/// `EntityNotFoundException`, `ConcurrentModificationException`, `InvalidInputException`.
pub(super) fn update(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let database = required(params, "DatabaseName")?;
    let (name, input) = input(params)?;
    let now = glue.world.clock.now();
    let State { catalog, .. } = &mut *glue.state();
    catalog.replace(database, &name, (input, params["VersionId"].as_str()), now)?;
    Ok(json!({}))
}

/// Deletes a table.
///
/// # Errors
/// `EntityNotFoundException`.
pub(super) fn delete(glue: &Glue, params: &Value) -> Result<Value, Refusal> {
    let (database, name) = (required(params, "DatabaseName")?, required(params, "Name")?);
    let State { catalog, .. } = &mut *glue.state();
    catalog.delete(database, &name.to_lowercase())?;
    Ok(json!({}))
}

/// Returns the table that is handed over, and its name, which Glue keeps in small letters.
fn input(params: &Value) -> Result<(String, Value), Refusal> {
    let input = &params["TableInput"];
    let members = input.as_object().ok_or_else(|| invalid("TableInput must not be empty".to_owned()))?;
    if let Some(unknown) = members.keys().find(|it| !MEMBERS.contains(&it.as_str())) {
        return Err(invalid(format!("Unknown member {unknown} of TableInput")));
    }
    let name = required(input, "Name")?.to_lowercase();
    if name.len() > 255 {
        return Err(invalid("Name must be at most 255 characters long".to_owned()));
    }
    let columns = input["StorageDescriptor"]["Columns"].as_array().into_iter().flatten();
    for column in columns.chain(input["PartitionKeys"].as_array().into_iter().flatten()) {
        required(column, "Name")?;
    }
    Ok((name, input.clone()))
}
