//! The two tables: their keys, indexes, and how the items of the state table are named.

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType, TimeToLiveSpecification,
    },
};
use serde_json::{Value, json};

use crate::domain::notice::NoticeId;

pub(super) const EXPORT_TASK: &str = "export_task";
pub(super) const SOURCE: &str = "source";
pub(super) const PK: &str = "pk";
/// Present only while a run, a request or a notice is open, and on a Home: the index over it holds nothing else.
pub(super) const OPEN: &str = "open";
pub(super) const IS_OPEN: &str = "1";
/// What the attribute says instead of attempts that were refused: they are found by the same index.
pub(super) const IS_REFUSED: &str = "refused";
/// In the place of [`IS_OPEN`]: somebody's Home.
pub(super) const IS_HOME: &str = "home";
/// When a request, or what a notice is about, came to be known; when a Home was last opened.
pub(super) const RECEIVED_AT: &str = "received_at";
/// When DynamoDB may delete an item of the state table, in Unix seconds.
pub const EXPIRES_AT: &str = "expires_at";

pub(super) const BY_SOURCE: &str = "by_source";
pub(super) const OPEN_RUNS: &str = "open_runs";
pub(super) const OPEN_REQUESTS: &str = "open_requests";

pub(super) const REQUEST: &str = "REQUEST#";
const NOTICE: &str = "NOTICE#";
const HOME: &str = "HOME#";
pub(super) const AUDIT: &str = "AUDIT#";

/// Where the chain of the log ends that belongs to no run. Its key is not like those of the entries, which the policy
/// forbids to change.
pub(super) const DOOR_HEAD: &str = "HEAD#door";

pub(super) fn request_key(id: &str) -> String {
    format!("{REQUEST}{id}")
}

pub(super) fn request_id(pk: &str) -> Option<&str> {
    pk.strip_prefix(REQUEST)
}

pub(super) fn notice_key(id: &NoticeId) -> String {
    format!("{NOTICE}{id}")
}

pub(super) fn notice_id(pk: &str) -> Option<NoticeId> {
    pk.strip_prefix(NOTICE).map(|it| NoticeId(it.to_owned()))
}

pub(super) fn event_key(id: &str) -> String {
    format!("EVENT#{id}")
}

pub(super) fn refused_key(id: &str) -> String {
    format!("REFUSAL#{id}")
}

pub(super) fn home_key(user: &str) -> String {
    format!("{HOME}{user}")
}

pub(super) fn reader(pk: &str) -> Option<&str> {
    pk.strip_prefix(HOME)
}

/// Returns the key of entry `seq` of a chain: keys sort as the places do.
pub(super) fn entry_key(chain: &str, seq: u64) -> String {
    format!("{AUDIT}{chain}#{seq:010}")
}

/// Returns the chain and the place that a key of an entry says.
pub(super) fn entry_place(pk: &str) -> Option<(&str, u64)> {
    let (chain, seq) = pk.strip_prefix(AUDIT)?.rsplit_once('#')?;
    Some((chain, seq.parse().ok()?))
}

pub(super) fn thread_key(of: &str) -> String {
    format!("THREAD#{of}")
}

pub(super) fn turn_key(source: &str) -> String {
    format!("TURN#{source}")
}

pub(super) fn pace_key(lane: &str) -> String {
    format!("PACE#{lane}")
}

pub(super) fn blocks_key(team: &str) -> String {
    format!("BLOCKS#{team}")
}

pub(super) fn cleaning_key(source: &str) -> String {
    format!("CLEAN#{source}")
}

pub(super) fn watch_key(source: &str) -> String {
    format!("WATCH#{source}")
}

/// A table as it must be.
#[derive(Clone, Debug)]
pub struct Table {
    name: String,
    key: &'static str,
    /// Attributes of keys that are not the table's own, all of them strings.
    attributes: &'static [&'static str],
    indexes: &'static [Index],
    ttl: bool,
}

#[derive(Clone, Copy, Debug)]
struct Index {
    name: &'static str,
    partition: &'static str,
    sort: &'static str,
    /// `None`: whole items.
    includes: Option<&'static [&'static str]>,
}

