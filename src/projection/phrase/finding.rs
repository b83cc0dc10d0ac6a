//! What was found, one line for each finding.

use crate::{
    domain::{
        approval::Approval,
        doubt::{Finding, FindingKind},
        inspection::Inspection,
    },
    projection::text::{Mrkdwn, Voice, values},
};

/// Lines that a message has at the most; the rest is counted.
const LINES: usize = 12;

/// Returns what was found that people decide about with `approval`, with `headline` above it; empty if there is nothing.
pub fn list(voice: Voice<'_>, approval: &Approval) -> Mrkdwn {
    let headline = voice.text(&format!("finding.headline.{}", approval.subject.as_str()));
    lines(voice, headline, &approval.findings, approval.findings.len() + approval.more as usize)
}

/// Returns what was found of the export, with what it was compared with above it; empty if there is nothing.
pub fn found(voice: Voice<'_>, inspection: &Inspection) -> Mrkdwn {
    let against = inspection.against.as_ref().map(|it| it.as_str());
    let headline = voice.say("finding.headline.verify", values! { against });
    let all: u32 = inspection.counts.iter().map(|it| it.count).sum();
    lines(voice, headline, &inspection.findings, all as usize)
}

/// Returns the first of the findings below `headline`, with how many more there are of `all`.
pub fn lines(voice: Voice<'_>, headline: Mrkdwn, findings: &[Finding], all: usize) -> Mrkdwn {
    if findings.is_empty() {
        return Mrkdwn::default();
    }
    let shown = findings.len().min(LINES);
    let more = (all > shown).then(|| voice.say("finding.more", values! { n => all - shown }));
    Mrkdwn::lines([headline].into_iter().chain(findings[..shown].iter().map(|it| line(voice, it))).chain(more))
}

/// Returns one finding in one line.
pub fn line(voice: Voice<'_>, finding: &Finding) -> Mrkdwn {
    let Finding { table, column, kind, was, is } = finding;
    let rows = *kind == FindingKind::FewerRows;
    let number = |text: &Option<String>| text.as_ref().and_then(|it| it.parse::<u64>().ok());
    let (fell_from, fell_to) = if rows { (number(was), number(is)) } else { (None, None) };
    voice.say(&format!("finding.{}", kind.as_str()), values! { table, column, was, is, fell_from, fell_to })
}
