//! Tables: rows that can be sorted and leafed through, within Slack's limits.
//!
//! Those of docs.slack.dev, "Data table block": 200 rows below the header, 20 columns, 20,000 characters; a caption is
//! required. A message has room for less than that.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use slack_morphism::prelude::{
    SlackBlock, SlackDataTableBlock, SlackDataTableCell, SlackDataTableRawNumberCell, SlackRichTextInlineElement,
    SlackRichTextSection, SlackTableRawTextCell, SlackTableRichTextCell,
};

use super::literal;
use crate::projection::text::width;

/// Text of a table: ours, so that a message with one stays within what a message may hold.
pub const TABLE: usize = 9000;
/// Rows below the header.
pub const ROWS: usize = 200;
/// Text of one cell: ours.
pub const CELL: usize = 120;
/// Rows that are shown at once: enough for what people look for, few enough for a phone.
const PAGE: u32 = 10;
/// How Slack shows a date to each reader.
const DATE: &str = "{date_short_pretty} {time}";

/// A table with a row of headings. Every row has as many cells as there are headings.
#[derive(Clone, Debug)]
pub struct Table {
    caption: String,
    headings: Vec<String>,
    rows: Vec<Vec<Cell>>,
    room: usize,
}

/// What stands in one place of a table. Text is shown as it is: it holds no mrkdwn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    /// Shown in each reader's own time zone.
    Date(Timestamp),
    /// Sorted by the value, shown as the text.
    Number {
        value: i64,
        text: String,
    },
}

impl Table {
    /// Returns a table without rows. The first column tells what a row is about.
    pub fn new(caption: &str, headings: Vec<String>) -> Self {
        let room = TABLE - width(caption).min(CELL) - headings.iter().map(|it| width(it).min(CELL)).sum::<usize>();
        Self { caption: literal(caption, CELL), headings, rows: Vec::new(), room }
    }

    /// Adds a row below the others. Returns `false` if there is no room for it: then nothing was added.
    pub fn push(&mut self, row: Vec<Cell>) -> bool {
        debug_assert_eq!(row.len(), self.headings.len(), "a cell for each heading");
        let cost = row.iter().map(Cell::width).sum::<usize>();
        let Some(room) = self.room.checked_sub(cost).filter(|_| self.rows.len() < ROWS) else { return false };
        self.room = room;
        self.rows.push(row);
        true
    }

    /// Returns the block; `None`: Slack takes no table without a row.
    pub fn into_block(self) -> Option<SlackBlock> {
        if self.rows.is_empty() {
            return None;
        }
        let heading = |it: String| raw(&it);
        let head: Vec<SlackDataTableCell> = self.headings.into_iter().map(heading).collect();
        let rows = self.rows.into_iter().map(|row| row.into_iter().map(Cell::into_cell).collect());
        let all = std::iter::once(head).chain(rows).collect();
        let block = SlackDataTableBlock::new(self.caption, all).with_page_size(PAGE).with_row_header_column_index(0);
        Some(block.into())
    }
}

impl Cell {
    fn width(&self) -> usize {
        match self {
            Self::Text(text) | Self::Number { text, .. } => width(text).min(CELL),
            Self::Date(at) => width(&in_utc(*at)),
        }
    }

    fn into_cell(self) -> SlackDataTableCell {
        match self {
            Self::Text(text) => raw(&text),
            Self::Date(at) => date(at),
            Self::Number { value, text } => SlackDataTableRawNumberCell::new(value.into(), literal(&text, CELL)).into(),
        }
    }
}

fn raw(text: &str) -> SlackDataTableCell {
    SlackTableRawTextCell::new(literal(text, CELL)).into()
}

/// slack-morphism's own type of a date is built on a crate for time that is not used here.
fn date(at: Timestamp) -> SlackDataTableCell {
    let date = json!({"type": "date", "timestamp": at.as_second(), "format": DATE, "fallback": in_utc(at)});
    let section = SlackRichTextSection::new(vec![SlackRichTextInlineElement::Unknown(date)]);
    SlackTableRichTextCell::new(vec![section.into()]).into()
}

fn in_utc(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;
    use crate::projection::{
        blocks::Page,
        testing::{limits::check, reader::read},
        text::Mrkdwn,
    };

    fn cells(text: &str, value: i64) -> Vec<Cell> {
        let at = Timestamp::from_second(1_795_316_400).unwrap();
        vec![Cell::Text(text.into()), Cell::Date(at), Cell::Number { value, text: text.into() }]
    }

    fn headings() -> Vec<String> {
        ["Run", "Snapshot", "Took"].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_table_without_rows_is_none() {
        assert!(Table::new("Runs", headings()).into_block().is_none());
    }

    #[test]
    fn rows_are_added_whole_or_not_at_all() {
        let mut table = Table::new("Runs", headings());
        let added = (0..300).filter(|_| table.push(cells(&"日".repeat(200), 1))).count();
        assert_eq!(added, table.rows.len());
        assert!((30..40).contains(&added), "{added}");
        let mut many = Table::new("Runs", headings());
        assert_eq!((0..300).filter(|_| many.push(cells("x", 1))).count(), ROWS);
    }

    proptest! {
        #[test]
        fn slack_takes_every_table(texts in proptest::collection::vec("[^<>&]{0,150}", 1..60), caption in any::<char>()) {
            let mut table = Table::new(&caption.to_string().repeat(200).replace(['<', '>', '&'], "x"), headings());
            for (text, value) in texts.iter().zip(0..) {
                table.push(cells(text, value));
            }
            let page = Page::new(Mrkdwn::escaped("t")).either(table.into_block().unwrap(), |page| page);
            check(&page.message());
        }
    }

    #[test]
    fn a_table_reads_well() {
        let mut table = Table::new("Two runs", headings());
        table.push(cells("shop <b>", 42));
        let message = Page::new(Mrkdwn::escaped("t")).either(table.into_block().unwrap(), |page| page).message();
        let shown = read(&message);
        assert!(shown.contains("▦ Two runs") && shown.contains("shop ‹b› │"), "{shown}");
    }
}
