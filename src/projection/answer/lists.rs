//! Answers that are lists: what goes on, runs, sources. Where the workspace takes them, they are tables.

use jiff::Timestamp;

use super::rows;
use crate::{
    domain::{
        answer::Part,
        command::Command,
        export::{ActiveExport, SLOTS, Unmanaged},
        lake::{Lake, Standing},
        run::Run,
    },
    projection::{
        blocks::{Button, Page, Style, table::Table},
        message::Message,
        phrase::{self, freshness},
        text::{Mrkdwn, Voice, values},
    },
};

/// What is asked for by the button below a list that goes on.
pub const MORE: &str = "list.more";

/// How much of each kind an overview shows: all of it must fit.
const ACTIVE: usize = 10;
const SOURCES: usize = 20;

pub(super) fn overview(
    voice: Voice<'_>,
    lake: &Lake,
    unmanaged: &[Unmanaged],
    may_operate: bool,
    at: Timestamp,
) -> Message {
    let active = lake.active();
    let title = voice.say("answer.overview.title", values! { count => active.len() });
    let shown: Vec<&Run> = active.iter().take(ACTIVE).copied().collect();
    let page = runs_on(Page::new(title), voice, &voice.text("table.active"), &shown, false);
    let page = rest(page, voice, active.len(), ACTIVE, "`/datalake list`").section(self::unmanaged(voice, unmanaged));
    let mut standings: Vec<&Standing> = lake.0.iter().collect();
    standings.sort_by_key(|it| !it.is_overdue(at));
    let lines = standings.iter().take(SOURCES).map(|it| freshness::line(voice, it, at)).collect();
    let page = rest(page.lines(lines), voice, standings.len(), SOURCES, "`/datalake sources`");
    let source = lake.0.first().map_or("SOURCE", |it| it.source.name.as_str());
    let operate = if may_operate { voice.say("home.rights.operate", values! { source }) } else { Mrkdwn::default() };
    let view = voice.say("home.rights.view", values! { source });
    page.section(Mrkdwn::lines([voice.text("answer.overview.next"), operate, view])).message()
}

pub(super) fn runs(voice: Voice<'_>, part: &Part<Run>) -> Message {
    let all: Vec<&Run> = part.entries.iter().collect();
    let lines: Vec<Mrkdwn> = all.iter().map(|it| phrase::line(voice, it)).collect();
    let (skipped, of_one) = (part.of.skipped(), matches!(part.of, Command::List { source: Some(_), .. }));
    let title = |count: usize| voice.say("answer.runs.title", values! { count, skipped });
    let fits = Page::new(title(all.len())).room_for(&lines);
    let shown = &all[..fits];
    let caption = voice.say("table.runs", values! { count => fits });
    let page = runs_on(Page::new(title(fits)), voice, &caption, shown, of_one);
    let hint = if shown.is_empty() { Mrkdwn::default() } else { voice.text("answer.runs.hint") };
    let more = more(voice, part, fits);
    page.context(hint).buttons(more).message()
}

pub(super) fn sources(voice: Voice<'_>, part: &Part<Standing>, at: Timestamp) -> Message {
    let lines: Vec<Mrkdwn> = part.entries.iter().map(|it| source(voice, it, at)).collect();
    let skipped = part.of.skipped();
    let title = |count: usize| voice.say("answer.sources.title", values! { count, skipped });
    let fits = Page::new(title(lines.len())).room_for(&lines);
    let mut table = rows::table_of_sources(voice);
    let all = part.entries[..fits].iter().all(|it| table.push(rows::source(voice, it)));
    let page = tabled(Page::new(title(fits)), table, all, lines[..fits].to_vec());
    page.buttons(more(voice, part, fits)).message()
}

/// Adds runs as a table, or a line for each.
pub(super) fn runs_on(page: Page, voice: Voice<'_>, caption: &Mrkdwn, runs: &[&Run], of_one: bool) -> Page {
    let mut table = rows::table_of_runs(voice, caption, of_one);
    let all = runs.iter().all(|it| table.push(rows::run(voice, it, of_one)));
    tabled(page, table, all, runs.iter().map(|it| phrase::line(voice, it)).collect())
}

/// A table that does not hold all that the lines say is not shown.
fn tabled(page: Page, table: Table, all: bool, lines: Vec<Mrkdwn>) -> Page {
    match table.into_block().filter(|_| all) {
        Some(table) => page.either(table, |page| page.lines(lines)),
        None => page.lines(lines),
    }
}

/// Adds where the rest is of a list of which `most` entries are shown.
pub(super) fn rest(page: Page, voice: Voice<'_>, count: usize, most: usize, place: &str) -> Page {
    let more = count.saturating_sub(most);
    if more == 0 { page } else { page.context(voice.say("table.more", values! { more, place })) }
}

/// Returns what shows the entries after the first `shown` of the part.
fn more<T>(voice: Voice<'_>, part: &Part<T>, shown: usize) -> Vec<Button> {
    let goes_on = part.more || shown < part.entries.len();
    let next = part.of.after(shown).filter(|_| goes_on && shown > 0);
    let value = next.and_then(|it| serde_json::to_string(&it).ok());
    let label = voice.label("button.more.label");
    value.map(|value| Button { action: MORE, label, value, style: Style::Plain, confirm: None }).into_iter().collect()
}

/// Exports that no run has asked for. There are no more of them than the account has slots.
pub(super) fn unmanaged(voice: Voice<'_>, unmanaged: &[Unmanaged]) -> Mrkdwn {
    let line = |Unmanaged { source, export }: &Unmanaged| {
        let ActiveExport { name, status, percent, started_at, source_arn: _ } = export;
        voice.say("answer.unmanaged.line", values! { source, name, status, percent, since => started_at })
    };
    let title = (!unmanaged.is_empty()).then(|| voice.text("answer.unmanaged.title"));
    Mrkdwn::lines(title.into_iter().chain(unmanaged.iter().take(SLOTS).map(line)))
}

fn source(voice: Voice<'_>, standing: &Standing, at: Timestamp) -> Mrkdwn {
    let source = &standing.source;
    let values = values! {
        fresh => freshness::line(voice, standing, at),
        engine => rows::engine(source.engine),
        identifier => source.identifier,
        starts => rows::starts(voice, source.schedule),
        layers => phrase::layers(voice, source.layers().into_iter()),
    };
    voice.say("answer.sources.line", values)
}
