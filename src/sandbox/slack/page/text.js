// Elements, names, and Slack's markup as nodes. Nothing is ever parsed as HTML.
"use strict";

const $ = (id) => document.getElementById(id);

/** Makes an element; `props` are properties, or attributes where the name has a dash. */
function el(tag, props, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === false || value === null) continue;
    if (key.includes("-") || key === "role") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.flat(Infinity).filter((it) => it || it === 0));
  return made;
}

let world = { channels: [], people: [], groups: [] };

const person = (id) => world.people.find((it) => it.person.id === id)?.person;
const decoded = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️", hourglass_flowing_sand: "⏳", hourglass: "⌛", lock: "🔒",
  rocket: "🚀", mag: "🔍", eyes: "👀", no_entry: "⛔", no_entry_sign: "🚫", bell: "🔔", package: "📦", broom: "🧹", stop_sign: "🛑",
  large_green_circle: "🟢", large_yellow_circle: "🟡", red_circle: "🔴", white_circle: "⚪", large_blue_circle: "🔵", clock3: "🕒",
  arrows_counterclockwise: "🔄", information_source: "ℹ️", double_vertical_bar: "⏸️", tada: "🎉", wave: "👋", key: "🔑",
};
const emoji = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);

/** A moment in the time zone and language of whoever is acted as. */
function moment(seconds, options) {
  const me = person(session.me);
  return new Intl.DateTimeFormat(me?.locale ?? "en-US", { timeZone: me?.tz ?? "UTC", ...options }).format(new Date(seconds * 1000));
}

const time = (seconds) => moment(seconds, { hour: "2-digit", minute: "2-digit", hour12: false });

function date(seconds, format) {
  const day = (at) => moment(at, { year: "numeric", month: "2-digit", day: "2-digit" });
  const now = Date.now() / 1000;
  const near = { [day(now)]: "today", [day(now - 86400)]: "yesterday", [day(now + 86400)]: "tomorrow" }[day(seconds)];
  const short = moment(seconds, { month: "short", day: "numeric", year: "numeric" });
  const long = moment(seconds, { weekday: "long", month: "long", day: "numeric", year: "numeric" });
  const plain = moment(seconds, { month: "long", day: "numeric", year: "numeric" });
  const values = {
    date_num: day(seconds), date: plain, date_pretty: near ?? plain, date_short: short, date_short_pretty: near ?? short,
    date_long: long, date_long_pretty: near ?? long, time: time(seconds),
    time_secs: moment(seconds, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }),
  };
  return format.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

const safe = (url) => (/^(https?|mailto):/.test(url) ? url : undefined);
const link = (url, label) => el("a", { href: safe(url), target: "_blank", rel: "noreferrer" }, label);
const mention = (name) => el("span", { className: "mention" }, name);

/** What stands between < and >. */
function special(inner) {
  const [target, label] = inner.split("|");
  if (inner.startsWith("!date^")) {
    const [seconds, format] = target.slice(6).split("^");
    const shown = Number.isFinite(Number(seconds)) && format ? date(Number(seconds), format) : label;
    return el("time", {}, shown ?? "");
  }
  if (target[0] === "@") return mention("@" + (person(target.slice(1))?.name ?? label ?? target.slice(1)));
  if (target[0] === "#") return mention("#" + (world.channels.find((it) => it.id === target.slice(1))?.name ?? label ?? target.slice(1)));
  if (target.startsWith("!subteam^")) return mention("@" + (world.groups.find((it) => it.id === target.slice(9))?.handle ?? label));
  if (target[0] === "!") return mention("@" + target.slice(1));
  return link(decoded(target), decoded(label ?? target.replace(/^mailto:/, "")));
}

const STYLES = { "*": "strong", _: "em", "~": "s" };

function mrkdwn(text) {
  const pattern = /```([\s\S]+?)```|`([^`\n]+)`|<([^>\n]+)>|(?<![\p{L}\p{N}])([*_~])(?!\s)([^\n]*?[^\s])\4(?![\p{L}\p{N}])/u;
  const nodes = [];
  for (let rest = text ?? ""; rest;) {
    const found = pattern.exec(rest);
    nodes.push(emoji(decoded(found ? rest.slice(0, found.index) : rest)));
    if (!found) break;
    const [whole, pre, code, inner, mark, marked] = found;
    if (pre) nodes.push(el("pre", {}, decoded(pre.replace(/^\n/, ""))));
    else if (code) nodes.push(el("code", {}, decoded(code)));
    else if (inner) nodes.push(special(inner));
    else nodes.push(el(STYLES[mark], {}, mrkdwn(marked)));
    rest = rest.slice(found.index + whole.length);
  }
  return nodes;
}

/** A text object. */
const textOf = (it) => (it?.type === "mrkdwn" ? mrkdwn(it.text) : [emoji(decoded(it?.text ?? ""))]);
const labelOf = (it) => emoji(decoded(it?.text ?? ""));
