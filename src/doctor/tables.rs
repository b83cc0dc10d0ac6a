//! The two tables: there, with the keys and indexes that `tables` prints.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    Client,
    types::{KeySchemaElement, PointInTimeRecoveryStatus, TableDescription, TableStatus, TimeToLiveStatus},
};
use serde_json::Value;

use super::{
    Verdict,
    probe::Probe,
    trouble::{Need, Trouble},
};
use crate::{
    adapters::store::tables::{Table, tables},
    config::Aws,
};

const CREATE: &str =
    "Make it as `datalake-bot tables` prints it (deploy/terraform/tables.tf), or mend the name in [aws].";

/// Keys by the index's name; the table's own under no name. A key is written `open HASH, created_at RANGE`.
type Keys = BTreeMap<String, String>;

pub(super) fn probes<'a>(dynamo: &'a Client, aws: &'a Aws) -> Vec<Probe<'a>> {
    let [runs, state] = tables(&aws.runs_table, &aws.state_table);
    let names = [aws.runs_table.as_str(), aws.state_table.as_str()];
    let described = [runs, state].into_iter().map(|table| {
        let name = table.name().to_owned();
        Probe::new("table", name, Need::Doctors, async move { look(dynamo, &table).await })
    });
    let kept = names.map(|it| Probe::new("backups of table", it, Need::Doctors, backups(dynamo, it)));
    let state = &aws.state_table;
    let ends = Probe::new("time to live of table", state, Need::Doctors, time_to_live(dynamo, state));
    described.chain([ends]).chain(kept).collect()
}

async fn look(dynamo: &Client, table: &Table) -> Verdict {
    match dynamo.describe_table().table_name(table.name()).send().await.map_err(Trouble::from) {
        Ok(found) => match found.table() {
            Some(found) => judge(found, table),
            None => Verdict::not_checked("DynamoDB shows nothing of it"),
        },
        Err(trouble) if trouble.is("ResourceNotFound") => {
            Verdict::failed("there is no such table in this Region", CREATE)
        }
        // The bot needs the table, though not this call: what does not answer at all will not answer it either.
        Err(trouble @ Trouble::Unanswered(_)) => trouble.verdict(Need::Bots, "dynamodb:DescribeTable"),
        Err(trouble) => trouble.verdict(Need::Doctors, "dynamodb:DescribeTable"),
    }
}

fn judge(found: &TableDescription, table: &Table) -> Verdict {
    if let Some(status) = found.table_status().filter(|it| !matches!(it, TableStatus::Active | TableStatus::Updating)) {
        return Verdict::failed(format!("is in the state {}", status.as_str()), "Wait until the table is ACTIVE.");
    }
    let (wanted, there) = (wanted(&table.create_input()), there(found));
    let wrong: Vec<String> = wanted
        .iter()
        .filter_map(|(name, key)| {
            let part = if name.is_empty() { "its key".to_owned() } else { format!("the index {name}") };
            match there.get(name) {
                None => Some(format!("{part} is missing ({key})")),
                Some(other) if other != key => Some(format!("{part} is {other}, not {key}")),
                Some(_) => None,
            }
        })
        .collect();
    if wrong.is_empty() {
        return Verdict::ok("active, with its key and indexes");
    }
    Verdict::failed(
        wrong.join("; "),
        "A key cannot be changed: make the table anew. A missing index can be added. See `datalake-bot tables`.",
    )
}

/// Returns the keys of the input of `CreateTable`.
fn wanted(input: &Value) -> Keys {
    let key = |schema: &Value| {
        let parts = schema.as_array().into_iter().flatten();
        let text = |part: &Value, key: &str| part[key].as_str().unwrap_or_default().to_owned();
        parts.map(|it| format!("{} {}", text(it, "AttributeName"), text(it, "KeyType"))).collect::<Vec<_>>().join(", ")
    };
    let indexes = input["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
    let indexes = indexes.map(|it| (it["IndexName"].as_str().unwrap_or_default().to_owned(), key(&it["KeySchema"])));
    std::iter::once((String::new(), key(&input["KeySchema"]))).chain(indexes).collect()
}

fn there(found: &TableDescription) -> Keys {
    let key = |schema: &[KeySchemaElement]| {
        let parts = schema.iter().map(|it| format!("{} {}", it.attribute_name(), it.key_type().as_str()));
        parts.collect::<Vec<_>>().join(", ")
    };
    let indexes = found.global_secondary_indexes().iter();
    let indexes = indexes.map(|it| (it.index_name().unwrap_or_default().to_owned(), key(it.key_schema())));
    std::iter::once((String::new(), key(found.key_schema()))).chain(indexes).collect()
}

async fn time_to_live(dynamo: &Client, table: &str) -> Verdict {
    match dynamo.describe_time_to_live().table_name(table).send().await.map_err(Trouble::from) {
        Ok(found) => {
            let described = found.time_to_live_description();
            let on = [TimeToLiveStatus::Enabled, TimeToLiveStatus::Enabling];
            let attribute = described.filter(|it| it.time_to_live_status().is_some_and(|it| on.contains(it)));
            match attribute.and_then(|it| it.attribute_name()) {
                Some(EXPIRES_AT) => Verdict::ok("old requests go by themselves"),
                Some(other) => Verdict::hint(format!("is by the attribute {other}"), LET_GO),
                None => Verdict::hint("is off: old requests and notices stay for good", LET_GO),
            }
        }
        Err(trouble) => trouble.verdict(Need::Doctors, "dynamodb:DescribeTimeToLive"),
    }
}

const EXPIRES_AT: &str = crate::adapters::store::tables::EXPIRES_AT;
const LET_GO: &str = "Turn the table's time to live on, by the attribute expires_at.";

async fn backups(dynamo: &Client, table: &str) -> Verdict {
    match dynamo.describe_continuous_backups().table_name(table).send().await.map_err(Trouble::from) {
        Ok(found) => {
            let described = found.continuous_backups_description();
            let status = described.and_then(|it| it.point_in_time_recovery_description());
            if status.and_then(|it| it.point_in_time_recovery_status()) == Some(&PointInTimeRecoveryStatus::Enabled) {
                return Verdict::ok("can be brought back to any second");
            }
            Verdict::hint("there are none: what is lost there is lost", "Turn point-in-time recovery on.")
        }
        Err(trouble) => trouble.verdict(Need::Doctors, "dynamodb:DescribeContinuousBackups"),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::KeyType;

    use super::*;

    fn element(name: &str, kind: KeyType) -> KeySchemaElement {
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
    }

    #[test]
    fn other_keys_and_missing_indexes_are_named() {
        let [runs, _] = tables("runs", "state");
        let keys = wanted(&runs.create_input());
        assert_eq!(keys[""], "export_task HASH");
        assert_eq!(keys["by_source"], "source HASH, created_at RANGE");
        let found = TableDescription::builder().key_schema(element("pk", KeyType::Hash)).build();
        let Verdict::Failed { what, .. } = judge(&found, &runs) else { panic!("the key is wrong") };
        assert!(what.contains("its key is pk HASH, not export_task HASH"), "{what}");
        assert!(what.contains("the index open_runs is missing"), "{what}");
    }
}
