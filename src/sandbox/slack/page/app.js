// The page: what is shown, and what people do. The address's hash keeps who, where, and which thread.
"use strict";

const hash = new URLSearchParams(location.hash.slice(1));
const session = { me: hash.get("as") ?? "", channel: hash.get("channel") ?? "", thread: hash.get("thread") ?? "" };
let drawn = "";

async function send(path, body) {
  $("alert").textContent = "";
  const response = await fetch("/sandbox/" + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: session.me, ...body }),
  }).catch(() => undefined);
  const said = await response?.json().catch(() => undefined);
  if (said?.failure || !response) $("alert").textContent = "That did not work: " + (said?.failure ?? "the sandbox is not there");
  await refresh(true);
  return said;
}

async function press(at, block, it, choice) {
  if (it.confirm && !(await sure(it.confirm))) return refresh(true);
  const entries = at.view_id ? entriesIn($("modal")) : {};
  await send("press", { ...at, id: undefined, block_id: block.block_id, action_id: it.action_id, choice, entries });
  if (it.url && safe(it.url)) window.open(it.url, "_blank", "noreferrer");
}

/** Asks what a button's `confirm` asks. */
function sure(confirm) {
  const box = $("confirm");
  return new Promise((resolve) => {
    const end = (answer) => { box.onclose = null; box.close(); resolve(answer); };
    box.replaceChildren(
      el("h2", { id: "confirm-title" }, labelOf(confirm.title) || "Are you sure?"), el("p", {}, textOf(confirm.text)),
      el("div", { className: "end" },
        el("button", { type: "button", onclick: () => end(false) }, labelOf(confirm.deny) || "Cancel"),
        el("button", { type: "button", className: confirm.style ?? "primary", onclick: () => end(true) }, labelOf(confirm.confirm) || "Yes")));
    box.onclose = () => resolve(false);
    box.showModal();
  });
}

function avatar(id, name) {
  const hue = [...id].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 360, 7);
  const initials = name.split(" ").map((it) => it[0]).join("").slice(0, 2);
  return el("span", { className: "avatar", style: `background: hsl(${hue} 45% 36%)`, "aria-hidden": "true" }, id === world.bot ? "⛁" : initials);
}

/** A message for [`fill`]. */
function message(it, channel, inThread) {
  const replies = inThread ? 0 : channel.messages.filter((one) => one.thread_ts === it.ts && one.ts !== it.ts).length;
  return [JSON.stringify([session.me, replies, it]), () => article(it, channel, replies)];
}

function article(it, channel, replies) {
  const name = person(it.user)?.real_name ?? (it.user === "USLACKBOT" ? "Slackbot" : it.user);
  const at = { channel: channel.id, ts: it.ts };
  const seconds = Number(it.ts);
  return el("article", { className: it.ephemeral ? "ephemeral" : "", "aria-label": `${name}, ${time(seconds)}` },
    avatar(it.user, name),
    el("div", {},
      el("div", {}, el("span", { className: "by" }, name), it.bot_id && el("span", { className: "app" }, "APP"),
        el("time", { title: moment(seconds, { dateStyle: "full", timeStyle: "medium" }) }, time(seconds)),
        it.edited && el("span", { className: "soft" }, " (edited)")),
      it.ephemeral && el("div", { className: "soft" }, "Only visible to you"),
      el("div", { className: "body" }, it.blocks ? blocksOf(it.blocks, at) : el("div", {}, mrkdwn(it.text))),
      replies > 0 && el("button", { className: "plain", type: "button", onclick: () => go({ thread: it.ts }) },
        `${replies} ${replies === 1 ? "reply" : "replies"}`)));
}

/** Brings a log to `items`, pairs of a key and what makes the node. What is there already stays, so that a screen reader
 *  announces only what is new and nobody loses the focus; a log that was at its end stays there. */
