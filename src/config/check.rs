//! From the text of the file to a [`Config`], or to all of its mistakes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use toml::de::DeTable;

use super::{
    Aws, Config, EngineConfig, Server, Slack,
    reader::{Mistake, Report, Section},
};
use crate::domain::{
    access::{Access, Lists, Who},
    forecast::Prices,
};

mod layers;
mod people;
mod places;
mod policy;
mod retention;
mod shapes;
mod sources;

use sources::Shared;

/// What is wrong with an empty list of operators.
const NOBODY: &str = "names nobody: no run could be started from Slack";

/// Reads `text`; files that it names are looked for in `folder`.
pub(crate) fn check(text: &str, folder: &Path) -> Result<Config, Vec<Mistake>> {
    let report = Report::new(text);
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            report.add(error.span().map_or(0, |it| it.start), "", error.message());
            return Err(report.into_parts().0);
        }
    };
    let config = {
        let root = Section::root(&report, document.get_ref());
        let aws = aws(&root.section("aws", true));
        let (general, break_glass) = general(&root.section("access", true));
        let shared = Shared { people: people::people(&root), break_glass };
        let (sources, own) = sources::sources(&root, folder, &general, &shared, &aws.region);
        let config = Config {
            server: server(&root.section("server", false)),
            slack: slack(&root.section("slack", true)),
            engine: engine(&root.section("engine", false)),
            aws,
            access: Access { general, sources: own },
            prices: prices(&root.section("prices", false)),
            sources,
            notices: Vec::new(),
        };
        root.finish();
        config
    };
    let (mistakes, notices) = report.into_parts();
    if mistakes.is_empty() { Ok(Config { notices, ..config }) } else { Err(mistakes) }
}

fn server(section: &Section<'_>) -> Server {
    let address = |key, ip: Ipv4Addr, port| {
        let must = "must be an address and a port, such as \"0.0.0.0:8080\"";
        section.parsed(key, SocketAddr::from((ip, port)), must)
    };
    let server = Server {
        listen: address("listen", Ipv4Addr::UNSPECIFIED, 8080),
        admin_listen: address("admin_listen", Ipv4Addr::LOCALHOST, 9090),
    };
    if server.listen == server.admin_listen && server.listen.port() != 0 {
        section.wrong("admin_listen", "must not be the address of `listen`: metrics are not for the public");
    }
    section.finish();
    server
}

fn slack(section: &Section<'_>) -> Slack {
    let slack = Slack {
        team_id: id(section, "team_id", "TE", "a team (T…)"),
        channel: id(section, "channel", "CG", "a channel (C…)"),
        alerts_channel: id(section, "alerts_channel", "CG", "a channel (C…)"),
        locale: section.choice("locale", &[("en", "en"), ("ja", "ja")], false).to_owned(),
        board: section.flag("board"),
        sensitive_names_in: section.list("sensitive_names_in"),
    };
    if slack.sensitive_names_in.iter().any(|it| !is_id(it, "CG")) {
        section.wrong("sensitive_names_in", "must hold ids of channels (C…)");
    }
    section.finish();
    slack
}

/// Reads the id of something in Slack; names are not taken, for they change.
fn id(section: &Section<'_>, key: &'static str, initials: &str, what: &str) -> String {
    let text = section.text(key);
    if !text.is_empty() && !is_id(&text, initials) {
        section.wrong(key, format!("must be the id of {what}"));
    }
    text
}

fn is_id(text: &str, initials: &str) -> bool {
    text.starts_with(|it| initials.contains(it))
        && text.len() > 1
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn aws(section: &Section<'_>) -> Aws {
    let region = shapes::region(section);
    let aws = Aws {
        runs_table: shapes::table(section, "runs_table"),
        state_table: shapes::table(section, "state_table"),
        queue_url: shapes::queue_url(section, &region),
        region,
        sns_topics: section.list("sns_topics"),
    };
    if !aws.runs_table.is_empty() && aws.runs_table == aws.state_table {
        section.wrong("state_table", "must be another table than `runs_table`");
    }
    section.finish();
    aws
}

fn engine(section: &Section<'_>) -> EngineConfig {
    let reconcile_every = shapes::duration(section, "reconcile_every").unwrap_or(Duration::from_secs(60));
    let engine = EngineConfig {
        reconcile_every,
        lease: shapes::duration(section, "lease").unwrap_or(Duration::from_secs(30)),
        poll_every: shapes::duration(section, "poll_every").unwrap_or(Duration::from_secs(15)).min(reconcile_every),
    };
    section.finish();
    engine
}

/// Returns the general lists, and who may break the glass: nobody, unless it says.
fn general(section: &Section<'_>) -> (Lists, Vec<Who>) {
    let lists = Lists { viewers: section.list("viewers"), operators: section.list("operators") };
    if lists.operators.is_empty() && section.is_there() {
        section.wrong("operators", NOBODY);
    }
    let break_glass: Vec<Who> = section.list("break_glass");
    if break_glass.iter().any(|it| matches!(it, Who::Channel(_) | Who::AnyMember)) {
        section.wrong("break_glass", "must name people or user groups: not everybody, and no channel");
    }
    section.finish();
    (lists, break_glass)
}

/// Without the section no cost is shown: prices differ between Regions and contracts, and none is assumed.
fn prices(section: &Section<'_>) -> Option<Prices> {
    if !section.is_there() {
        return None;
    }
    let prices = Prices {
        currency: section.text("currency"),
        export_per_gb: section.amount("export_per_gb"),
        glue_dpu_hour: section.amount("glue_dpu_hour"),
    };
    let is_code = prices.currency.len() == 3 && prices.currency.bytes().all(|b| b.is_ascii_uppercase());
    if !prices.currency.is_empty() && !is_code {
        section.wrong("currency", "must be the code of a currency, such as \"USD\"");
    }
    section.finish();
    Some(prices)
}

#[cfg(test)]
mod tests;
