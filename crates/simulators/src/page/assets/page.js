// The sandbox page: sends buttons to /_sandbox/…, shows the journal as it comes. No framework, no build step.

import { columnHint, columnName, columns, language, setLanguage, story, t, title } from "./words.js";
import { duration, phone, summary } from "./summary.js";

const $ = (id) => document.getElementById(id);
const SYSTEMS = Object.keys(columns);
const entries = new Map();
let state = { calls: [], users: [], faults: {}, links: [] };
let clockOffset = 0;

/** An element: properties by name, `data` and `aria` as objects, children as nodes or text. */
function make(tag, { data = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.dataset, data);
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

// --- Talking to the server

async function post(path, body = {}) {
  try {
    const answer = await fetch(`_sandbox/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const reply = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(reply.message ?? `HTTP ${answer.status}`);
    if (reply.status !== undefined && reply.status !== 200) {
      toast(`${path}: ${reply.status || t("noAnswer")} ${reply.body?.message ?? ""}`);
    }
    return reply;
  } catch (error) {
    toast(`${path}: ${error.message}`);
  } finally {
    refresh();
  }
}

let toastTimer;
function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($("toast").hidden = true), 6000);
}

let refreshTimer;
function refreshSoon() {
  clearTimeout(refreshTimer);
  refreshTimer = setTimeout(refresh, 60);
}

async function refresh() {
  const answer = await fetch("_sandbox/state").catch(() => undefined);
  if (!answer?.ok) return;
  state = await answer.json();
  clockOffset = state.now - Date.now();
  showState();
}

function listen() {
  const feed = new EventSource("_sandbox/events");
  feed.onopen = () => connection("live", "online");
  feed.onerror = () => connection("lost", "lost");
  feed.onmessage = (message) => {
    const entry = JSON.parse(message.data);
    if (entries.has(entry.seq)) return;
    entries.set(entry.seq, entry);
    showEntry(entry);
    refreshSoon();
  };
}

function connection(name, phrase) {
  $("connection").dataset.state = name;
  $("connection").dataset.phrase = phrase;
  $("connection").textContent = t(phrase);
}

// --- Left: calls, users, faults

function showState() {
  const status = state.integration?.status ?? "—";
  $("integration").dataset.status = status;
  $("integration").textContent = `${t("integration")} ${state.workspace}: ${status}`;
  $("links").replaceChildren(...state.links.map((link) => make("a", { href: link.url, target: "_blank", textContent: t(link.name), data: { testid: `link-${link.name}` } })));
  const options = state.users.map((user) => make("option", { value: user.extension, textContent: `${user.extension} ${user.name.split(" ")[0]}` }));
  if ($("crm-user").options.length !== options.length) $("crm-user").replaceChildren(...options);
  showCalls();
  showFaults();
}

function showCalls() {
  $("no-calls").hidden = state.calls.length > 0;
  $("crm-hangup").disabled = !state.calls.some((call) => call.legs.some((leg) => leg.extension && leg.state !== "ended"));
  const shown = JSON.stringify([state.calls, language()]);
  // Rebuilding an unchanged list would take the focus from the button just pressed.
  if ($("calls").dataset.shown === shown) return;
  $("calls").dataset.shown = shown;
  const focused = document.activeElement;
  const leg = focused?.closest("[data-leg-id]")?.dataset.legId;
  $("calls").replaceChildren(...state.calls.map(callCard));
  // Whoever works with the keyboard stays where they were, or at the leg's next button.
  if (leg) ($(focused.id) ?? document.querySelector(`[data-leg-id="${CSS.escape(leg)}"] button`))?.focus();
  tick();
}

function callCard(call) {
  const live = call.legs.filter((leg) => leg.state !== "ended");
  const clientButton = action("hangup-client", call.id, t("hangupClient"), "hangup", { call_id: call.id }, "end");
  return make("li", { className: "call", data: { testid: "call", callId: call.id, state: call.state, direction: call.direction } },
    make("div", { className: "call-head" },
      make("b", {}, call.direction === "internal" ? t("internal") : phone(call.client_phone)),
      call.direction === "internal" ? undefined : make("span", { className: "direction" }, t(call.direction)),
      make("time", { data: { from: call.started_at } })),
    ...live.map((leg) => legRow(call, leg)),
    make("div", { className: "call-foot" },
      call.direction === "internal" ? undefined : clientButton,
      call.state === "ringing" ? action("miss", call.id, t("miss"), "miss", { call_id: call.id }) : undefined));
}

function legRow(call, leg) {
  const target = { call_id: call.id, leg_id: leg.id };
  const colleague = state.users.find((user) => !call.legs.some((other) => other.extension === user.extension && other.state !== "ended"));
  const buttons = {
    ringing: () => [action("answer", leg.id, t("answer"), "answer", target, "main")],
    talking: () => [
      action("hold", leg.id, t("hold"), "hold", target),
      colleague && action("transfer", leg.id, `→ ${colleague.extension}`, "transfer", { call_id: call.id, extension: colleague.extension }, "", `${t("transfer")} ${colleague.extension}`),
    ],
    held: () => [action("resume", leg.id, t("resume"), "resume", target, "main")],
  };
  const end = action("hangup-employee", leg.id, t("hangupEmployee"), "hangup", target, "end");
  return make("div", { className: "leg", data: { testid: "leg", legId: leg.id, extension: leg.extension ?? "", state: leg.state } },
    make("div", { className: "leg-head" },
      make("span", {}, leg.title),
      make("span", { className: "chip", data: { state: leg.state } }, t(leg.state))),
    make("div", { className: "row" }, ...(buttons[leg.state]?.() ?? []).filter(Boolean), end));
}

function action(testid, id, text, path, body, className = "", title = "") {
  const button = make("button", { type: "button", id: `${testid}-${id}`, className, title, textContent: text, data: { testid } });
  if (title) button.ariaLabel = title;
  button.addEventListener("click", () => post(path, path === "hangup" ? { ...body, record: $("record").checked } : body));
  return button;
}

function showFaults() {
  $("fault-silent").checked = !!state.faults.silent;
  for (const system of SYSTEMS) {
    const select = $(`fault-${system}`);
    select.value = state.faults[system] ?? "healthy";
    select.classList.toggle("on", select.value !== "healthy");
  }
}

function tick() {
  const now = Date.now() + clockOffset;
  for (const time of document.querySelectorAll("#calls time")) {
    const seconds = Math.max(0, Math.floor((now - Number(time.dataset.from)) / 1000));
    time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}

// --- Right: the story and the columns

function showColumns() {
  $("columns").replaceChildren(...SYSTEMS.map(column));
  $("story").replaceChildren(make("li", { className: "first" }, t("first")));
  for (const entry of entries.values()) showEntry(entry);
}

function column(system) {
  const list = make("ol", { id: `entries-${system}`, tabIndex: 0, ariaLabel: columnName(system), data: { testid: `entries-${system}` } });
  const more = make("button", { type: "button", className: "more main", hidden: true, textContent: t("more") });
  more.addEventListener("click", () => list.scrollTo(0, list.scrollHeight));
  // Newest last, and in view, until the reader scrolls back.
  let last = 0;
  list.addEventListener("scroll", () => {
    if (list.scrollTop < last - 4) list.dataset.reading = "yes";
    if (list.scrollHeight - list.scrollTop - list.clientHeight < 40) {
      delete list.dataset.reading;
      more.hidden = true;
    }
    last = list.scrollTop;
  });
  return make("section", { className: "column", id: `column-${system}`, data: { testid: `column-${system}`, system } },
    make("header", {}, make("h2", {}, columnName(system)), make("span", { className: "count" }), faultSwitch(system)),
    make("p", { className: "empty" }, columnHint(system)), list, more);
}

function faultSwitch(system) {
  const kinds = ["healthy", "down", "slow", "hang", ...(system === "workonflow" ? ["error_inside"] : [])];
  const select = make("select", { id: `fault-${system}`, ariaLabel: `${t("faultOf")} ${columnName(system)}`, data: { testid: `fault-${system}` } },
    ...kinds.map((kind) => make("option", { value: kind, textContent: t(kind) })));
  select.addEventListener("change", () => post("faults", { system, fault: select.value }));
  return select;
}

function showEntry(entry) {
  const column = $(`column-${entry.system}`);
  const list = column.querySelector("ol");
  column.querySelector(".empty").hidden = true;
  list.append(entryCard(entry));
  column.querySelector(".count").textContent = list.childElementCount;
  if (list.dataset.reading) column.querySelector(".more").hidden = false;
  else list.scrollTop = list.scrollHeight;
  tell(entry);
}

function entryCard(entry) {
  const sent = entry.operation.startsWith("→");
  const bad = entry.violations.length > 0;
  const odd = !bad && (entry.fault || entry.status === 0 || entry.status >= 400);
  const since = entry.since_ms === null ? undefined
    : make("span", { className: "since", title: `${entry.since_ms} ${t("since")}` }, `+${duration(entry.since_ms)}`);
  const data = { testid: "entry", system: entry.system, operation: entry.operation, type: entry.body?.type ?? "", seq: entry.seq, status: entry.status, violations: entry.violations.length };
  return make("li", { id: `entry-${entry.seq}`, className: ["entry", sent && "sent", bad && "bad", odd && "odd"].filter(Boolean).join(" "), data },
    make("div", { className: "entry-head" }, make("b", {}, title(entry)), since),
    make("p", { className: "what" }, summary(entry, state.users)),
    ...entry.violations.map((text) => make("p", { className: "violation", textContent: text })),
    details(entry));
}

function details(entry) {
  const status = entry.fault ? `${t("played")} ${entry.fault} · ${entry.status || "—"}` : entry.status || "—";
  const box = make("details", {}, make("summary", {},
    make("span", { className: "op" }, technicalName(entry)), make("span", { className: "status" }, String(status))));
  // Most are never opened: the JSON is printed when it is looked at.
  box.addEventListener("toggle", () => {
    if (!box.open || box.childElementCount > 1) return;
    box.append(make("h4", {}, `${t("request")}: ${entry.method} ${entry.path}${entry.query ? `?${entry.query}` : ""}`));
    if (entry.body !== null) box.append(make("pre", { textContent: pretty(entry.body) }));
    box.append(make("h4", {}, `${t("reply")}: ${entry.status || "—"}`));
    if (entry.reply !== null) box.append(make("pre", { textContent: pretty(entry.reply) }));
    box.scrollIntoView({ block: "nearest" });
  });
  return box;
}

/** `call-event appeared`, `→ leg.ringing`: the operation with what it is about. */
function technicalName({ operation, body }) {
  if (!body?.type) return operation;
  return operation === "→ webhook" ? `→ ${body.type}` : `${operation} ${body.type}`;
}

const pretty = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

function tell(entry) {
  const text = entry.violations.length ? entry.violations[0] : entry.status < 400 && !entry.fault ? story(entry) : undefined;
  if (!text) return;
  $("story").querySelector(".first")?.remove();
  const time = new Date(entry.at).toLocaleTimeString("ru", { hour12: false });
  const link = make("a", { href: `#entry-${entry.seq}`, textContent: columnName(entry.system) });
  link.addEventListener("click", (event) => { event.preventDefault(); flash(entry.seq); });
  $("story").append(make("li", {}, make("time", {}, time), make("span", {}, link, ` · ${text}`)));
  while ($("story").childElementCount > 3) $("story").firstElementChild.remove();
}

function flash(seq) {
  const card = $(`entry-${seq}`);
  card?.scrollIntoView({ block: "nearest" });
  card?.classList.add("flash");
  setTimeout(() => card?.classList.remove("flash"), 1500);
}

// --- Start

function values(form) {
  return Object.fromEntries(new FormData(form));
}

function ringForm() {
  const { client_phone, vats_phone, extensions } = values($("ring-form"));
  return { client_phone, vats_phone, extensions: extensions.split(",") };
}

function wire() {
  $("ring-form").addEventListener("submit", (event) => { event.preventDefault(); post("ring", ringForm()); });
  $("busy").addEventListener("click", () => post("busy", ringForm()));
  $("internal").addEventListener("click", () => post("internal", { from: "101", to: "102" }));
  $("crm-form").addEventListener("submit", (event) => { event.preventDefault(); post("crm/call", values($("crm-form"))); });
  $("crm-hangup").addEventListener("click", () => post("crm/hangup", {}));
  for (const button of document.querySelectorAll("[data-post]")) {
    button.addEventListener("click", () => post(button.dataset.post));
  }
  $("all-healthy").addEventListener("click", () => post("faults", { all: "healthy" }));
  $("fault-silent").addEventListener("change", (event) => post("faults", { silent: event.target.checked }));
  $("revoke").addEventListener("click", () => post("faults", { revoke_access_key: true }));
  $("clear").addEventListener("click", async () => { await post("clear"); entries.clear(); showColumns(); });
  $("language").addEventListener("click", () => choose(language() === "ru" ? "en" : "ru"));
  setInterval(tick, 500);
}

function choose(name) {
  setLanguage(name);
  $("language").textContent = name === "ru" ? "English" : "Русский";
  $("language").lang = name === "ru" ? "en" : "ru";
  connection($("connection").dataset.state, $("connection").dataset.phrase ?? "connecting");
  showColumns();
  showState();
}

choose("ru");
wire();
// The names of users come with the state; entries shown before it would lack them.
await refresh();
listen();