function fill(log, items, empty) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  const there = new Map([...log.children].map((it) => [it.key, it]));
  const wanted = items.length ? items : [[empty, () => el("p", { className: "soft home" }, empty)]];
  const nodes = wanted.map(([key, make]) => there.get(key) ?? Object.assign(make(), { key }));
  for (const node of [...log.children]) if (!nodes.includes(node)) node.remove();
  nodes.forEach((node, at) => { if (log.children[at] !== node) log.insertBefore(node, log.children[at] ?? null); });
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function draw() {
  $("team").textContent = world.team;
  document.title = world.team;
  const acting = world.people.filter((it) => it.acts).map((it) => it.person);
  $("me").replaceChildren(...acting.map((it) =>
    el("option", { value: it.id, selected: it.id === session.me }, `${it.real_name} · ${it.title}`)));
  const entry = (id, label) => el("button", { type: "button", "aria-current": session.channel === id && "page",
    onclick: () => go({ channel: id, thread: "" }) }, label);
  const signs = { public: "# ", private: "🔒 ", direct: "✉ " };
  $("nav").replaceChildren(entry("home", "⌂ App Home"), ...world.channels.map((it) => entry(it.id, signs[it.sort] + it.name)));
  $("nav").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

  const home = session.channel === "home";
  const channel = world.channels.find((it) => it.id === session.channel);
  $("composer").hidden = home || !channel;
  $("title").textContent = home ? "App Home" : (channel ? signs[channel.sort] + channel.name : "No such channel");
  $("hint").textContent = channel?.archived ? "archived" : "";
  if (home) {
    const { id, hash, blocks } = world.home ?? {};
    const view = [id + hash, () => el("div", { className: "home body" }, blocksOf(blocks, { view_id: id }))];
    fill($("log"), world.home ? [view] : [], "The app has not published anything here yet.");
  } else {
    const roots = (channel?.messages ?? []).filter((it) => !it.thread_ts || it.thread_ts === it.ts || it.subtype === "thread_broadcast");
    fill($("log"), roots.map((it) => message(it, channel)), "Nothing here yet. Type a command below, for instance /datalake run shop.");
  }
  drawThread(channel);
  drawModal();
}

function drawThread(channel) {
  const thread = (channel?.messages ?? []).filter((it) => it.ts === session.thread || it.thread_ts === session.thread);
  const open = Boolean(session.thread) && thread.length > 0;
  $("thread").hidden = !open;
  document.body.classList.toggle("threaded", open);
  if (open) fill($("replies"), thread.map((it) => message(it, channel, true)), "");
}

/** A modal is drawn again only when the app has changed it, so that nothing typed is lost. */
function drawModal() {
  const box = $("modal");
  const view = world.modal;
  if (!view) { box.dataset.hash = ""; return box.open && box.close(); }
  if (box.dataset.hash === view.id + view.hash) return;
  box.dataset.hash = view.id + view.hash;
  const close = () => send("close", { view_id: view.id });
  box.oncancel = (event) => { event.preventDefault(); close(); };
  box.replaceChildren(el("form", { onsubmit: (event) => { event.preventDefault(); submit(view); } },
    el("h2", { id: "modal-title" }, labelOf(view.title)),
    el("div", { className: "body" }, blocksOf(view.blocks, { view_id: view.id })),
    el("div", { className: "error", id: "modal-error", role: "alert" }),
    el("div", { className: "end" }, el("button", { type: "button", onclick: close }, labelOf(view.close) || "Cancel"),
      view.submit && el("button", { className: "primary" }, labelOf(view.submit)))));
  if (!box.open) box.showModal();
}

async function submit(view) {
  const said = await send("submit", { view_id: view.id, entries: entriesIn($("modal")) });
  for (const place of $("modal").querySelectorAll("[id^=error-]")) place.textContent = said?.errors?.[place.id.slice(6)] ?? "";
  const place = $("modal-error");
  if (place) place.textContent = said?.failure ?? "";
}

function go(change) {
  const before = session.me;
  Object.assign(session, change);
  history.replaceState(null, "", "#" + new URLSearchParams({ as: session.me, channel: session.channel, thread: session.thread }));
  if (session.channel === "home" && (change.channel || session.me !== before)) send("home", {});
  return refresh(true);
}

/** Draws when something has changed, but not under somebody who is choosing whom to act as. */
async function refresh(always) {
  const response = await fetch("/sandbox/state?user=" + encodeURIComponent(session.me)).catch(() => undefined);
  if (!response?.ok) return;
  const text = await response.text();
  if (!always && (text === drawn || document.activeElement === $("me"))) return;
  drawn = text;
  world = JSON.parse(text);
  if (!session.me || !world.channels.length) {
    session.me = world.people.find((it) => it.acts)?.person.id ?? "";
    if (session.me && !world.channels.length) return refresh(true);
  }
  if (!session.channel) session.channel = world.channels.find((it) => it.name === "datalake")?.id ?? world.channels[0]?.id ?? "home";
  draw();
}

$("me").onchange = (event) => { const me = event.target.value; event.target.blur(); go({ me }); };
$("leave").onclick = () => go({ thread: "" });
$("composer").onsubmit = (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  send("slash", { channel: session.channel, text });
};
setInterval(() => refresh(), 800);
refresh(true);
