//! Tables: buttons, menus, inputs, and the objects that they are made of.
//!
//! The limits are those of `@slack/types` 3.2.0 and `slack_sdk` 3.47.0; where the two differ, of the latter, which was
//! corrected later.

use super::walk::{
    Field, Kind,
    Rule::{Count, Flag, Kinds, List, Number, Object, Plain, Str, Text, Word},
    may, need,
};

const CONFIRM: &[Field] = &[
    may("title", Plain(100)),
    need("text", Text(300)),
    may("confirm", Plain(30)),
    may("deny", Plain(30)),
    may("style", Word(&["primary", "danger"])),
];

const OPTION: &[Field] =
    &[need("text", Plain(75)), need("value", Str(1, 150)), may("description", Plain(75)), may("url", Str(1, 3_000))];

const RICH_OPTION: &[Field] = &[need("text", Text(75)), need("value", Str(1, 150)), may("description", Text(75))];

const OPTION_GROUP: &[Field] = &[need("label", Plain(75)), need("options", List(1, 100, &Object(OPTION)))];

const BUTTON: Kind = Kind {
    name: "button",
    fields: &[
        need("text", Plain(75)),
        may("value", Str(1, 2_000)),
        may("url", Str(1, 3_000)),
        may("style", Word(&["primary", "danger"])),
        may("confirm", Object(CONFIRM)),
        may("accessibility_label", Str(1, 75)),
    ],
};

pub(super) const IMAGE: Kind = Kind {
    name: "image",
    fields: &[
        need("alt_text", Str(1, 2_000)),
        may("image_url", Str(1, 3_000)),
        may("slack_file", Object(&[may("id", Str(1, 255)), may("url", Str(1, 3_000))])),
    ],
};

const STATIC_SELECT: Kind = Kind {
    name: "static_select",
    fields: &[
        may("placeholder", Plain(150)),
        may("options", List(1, 100, &Object(OPTION))),
        may("option_groups", List(1, 100, &Object(OPTION_GROUP))),
        may("initial_option", Object(OPTION)),
        may("confirm", Object(CONFIRM)),
        may("focus_on_load", Flag),
    ],
};

const MULTI_STATIC_SELECT: Kind = Kind {
    name: "multi_static_select",
    fields: &[
        may("placeholder", Plain(150)),
        may("options", List(1, 100, &Object(OPTION))),
        may("option_groups", List(1, 100, &Object(OPTION_GROUP))),
        may("initial_options", List(1, 100, &Object(OPTION))),
        may("max_selected_items", Count(1, 100)),
        may("confirm", Object(CONFIRM)),
        may("focus_on_load", Flag),
    ],
};

const EXTERNAL_SELECT: Kind = Kind {
    name: "external_select",
    fields: &[
        may("placeholder", Plain(150)),
        may("initial_option", Object(OPTION)),
        may("min_query_length", Count(0, 100)),
        may("confirm", Object(CONFIRM)),
        may("focus_on_load", Flag),
    ],
};

const USERS_SELECT: Kind = Kind {
    name: "users_select",
    fields: &[
        may("placeholder", Plain(150)),
        may("initial_user", Str(1, 255)),
        may("confirm", Object(CONFIRM)),
        may("focus_on_load", Flag),
    ],
};

const OVERFLOW: Kind =
    Kind { name: "overflow", fields: &[need("options", List(1, 5, &Object(OPTION))), may("confirm", Object(CONFIRM))] };

const CHECKBOXES: Kind = Kind {
    name: "checkboxes",
    fields: &[
        need("options", List(1, 10, &Object(RICH_OPTION))),
        may("initial_options", List(1, 10, &Object(RICH_OPTION))),
        may("confirm", Object(CONFIRM)),
        may("focus_on_load", Flag),
    ],
};

const RADIO_BUTTONS: Kind = Kind {
    name: "radio_buttons",
    fields: &[
        need("options", List(1, 10, &Object(RICH_OPTION))),
        may("initial_option", Object(RICH_OPTION)),
        may("confirm", Object(CONFIRM)),
        may("focus_on_load", Flag),
    ],
};

const DATEPICKER: Kind = Kind {
    name: "datepicker",
    fields: &[
        may("placeholder", Plain(150)),
        may("initial_date", Str(10, 10)),
        may("confirm", Object(CONFIRM)),
        may("focus_on_load", Flag),
    ],
};

const PLAIN_TEXT_INPUT: Kind = Kind {
    name: "plain_text_input",
    fields: &[
        may("placeholder", Plain(150)),
        may("initial_value", Str(0, 3_000)),
        may("multiline", Flag),
        may("min_length", Count(0, 3_000)),
        may("max_length", Count(1, 3_000)),
        may("dispatch_action_config", Object(&[may("trigger_actions_on", List(1, 2, &Str(1, 40)))])),
        may("focus_on_load", Flag),
    ],
};

const NUMBER_INPUT: Kind = Kind {
    name: "number_input",
    fields: &[
        need("is_decimal_allowed", Flag),
        may("placeholder", Plain(150)),
        may("initial_value", Str(1, 40)),
        may("min_value", Str(1, 40)),
        may("max_value", Str(1, 40)),
        may("focus_on_load", Flag),
    ],
};

/// What an `actions` block takes.
pub(super) const ACTIONS: &[&Kind] =
    &[&BUTTON, &STATIC_SELECT, &EXTERNAL_SELECT, &USERS_SELECT, &OVERFLOW, &CHECKBOXES, &RADIO_BUTTONS, &DATEPICKER];

/// What a section takes beside its text.
pub(super) const ACCESSORIES: &[&Kind] = &[
    &BUTTON,
    &IMAGE,
    &STATIC_SELECT,
    &MULTI_STATIC_SELECT,
    &EXTERNAL_SELECT,
    &USERS_SELECT,
    &OVERFLOW,
    &CHECKBOXES,
    &RADIO_BUTTONS,
    &DATEPICKER,
];

/// What an `input` block takes.
pub(super) const INPUTS: &[&Kind] = &[
    &PLAIN_TEXT_INPUT,
    &NUMBER_INPUT,
    &STATIC_SELECT,
    &MULTI_STATIC_SELECT,
    &EXTERNAL_SELECT,
    &USERS_SELECT,
    &CHECKBOXES,
    &RADIO_BUTTONS,
    &DATEPICKER,
];

const POINT: &[Field] = &[need("label", Str(1, 20)), need("value", Number)];

const SERIES: &[Field] = &[need("name", Str(1, 20)), need("data", List(1, 20, &Object(POINT)))];

const AXES: &[Field] =
    &[need("categories", List(1, 20, &Str(1, 20))), may("x_label", Str(1, 50)), may("y_label", Str(1, 50))];

const CHART: &[Field] = &[need("series", List(1, 12, &Object(SERIES))), need("axis_config", Object(AXES))];

/// Kinds of charts.
pub(super) const CHARTS: &[&Kind] = &[
    &Kind { name: "pie", fields: &[need("segments", List(1, 12, &Object(POINT)))] },
    &Kind { name: "bar", fields: CHART },
    &Kind { name: "line", fields: CHART },
    &Kind { name: "area", fields: CHART },
];

/// What a data table's action cell takes.
pub(super) const CELL_ACTIONS: super::walk::Rule = Kinds(&[&BUTTON]);
