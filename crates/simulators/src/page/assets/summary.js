// One or two lines that say what a request is about, for someone who does not read JSON.

import { language, t } from "./words.js";

/** `79997775533` → `+7 999 777-55-33`, never broken across lines; anything else as it is. */
export function phone(text) {
  const digits = String(text ?? "").replace(/\D/g, "");
  const parts = /^7(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(digits);
  return parts ? `+7\u00a0${parts[1]}\u00a0${parts[2]}\u2011${parts[3]}\u2011${parts[4]}` : String(text ?? "—");
}

/** Milliseconds for people. */
export function duration(ms) {
  if (ms < 1000) return `${ms} ${t("ms")}`;
  return `${(ms / 1000).toLocaleString(language(), { maximumFractionDigits: 1 })} ${t("s")}`;
}

/** What the entry is about. */
export function summary(entry, users) {
  const body = entry.body ?? {};
  const text = writers[entry.system]?.(entry, body, users) ?? "";
  const refusal = entry.status >= 400 || (entry.reply?.code ?? 200) >= 400 ? entry.reply?.message ?? entry.reply?.massage ?? entry.reply?.error : undefined;
  return refusal ? `${text}${text && "\n"}${t("refused")}: ${refusal}` : text;
}

const whom = (direction, number) => `${t(`${direction} with`)} ${phone(number)}`;

const writers = { kontur, workonflow, metabot, pbx };

function kontur(entry, body, users) {
  switch (entry.operation) {
    case "call-started":
    case "call-finished":
      return whom(body.direction, body.clientPhone);
    case "call-event":
      return `${person(body.from, users)} → ${person(body.to, users)}`;
    case "register-call":
      return `${whom(body.direction, body.clientPhone)}\n${talk(body.items ?? [])}`;
    case "authorize-private-integration":
      return entry.reply?.workspace?.name ?? "";
    case "instances/get":
      return entry.reply?.status ?? "";
    case "instances/patch":
      return (body.operations ?? []).map((operation) => `${operation.op} ${operation.path}`).join("\n");
    case "→ call":
      return `${person({ type: "user", userId: body.fromUserId }, users)} → ${phone(body.clientPhone)}`;
    case "→ hangup":
      return person({ type: "user", userId: body.userId }, users);
    default:
      return entry.operation.startsWith("→") && typeof entry.reply === "string" ? entry.reply : "";
  }
}

function talk(items) {
  const spoken = items.filter((item) => item.startedAt);
  if (spoken.length === 0) return t("nobody");
  const ms = spoken.reduce((sum, item) => sum + (Date.parse(item.finishedAt) - Date.parse(item.startedAt)), 0);
  return `${t("talked")} ${duration(ms)}`;
}

function person(party, users) {
  if (party?.type !== "user") return t("clientWord");
  const user = users.find((known) => known.kontur_user_id === party.userId);
  return user ? `${user.extension} ${user.name}` : t("employee");
}

function workonflow(entry, body, _users) {
  const parameters = body.query ?? (entry.query ? asked(entry.query) : body);
  const data = entry.reply?.data;
  switch (entry.operation) {
    case "contact/read":
      return [phone(parameters.customField), found(data, (contact) => contact.basicData?.name)].filter(Boolean).join(": ");
    case "contact/create":
      return parameters.basicData?.name ?? "";
    case "thread/read":
      return found(data, (thread) => thread.title);
    case "thread/create":
    case "thread.title":
      return parameters.title ?? "";
    case "comment/create":
      return comment(parameters);
    case "comment/read":
      return Array.isArray(data) && data.length ? `${t("found")}: ${data.length}` : found(data);
    case "thread.fields.priority":
      return parameters.priority === "HIGH" ? t("high") : t("normal");
    default:
      return "";
  }
}

/** What a search found; nothing when the search itself failed. */
function found(data, name) {
  if (!Array.isArray(data)) return "";
  return data.length > 0 ? data.map(name).join(", ") : t("none");
}

function comment({ att, text }) {
  const parts = Array.isArray(att) ? att.map((part) => part.data?.text ?? part.data?.id) : [att ?? text];
  return parts.filter(Boolean).join("\n");
}

function asked(query) {
  try {
    return JSON.parse(new URLSearchParams(query).get("query")) ?? {};
  } catch {
    return {};
  }
}

function metabot(_entry, body) {
  const what = ["script", "trigger", "broadcast"].flatMap((kind) => {
    const name = body[`${kind}_code`] ?? body[`${kind}_id`];
    return name === undefined ? [] : [`${kind} ${name}`];
  });
  const when = body.run_at ?? (body.run_after_sec ? `${t("later")} ${body.run_after_sec} ${t("s")}` : t("now"));
  const client = body.script_request_params?.client_phone;
  return [`${what.join(", ")} · ${when}`, client && phone(client)].filter(Boolean).join("\n");
}

function pbx(entry, body) {
  const events = body.events ?? (body.type ? [body] : []);
  if (events.length > 0) return events.map(eventText).join("\n");
  if (body.extension) return `${body.extension} → ${phone(body.client_phone)}`;
  if (Array.isArray(entry.reply?.calls)) return `${t("found")}: ${entry.reply.calls.length}`;
  return "";
}

function eventText(event) {
  const side = (party) => (party?.type === "user" ? party.extension : t("clientWord"));
  const text = event.leg ? `${side(event.leg.from)} → ${side(event.leg.to)}` : whom(event.direction, event.client_phone);
  return event.reason ? `${text}: ${t(event.reason)}` : text;
}
