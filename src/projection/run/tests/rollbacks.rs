//! Runs that older data was gone back to, and gone back from.

use rstest::rstest;

use super::drawn;
use crate::{
    domain::{
        fact::Fact,
        failure::{Found, codes},
        rollback::RolledBack,
        stage::{Extent, StageId},
    },
    projection::{
        testing::story::{Story, begun},
        text::Locale,
    },
};

const NEWER: &str = "shop-202611230300-0a09292e-a1";

fn left(story: Story) -> Story {
    let to = "shop-202611210300-0a09292e-a1".parse().unwrap();
    let mark = RolledBack { to, by: "UZOE".into(), at: story.now, reason: None };
    story.then(1440, &Fact::RolledBack { mark })
}

fn stories() -> Vec<(&'static str, Story)> {
    let (is, was) = (Extent { objects: 12, bytes: 90 << 20 }, Extent { objects: 13, bytes: 95 << 20 });
    let (back, in_part) = (begun().end().back(NEWER), Found::InPart { is, was });
    vec![
        ("begun", begun().end().back(NEWER).begin()),
        ("asked", begun().end().back(NEWER).until(StageId::SensitiveApproval).ask()),
        ("done", begun().end().back(NEWER).end()),
        ("failed", begun().end().back(NEWER).until(StageId::NormalTransform).fail("JobNotFound", "")),
        ("in part", back.until(StageId::Latest).fail_for(codes::EXPORT_IN_PART, in_part)),
        ("undone", begun().end().back(NEWER).end().then(60, &Fact::RollbackUndone { by: "UANA".into() })),
        ("left", left(begun().end())),
        ("brought back", left(begun().end()).retry("UANA", Some(StageId::Latest))),
    ]
}

#[rstest]
fn a_rollback_is_told_where_people_look(#[values(Locale::En, Locale::Ja)] locale: Locale) {
    let told = ["root", "rollback:", "rolled_back:", "approval:", "alert", "end:"];
    let drawn: Vec<String> = told.iter().map(|it| format!("═ {it}\n{}", drawn(&stories(), locale, it))).collect();
    insta::with_settings!({ snapshot_suffix => locale.as_str(), omit_expression => true }, {
        insta::assert_snapshot!("rollbacks", drawn.join("\n"));
    });
}

#[test]
fn the_end_of_a_rollback_is_told_beside_the_first() {
    let ends = |story: &Story| {
        let wanted = super::draw(story, Locale::En);
        wanted.into_iter().filter(|it| it.key.0.starts_with("end:")).map(|it| it.key.0).collect::<Vec<_>>()
    };
    let first = begun().end();
    assert_eq!(
        (ends(&first), ends(&first.clone().back(NEWER).end())),
        (vec!["end:0".to_owned()], vec!["end:1".to_owned()])
    );
}
