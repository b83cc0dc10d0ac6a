//! What was found, one line for each finding.

use crate::{
    domain::{
        approval::Approval,
        doubt::{Finding, FindingKind},
    },
    projection::text::{Mrkdwn, Voice, values},
};

/// Lines that a message has at the most; the rest is counted.
const LINES: usize = 12;

/// Returns what was found that people decide about with `approval`, with `headline` above it; empty if there is nothing.
pub fn list(voice: Voice<'_>, approval: &Approval) -> Mrkdwn {
    if approval.findings.is_empty() {
        return Mrkdwn::default();
    }
    let headline = voice.text(&format!("finding.headline.{}", approval.subject.as_str()));
    let lines = approval.findings.iter().take(LINES).map(|it| line(voice, it));
    let rest = approval.findings.len().saturating_sub(LINES) + approval.more as usize;
    let rest = (rest > 0).then(|| voice.say("finding.more", values! { n => rest }));
    Mrkdwn::lines([headline].into_iter().chain(lines).chain(rest))
}

fn line(voice: Voice<'_>, finding: &Finding) -> Mrkdwn {
    let Finding { table, column, kind, was, is } = finding;
    let rows = *kind == FindingKind::FewerRows;
    let number = |text: &Option<String>| text.as_ref().and_then(|it| it.parse::<u64>().ok());
    let (fell_from, fell_to) = if rows { (number(was), number(is)) } else { (None, None) };
    voice.say(&format!("finding.{}", kind.as_str()), values! { table, column, was, is, fell_from, fell_to })
}
