//! Tables: the blocks.

use super::{
    elements::{ACCESSORIES, ACTIONS, CELL_ACTIONS, CHARTS, IMAGE, INPUTS},
    walk::{
        Field, Kind,
        Rule::{Count, Flag, Kinds, List, Number, Object, Plain, Str, Text, Whole, Word},
        may, need,
    },
};

/// No limit is published.
const LONG: usize = 100_000;

const PLAIN: Kind = Kind { name: "plain_text", fields: &[need("text", Str(1, 3_000)), may("emoji", Flag)] };

const MRKDWN: Kind = Kind { name: "mrkdwn", fields: &[need("text", Str(1, 3_000)), may("verbatim", Flag)] };

const RICH_PARTS: &[&Kind] = &[
    &Kind { name: "rich_text_section", fields: &[need("elements", List(0, LONG, &Whole))] },
    &Kind {
        name: "rich_text_list",
        fields: &[
            need("style", Word(&["bullet", "ordered"])),
            need("elements", List(0, LONG, &Whole)),
            may("indent", Count(0, 8)),
            may("offset", Count(0, 1_000)),
            may("border", Count(0, 1)),
        ],
    },
    &Kind {
        name: "rich_text_preformatted",
        fields: &[need("elements", List(0, LONG, &Whole)), may("border", Count(0, 1)), may("language", Str(1, 40))],
    },
    &Kind { name: "rich_text_quote", fields: &[need("elements", List(0, LONG, &Whole)), may("border", Count(0, 1))] },
];

const RICH_TEXT: Kind = Kind { name: "rich_text", fields: &[need("elements", List(1, LONG, &Kinds(RICH_PARTS)))] };

const TASK: &[Field] = &[
    // In a plan, Slack takes tasks with and without it.
    may("type", Word(&["task_card"])),
    need("task_id", Str(1, 255)),
    need("title", Str(1, LONG)),
    may("status", Word(&["pending", "in_progress", "complete", "error"])),
    may("details", Kinds(&[&RICH_TEXT])),
    may("output", Kinds(&[&RICH_TEXT])),
    may("sources", List(1, LONG, &Kinds(&[&SOURCE]))),
    may("hide_title", Flag),
];

const SOURCE: Kind = Kind { name: "url", fields: &[need("url", Str(1, 3_000)), need("text", Str(1, LONG))] };

const RAW_TEXT: Kind = Kind { name: "raw_text", fields: &[need("text", Str(0, LONG))] };

const RAW_NUMBER: Kind = Kind { name: "raw_number", fields: &[need("value", Number), need("text", Str(0, LONG))] };

const ACTION_CELL: Kind =
    Kind { name: "action_cell", fields: &[need("element", CELL_ACTIONS), may("fallback", Kinds(&[&RAW_TEXT]))] };

const COLUMN: &[Field] = &[may("align", Word(&["left", "center", "right"])), may("is_wrapped", Flag)];

/// Every block that the stand-in can check.
pub(super) const BLOCKS: &[Kind] = &[
    Kind {
        name: "section",
        fields: &[
            may("text", Text(3_000)),
            may("fields", List(1, 10, &Text(2_000))),
            may("accessory", Kinds(ACCESSORIES)),
            may("expand", Flag),
        ],
    },
    Kind { name: "header", fields: &[need("text", Plain(150)), may("level", Count(1, 4))] },
    Kind { name: "context", fields: &[need("elements", List(1, 10, &Kinds(&[&PLAIN, &MRKDWN, &IMAGE])))] },
    Kind { name: "actions", fields: &[need("elements", List(1, 25, &Kinds(ACTIONS)))] },
    Kind { name: "divider", fields: &[] },
    Kind {
        name: "image",
        fields: &[
            need("alt_text", Str(1, 2_000)),
            may("image_url", Str(1, 3_000)),
            may("slack_file", Object(&[may("id", Str(1, 255)), may("url", Str(1, 3_000))])),
            may("title", Plain(2_000)),
        ],
    },
    Kind {
        name: "input",
        fields: &[
            need("label", Plain(2_000)),
            need("element", Kinds(INPUTS)),
            may("hint", Plain(2_000)),
            may("optional", Flag),
            may("dispatch_action", Flag),
        ],
    },
    Kind { name: "markdown", fields: &[need("text", Str(1, 12_000))] },
    RICH_TEXT,
    Kind {
        name: "table",
        fields: &[
            need("rows", List(1, 100, &List(1, 20, &Kinds(&[&RAW_TEXT, &RICH_TEXT])))),
            may("column_settings", List(1, 20, &Object(COLUMN))),
        ],
    },
    Kind {
        name: "data_table",
        fields: &[
            need("caption", Str(1, LONG)),
            // The header and 1 to 200 rows.
            need("rows", List(2, 201, &List(1, 20, &Kinds(&[&RAW_TEXT, &RAW_NUMBER, &RICH_TEXT, &ACTION_CELL])))),
            may("page_size", Count(1, 100)),
            may("row_header_column_index", Count(0, 19)),
        ],
    },
    Kind { name: "data_visualization", fields: &[need("title", Str(1, 50)), need("chart", Kinds(CHARTS))] },
    Kind { name: "task_card", fields: TASK },
    Kind { name: "plan", fields: &[need("title", Str(1, LONG)), need("tasks", List(1, 50, &Object(TASK)))] },
    Kind {
        name: "alert",
        fields: &[need("text", Text(200)), may("level", Word(&["default", "info", "warning", "error", "success"]))],
    },
];