/// Returns the tables that the bot needs, under the configured names.
pub fn tables(runs: &str, state: &str) -> [Table; 2] {
    [
        Table {
            name: runs.to_owned(),
            key: EXPORT_TASK,
            attributes: &[SOURCE, "created_at", OPEN],
            indexes: &[
                Index { name: BY_SOURCE, partition: SOURCE, sort: "created_at", includes: None },
                Index { name: OPEN_RUNS, partition: OPEN, sort: "created_at", includes: Some(&[SOURCE, "source_arn"]) },
            ],
            ttl: false,
        },
        Table {
            name: state.to_owned(),
            key: PK,
            attributes: &[OPEN, RECEIVED_AT],
            indexes: &[Index { name: OPEN_REQUESTS, partition: OPEN, sort: RECEIVED_AT, includes: Some(&["id"]) }],
            ttl: true,
        },
    ]
}

impl Table {
    /// Returns the input of `CreateTable`.
    pub fn create_input(&self) -> Value {
        let attribute = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
        let hash = |name: &str| json!({"AttributeName": name, "KeyType": "HASH"});
        let range = |name: &str| json!({"AttributeName": name, "KeyType": "RANGE"});
        json!({
            "TableName": self.name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": self.key_attributes().map(attribute).collect::<Vec<_>>(),
            "KeySchema": [hash(self.key)],
            "GlobalSecondaryIndexes": self.indexes.iter().map(|it| json!({
                "IndexName": it.name,
                "KeySchema": [hash(it.partition), range(it.sort)],
                "Projection": match it.includes {
                    None => json!({"ProjectionType": "ALL"}),
                    Some(names) => json!({"ProjectionType": "INCLUDE", "NonKeyAttributes": names}),
                },
            })).collect::<Vec<_>>(),
        })
    }

    /// Creates the table if there is none of its name, and waits until it can be used. Returns whether it was missing.
    ///
    /// # Errors
    /// DynamoDB refuses.
    pub async fn create(&self, client: &Client) -> anyhow::Result<bool> {
        let create = client.create_table().table_name(&self.name).billing_mode(BillingMode::PayPerRequest);
        let create = create
            .set_attribute_definitions(Some(self.key_attributes().map(definition).collect::<Result<_, _>>()?))
            .set_key_schema(Some(vec![element(self.key, KeyType::Hash)?]))
            .set_global_secondary_indexes(Some(self.indexes.iter().map(index).collect::<Result<_, _>>()?));
        match create.send().await {
            Ok(_) => {}
            Err(error) if error.as_service_error().is_some_and(|it| it.is_resource_in_use_exception()) => {
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        wait_until_active(client, &self.name).await?;
        if self.ttl {
            let ttl = TimeToLiveSpecification::builder().attribute_name(EXPIRES_AT).enabled(true).build()?;
            client.update_time_to_live().table_name(&self.name).time_to_live_specification(ttl).send().await?;
        }
        Ok(true)
    }

    /// Returns the table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn key_attributes(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.key).chain(self.attributes.iter().copied())
    }
}

async fn wait_until_active(client: &Client, table: &str) -> anyhow::Result<()> {
    use aws_sdk_dynamodb::client::Waiters as _;
    client.wait_until_table_exists().table_name(table).wait(std::time::Duration::from_secs(60)).await?;
    Ok(())
}

type BuildResult<T> = Result<T, aws_sdk_dynamodb::error::BuildError>;

fn definition(name: &str) -> BuildResult<AttributeDefinition> {
    AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
}

fn element(name: &str, kind: KeyType) -> BuildResult<KeySchemaElement> {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
}

fn index(index: &Index) -> BuildResult<GlobalSecondaryIndex> {
    let kind = if index.includes.is_some() { ProjectionType::Include } else { ProjectionType::All };
    let names = index.includes.map(|it| it.iter().map(|name| (*name).to_owned()).collect());
    let projection = Projection::builder().projection_type(kind).set_non_key_attributes(names).build();
    GlobalSecondaryIndex::builder()
        .index_name(index.name)
        .key_schema(element(index.partition, KeyType::Hash)?)
        .key_schema(element(index.sort, KeyType::Range)?)
        .projection(projection)
        .build()
}
