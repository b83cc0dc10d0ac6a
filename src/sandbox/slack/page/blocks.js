// Block Kit as nodes. `at` says where the blocks are: what a press must name.
"use strict";

const MARKS = { pending: "○", in_progress: "▸", complete: "✓", error: "✗" };

const BLOCKS = {
  header: (it) => el("h3", {}, labelOf(it.text)),
  section: (it, at) => el("div", { className: "section" },
    el("div", {}, it.text && el("div", {}, textOf(it.text)),
      it.fields && el("div", { className: "fields" }, it.fields.map((field) => el("div", {}, textOf(field))))),
    it.accessory && element(it.accessory, it, at)),
  context: (it, at) => el("div", { className: "context" }, it.elements.map((part) => el("span", {}, element(part, it, at)))),
  actions: (it, at) => el("div", { className: "row" }, it.elements.map((part) => element(part, it, at))),
  divider: () => el("hr"),
  image: (it) => el("div", { className: "card soft" }, "Image: " + it.alt_text),
  markdown: (it) => el("div", {}, emoji(it.text)),
  alert: (it) => el("div", { className: "card" }, textOf(it.text)),
  rich_text: (it) => el("div", {}, it.elements.map(richPart)),
  plan: (it) => el("div", { className: "card" }, el("strong", {}, it.title), it.tasks.map(task)),
  task_card: (it) => el("div", { className: "card" }, task(it)),
  table: (it) => table(it.rows, undefined, it),
  data_table: (it, at) => table(it.rows, it.caption, it, at),
  data_visualization: chart,
  input: (it, at) => {
    const id = `${it.block_id}-${it.element.action_id}`;
    const control = element(it.element, it, { ...at, id });
    const grouped = ["checkboxes", "radio_buttons"].includes(it.element.type);
    return el("div", { className: "field" },
      grouped ? el("span", { className: "label" }, labelOf(it.label)) : el("label", { htmlFor: id }, labelOf(it.label)),
      control, it.hint && el("span", { className: "soft" }, labelOf(it.hint)),
      el("span", { className: "error", id: `error-${it.block_id}`, role: "status" }));
  },
};

const blocksOf = (blocks, at) => blocks.map((it) => (BLOCKS[it.type] ?? (() => el("div", { className: "soft" }, it.type)))(it, at));

function task(it) {
  const word = (it.status ?? "pending").replace("_", " ");
  return el("div", { className: "task" },
    el("div", { "data-mark": MARKS[it.status] ?? MARKS.pending, className: it.status === "error" ? "error" : "" },
      it.title, el("span", { className: "hidden" }, ` (${word})`)),
    [it.details, it.output].filter(Boolean).map((rich) => el("div", { className: "soft" }, BLOCKS.rich_text(rich))));
}

function table(rows, caption, block, at) {
  const cell = (it) => {
    if (it.type === "rich_text") return BLOCKS.rich_text(it);
    return it.type === "action_cell" ? element(it.element, block, at) : it.text;
  };
  const [head, ...body] = rows;
  return el("table", {}, caption && el("caption", {}, caption),
    el("thead", {}, el("tr", {}, head.map((it) => el("th", { scope: "col" }, cell(it))))),
    el("tbody", {}, body.map((row) => el("tr", {}, row.map((it) => el("td", {}, cell(it)))))));
}

/** A chart of one row is shown as bars, another one as its numbers. */
function chart(it) {
  const points = it.chart.segments ?? (it.chart.series.length === 1 ? it.chart.series[0].data : undefined);
  if (points) {
    const max = Math.max(...points.map((point) => point.value), 1);
    const bar = ({ label, value }) => el("div", { className: "bar" }, el("span", {}, label),
      el("meter", { max, value, "aria-label": label }), el("span", {}, String(value)));
    const unit = it.chart.axis_config?.y_label;
    return el("figure", { className: "card" }, el("figcaption", {}, it.title, unit && el("span", { className: "soft" }, ` · ${unit}`)),
      points.map(bar));
  }
  const text = (value) => ({ type: "raw_text", text: String(value) });
  const head = [text(it.title), ...it.chart.axis_config.categories.map(text)];
  return table([head, ...it.chart.series.map((s) => [text(s.name), ...s.data.map((p) => text(p.value))])]);
}

