//! Runs and sources as rows of tables, beside the lines that say the same.

use crate::{
    domain::{
        lake::Standing,
        run::Run,
        source::{Engine, Schedule},
    },
    projection::{
        blocks::table::{Cell, Table},
        phrase::{self, seconds, stage},
        text::{Mrkdwn, Voice, values},
    },
};

/// Returns a table of runs with the heading of each column; `of_one`: all are of the same source.
pub(super) fn table_of_runs(voice: Voice<'_>, caption: &Mrkdwn, of_one: bool) -> Table {
    let source = (!of_one).then_some("table.heading.source");
    let rest = [
        "table.heading.status",
        "table.heading.stage",
        "table.heading.snapshot",
        "table.heading.ends",
        "table.heading.took",
        "table.heading.name",
    ];
    let keys = ["table.heading.run"].into_iter().chain(source).chain(rest);
    Table::new(caption.as_str(), keys.map(|it| voice.label(it)).collect())
}

/// Returns the row of a run.
pub(super) fn run(voice: Voice<'_>, run: &Run, of_one: bool) -> Vec<Cell> {
    let none = || Cell::Text(voice.label("table.none"));
    let at = run.error.as_ref().map_or(run.stage, |it| it.stage);
    let stage = if run.status.is_over() { stage::name(voice, at) } else { stage::title(voice, run.stage(at)) };
    let took = run.finished_at.map(|it| seconds(phrase::rollback::opened_at(run), it));
    let source = (!of_one).then(|| Cell::Text(run.source.clone()));
    let rest = [
        text(phrase::standing(voice, run)),
        text(stage),
        Cell::Date(run.snapshot_time),
        run.finished_at.or_else(|| run.expected_end()).map_or_else(none, Cell::Date),
        Cell::Number {
            value: took.unwrap_or_default(),
            text: took.map_or_else(|| voice.label("table.none"), |it| length(voice, it)),
        },
        Cell::Text(run.export_task.to_string()),
    ];
    std::iter::once(Cell::Text(short(run))).chain(source).chain(rest).collect()
}

/// Returns a table of sources with the heading of each column.
pub(super) fn table_of_sources(voice: Voice<'_>) -> Table {
    let keys = [
        "table.heading.source",
        "table.heading.database",
        "table.heading.starts",
        "table.heading.layers",
        "table.heading.data",
        "table.heading.took",
        "table.heading.last",
    ];
    Table::new(&voice.label("table.sources"), keys.map(|it| voice.label(it)).to_vec())
}

/// Returns the row of a source.
pub(super) fn source(voice: Voice<'_>, standing: &Standing) -> Vec<Cell> {
    let none = || Cell::Text(voice.label("table.none"));
    let source = &standing.source;
    let layers: Vec<String> =
        phrase::layers(voice, source.layers().into_iter()).into_iter().map(Mrkdwn::into_string).collect();
    let took = standing.trend().map(|it| it.took);
    vec![
        Cell::Text(source.name.clone()),
        Cell::Text(format!("{} {}", engine(source.engine), source.identifier)),
        text(starts(voice, source.schedule)),
        Cell::Text(layers.join(", ")),
        standing.last_success.as_ref().map_or_else(none, |it| Cell::Date(it.snapshot_time)),
        Cell::Number {
            value: took.unwrap_or_default(),
            text: took.map_or_else(|| voice.label("table.none"), |it| length(voice, it)),
        },
        standing.runs.first().map_or_else(none, |it| text(phrase::standing(voice, it))),
    ]
}

/// Returns what kind of database it is, as AWS calls it.
pub(super) fn engine(engine: Engine) -> &'static str {
    match engine {
        Engine::Rds => "RDS",
        Engine::Aurora => "Aurora",
    }
}

/// Returns what starts runs of a source.
pub(super) fn starts(voice: Voice<'_>, schedule: Schedule) -> Mrkdwn {
    voice.text(match schedule {
        Schedule::OnSnapshot => "table.starts.on_snapshot",
        Schedule::Manual => "table.starts.manual",
    })
}

fn length(voice: Voice<'_>, seconds: i64) -> String {
    voice.say("table.length", values! { seconds }).into_string()
}

/// Returns the beginning of the run's name that people tell it by: source and snapshot, and the attempt if it is not the
/// first.
fn short(run: &Run) -> String {
    let name = run.run_id.as_str();
    let short = name.rsplitn(3, '-').nth(2).unwrap_or(name);
    if run.attempt > 1 { format!("{short} ({})", run.attempt) } else { short.to_owned() }
}

/// These texts have no marks in them.
fn text(text: Mrkdwn) -> Cell {
    Cell::Text(text.into_string())
}
