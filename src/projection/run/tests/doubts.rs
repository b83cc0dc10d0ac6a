//! Runs of which a look has found what people must decide about.

use crate::{
    domain::{
        approval::{Subject, Verdict, Void},
        doubt::{Finding, FindingKind},
        fact::Fact,
        stage::{Detail, StageId},
    },
    projection::testing::story::{Story, begun},
};

fn finding(kind: FindingKind, column: Option<&str>, was: Option<&str>, is: Option<&str>) -> Finding {
    let text = |it: Option<&str>| it.map(str::to_owned);
    Finding { table: "learning.users".into(), column: text(column), kind, was: text(was), is: text(is) }
}

/// A finding of each kind, and more of one than a message lists.
fn findings() -> Vec<Finding> {
    let (column, is, was) = (Some("plan"), Some("bigint"), Some("int"));
    let one = |kind: &FindingKind| match kind {
        FindingKind::SkippedTable | FindingKind::GoneTable | FindingKind::NewTable => finding(*kind, None, None, None),
        FindingKind::FewerRows => finding(*kind, None, Some("41200"), Some("17")),
        FindingKind::GoneColumn
        | FindingKind::NewColumn
        | FindingKind::Retyped
        | FindingKind::Unclassified
        | FindingKind::Leaked => finding(*kind, column, was, is),
    };
    let each = FindingKind::ALL.iter().map(one);
    each.chain((0..60).map(|it| finding(FindingKind::NewColumn, Some(&format!("c{it:02}")), None, is))).collect()
}

pub(super) fn doubts() -> Vec<(&'static str, Story)> {
    let schema = || begun().until(StageId::Verify).doubt(Subject::Schema, &findings());
    let leak = [finding(FindingKind::Leaked, Some("email"), None, None)];
    let leak = || begun().until(StageId::NormalCatalog).doubt(Subject::Leak, &leak);
    let ready = Detail { tables: Some(12), switched_tables: Some(0), ..Detail::default() };
    let ahead = [finding(FindingKind::Leaked, Some("email"), None, None)];
    let ahead =
        || begun().until(StageId::NormalCatalog).begin().progress(1, ready.clone()).doubt(Subject::Leak, &ahead);
    let rows = [finding(FindingKind::FewerRows, None, Some("41200"), Some("17"))];
    let rows = || begun().until(StageId::NormalTransform).doubt(Subject::Rows, &rows);
    vec![
        ("schema", schema()),
        ("schema, accepted", schema().vote("UBEN", Verdict::Approve)),
        ("leak, one vote", leak().vote("UBEN", Verdict::Approve)),
        ("leak, denied", leak().vote("UBEN", Verdict::Deny)),
        ("leak, expired", leak().expire()),
        ("leak ahead", ahead()),
        ("leak ahead, denied", ahead().vote("UBEN", Verdict::Deny)),
        ("rows", rows()),
        (
            "rows, void",
            rows().then(1, &Fact::ApprovalVoided { subject: Subject::Rows, why: Void::Plan, by: Vec::new() }),
        ),
    ]
}