function richPart(part) {
  if (part.type === "rich_text_list") {
    return el(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((it) => el("li", {}, it.elements.map(richInline))));
  }
  const tag = { rich_text_preformatted: "pre", rich_text_quote: "blockquote" }[part.type] ?? "div";
  return el(tag, {}, part.elements.map(richInline));
}

function richInline(it) {
  const plain = { user: () => special("@" + it.user_id), usergroup: () => special("!subteam^" + it.usergroup_id),
    channel: () => special("#" + it.channel_id), broadcast: () => mention("@" + it.range), emoji: () => emoji(`:${it.name}:`),
    link: () => link(it.url, it.text ?? it.url), date: () => el("time", {}, date(it.timestamp, it.format)) }[it.type];
  const styles = { bold: "strong", italic: "em", strike: "s", code: "code" };
  return Object.keys(styles).filter((key) => it.style?.[key]).reduce((node, key) => el(styles[key], {}, node), plain?.() ?? it.text ?? "");
}

function element(it, block, at) {
  if (it.type === "plain_text" || it.type === "mrkdwn") return textOf(it);
  if (it.type === "image") return el("span", { className: "soft" }, it.alt_text);
  const key = { id: at.id, "data-block": block.block_id, "data-action": it.action_id };
  const choose = (choice) => block.type !== "input" && press(at, block, it, choice);
  if (it.type === "button") {
    return el("button", { ...key, type: "button", className: it.style ?? "", "aria-label": it.accessibility_label,
      onclick: () => press(at, block, it) }, labelOf(it.text));
  }
  if (it.type === "checkboxes" || it.type === "radio_buttons") return choices(it, key);
  if (it.type === "plain_text_input" && it.multiline) return el("textarea", { ...key, rows: 3, value: it.initial_value ?? "" });
  const types = { plain_text_input: "text", number_input: "number", datepicker: "date" };
  if (types[it.type]) {
    const initial = it.initial_value ?? it.initial_date ?? "";
    return el("input", { ...key, type: types[it.type], value: initial, placeholder: labelOf(it.placeholder),
      onchange: (event) => choose(event.target.value) });
  }
  return select(it, key, choose);
}

function choices(it, key) {
  const initial = (it.initial_options ?? [it.initial_option]).map((option) => option?.value);
  const type = it.type === "checkboxes" ? "checkbox" : "radio";
  return el("div", { ...key, role: "group", "data-many": type === "checkbox" ? "yes" : "no" }, it.options.map((option) =>
    el("label", { className: "row" },
      el("input", { type, name: it.action_id, value: option.value, checked: initial.includes(option.value) }),
      el("span", {}, textOf(option.text), option.description && el("span", { className: "soft" }, " ", textOf(option.description))))));
}

function select(it, key, choose) {
  const users = it.type === "users_select" && world.people.map(({ person }) => ({ value: person.id, text: { text: person.real_name } }));
  const many = it.type === "multi_static_select";
  const initial = [it.initial_user, it.initial_option?.value, ...(it.initial_options ?? []).map((option) => option.value)];
  const option = (one) => el("option", { value: one.value, selected: initial.includes(one.value) }, labelOf(one.text));
  const groups = (it.option_groups ?? []).map((group) => el("optgroup", { label: labelOf(group.label) }, group.options.map(option)));
  const hint = it.type === "overflow" ? "⋯" : labelOf(it.placeholder) || "Choose";
  return el("select", { ...key, multiple: many, "aria-label": hint === "⋯" ? "More actions" : hint,
    onchange: ({ target }) => {
      if (target.value) choose(target.value);
      if (it.type === "overflow") target.value = "";
    } },
  !many && el("option", { value: "" }, hint), (users || it.options || []).map(option), groups);
}

/** What has been put into the inputs within `root`, by action id. */
function entriesIn(root) {
  const entries = {};
  for (const control of root.querySelectorAll("[data-action]")) {
    const name = control.dataset.action;
    if (control.tagName === "BUTTON") continue;
    const checked = [...control.querySelectorAll("input:checked")].map((it) => it.value);
    if (control.getAttribute("role") === "group") entries[name] = control.dataset.many === "yes" ? checked : checked[0] ?? "";
    else if (control.multiple) entries[name] = [...control.selectedOptions].map((it) => it.value);
    else entries[name] = control.value;
  }
  return entries;
}
