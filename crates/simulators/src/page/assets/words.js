// Every word of the page, in Russian and English: labels, names of operations and what each of them means.

const labels = {
  en: {
    skip: "Skip to what the systems received", sandbox: "sandbox", links: "Links", pbx: "PBX", client: "Client's number",
    vats: "Company's number", rings: "Rings at", both: "both", ring: "Call", busy: "Busy",
    internal: "101 → 102", live: "On the line now", crm: "Employee in the CRM", user: "Who calls", whom: "Whom",
    noCalls: "All quiet. Press Call, then Answer, and look to the right.", call: "Call", hangup: "Hang up",
    system: "Kontur's system calls", faults: "Faults", healthyAll: "All healthy", story: "What happened", clear: "Clear",
    record: "record conversations", faultsHint: "Choose a system's fault above its column.", revoke: "Revoke the access key",
    silent: "The PBX is silent: no events, history only",
  },
  ru: {},
};

const phrases = {
  connecting: ["подключение…", "connecting…"], online: ["на связи", "live"], lost: ["связь потеряна", "connection lost"],
  integration: ["интеграция", "integration"], answer: ["Ответить", "Answer"], hold: ["Удержать", "Hold"],
  resume: ["Вернуть", "Resume"], transfer: ["Перевести на", "Transfer to"], miss: ["Не отвечать", "Miss"],
  hangupEmployee: ["Завершить", "Hang up"], hangupClient: ["Клиент кладёт трубку", "Client hangs up"],
  ringing: ["звонит", "ringing"], talking: ["разговор", "talking"], held: ["на удержании", "on hold"],
  ended: ["завершено", "ended"], inbound: ["входящий", "inbound"], outbound: ["исходящий", "outbound"],
  internal: ["внутренний", "internal"], "inbound with": ["входящий от", "inbound from"], "outbound with": ["исходящий на", "outbound to"],
  "internal with": ["внутренний на", "internal to"], busy: ["занято", "busy"], no_answer: ["не ответили", "no answer"], cancelled: ["отменён", "cancelled"],
  unreachable: ["недоступен", "unreachable"], rejected: ["отклонён", "rejected"], error: ["ошибка", "error"], healthy: ["исправно", "healthy"], down: ["503", "503"],
  slow: ["медленно, 3 с", "slow, 3 s"], hang: ["не отвечает", "hangs"], error_inside: ["200 с ошибкой", "200 with error"],
  faultOf: ["Сбой системы", "Fault of"], request: ["Запрос", "Request"], reply: ["Ответ", "Reply"],
  more: ["↓ новое", "↓ new"], since: ["мс после события АТС", "ms after the PBX's event"], played: ["сбой", "fault"],
  failed: ["не получилось", "did not work"], first: ["Здесь появится рассказ о каждом шаге звонка.", "Every step of a call is told here."],
  ms: ["мс", "ms"], s: ["с", "s"], employee: ["сотрудник", "employee"], clientWord: ["клиент", "client"], noAnswer: ["нет ответа", "no answer"],
  nobody: ["никто не ответил", "nobody answered"], talked: ["разговор", "talk"],
  docs: ["Описание API", "API reference"], admin: ["Админ-API", "Admin API"], metrics: ["Метрики", "Metrics"], console: ["Консоль", "Console"],
  refused: ["отказ", "refused"], later: ["через", "in"], now: ["сразу", "at once"],
  found: ["найден", "found"], none: ["не найдено", "none"], high: ["ВЫСОКИЙ", "HIGH"], normal: ["обычный", "normal"],
};

export const columns = {
  kontur: ["Контур", "Kontur", "Здесь видно, что Контур узнаёт о звонке: начался, идёт, завершён, записан в историю.", "What Kontur learns of a call: started, in progress, finished, registered."],
  workonflow: ["Workonflow", "Workonflow", "Здесь появится клиент, его тред и один комментарий о каждом звонке.", "The client, the thread and one comment for every call."],
  metabot: ["Metabot", "Metabot", "Здесь появятся задачи боту, например после пропущенного звонка.", "Jobs for the bot, for example after a missed call."],
  pbx: ["АТС", "PBX", "Здесь видно события, которые АТС отправляет, и команды, которые она получает.", "Events the PBX sends and commands it gets."],
};

// operation: [Russian title, English title, Russian story, English story]; no story: not worth a sentence.
const operations = {
  kontur: {
    "call-started": ["Звонок начался", "Call started", "Контур узнал о звонке и завёл карточку коммуникации.", "Kontur learned of the call and made a communication."],
    "call-event": ["Событие звонка", "Call event"],
    "call-event appeared": ["Телефон звонит", "Phone rings", "У сотрудника в CRM всплыло окно звонка.", "The call pops up in the employee's CRM."],
    "call-event connected": ["Разговор идёт", "Talking", "Сотрудник ответил: карточка показывает разговор.", "The employee answered: the card shows a conversation."],
    "call-event paused": ["На удержании", "On hold", "Клиент слушает музыку, CRM показывает удержание.", "The client is on hold, and the CRM shows it."],
    "call-event disconnected": ["Участник отключился", "Leg ended", "Один из участников больше не на линии.", "One party is off the line."],
    "call-finished": ["Звонок завершён", "Call finished", "Контур закрыл окно звонка.", "Kontur closed the call's card."],
    "call-failed": ["Звонок не состоялся", "Call failed", "Вызов, о котором просил сотрудник, не удался; Контур об этом знает.", "The call a user asked for did not come about, and Kontur knows."],
    "call-recording": ["Запись добавлена", "Recording added", "К звонку в истории добавлена запись разговора.", "The recording was added to the call."],
    "register-call": ["Звонок в истории", "Call registered", "Звонок записан в историю Контура, ровно один раз.", "The call is in Kontur's history, exactly once."],
    "call-redirect": ["Кто отвечает за клиента?", "Who is responsible?"],
    "authorize-private-integration": ["Ключ доступа получен", "Access key given", "Сервер обменял ключ интеграции на ключ доступа: он живёт 20 минут и хранится только в памяти.", "The server traded its API key for an access key: 20 minutes, in memory only."],
    "instances/get": ["Установка прочитана", "Instance read"],
    "instances/patch": ["Установка настроена", "Instance configured", "Сервер привёл возможности, настройки и вебхуки установки в порядок одной правкой.", "The server brought features, settings and webhooks up to date in one patch."],
    "ui-settings": ["Главная телефония?", "Main telephony?"],
    "files/upload": ["Запись загружена", "Recording uploaded"],
    "→ setup": ["Администратор: «Настроить»", "Administrator: setup", "Контур попросил интеграцию настроиться.", "Kontur asked the integration to set itself up."],
    "→ upgrade": ["По расписанию: обновление", "Schedule: upgrade", "Контур спросил, не изменилась ли версия: обычно делать нечего.", "Kontur's regular question whether the version changed: usually nothing to do."],
    "→ sync": ["По расписанию: синхронизация", "Schedule: sync", "Контур попросил сверить историю: всё, чего не было, будет записано.", "Kontur asked to compare histories: what is missing is registered."],
    "→ call": ["Сотрудник: «Позвонить»", "User: call", "Сотрудник нажал «Позвонить» в карточке клиента.", "A user pressed Call on a client's card."],
    "→ hangup": ["Сотрудник: «Завершить»", "User: hang up", "Сотрудник нажал «Завершить» в окне звонка.", "A user pressed Hang up."],
  },
  workonflow: {
    "contact/read": ["Поиск клиента", "Contact looked up"],
    "contact/create": ["Новый контакт", "Contact created", "Такого номера ещё не было: в Workonflow создан контакт.", "A number not seen before: a contact was made in Workonflow."],
    "thread/read": ["Открытый тред?", "Open thread?"],
    "thread/create": ["Новый тред", "Thread created", "Открытого треда у клиента не было: создан новый.", "The client had no open thread: a new one was made."],
    "comment/read": ["Проверка комментариев", "Comments read"],
    "comment/create": ["Комментарий о звонке", "Call comment", "В треде клиента появился комментарий о звонке.", "The client's thread got a comment on the call."],
    "thread.fields.priority": ["Приоритет треда", "Thread priority", "Звонок пропущен: тред стал срочным.", "A missed call: the thread became urgent."],
    "thread.status": ["Статус треда", "Thread status", "Клиенту перезвонили: тред перешёл в другой статус.", "The client was called back: the thread moved on."],
    "stream.status/read": ["Статусы потока", "Statuses read"], "stream/read": ["Поток прочитан", "Stream read"],
  },
  metabot: {
    "jobs/schedule": ["Задача боту", "Job scheduled", "Бот получил задачу по этому звонку.", "The bot got a job for this call."],
  },
  pbx: {
    "→ webhook": ["События", "Events"],
    "→ webhook call.started": ["Звонок поступил", "Call came in", "АТС сообщила о новом звонке.", "The PBX reported a new call."],
    "→ webhook leg.ringing": ["Телефон звонит", "Phone rings"], "→ webhook leg.answered": ["Трубку сняли", "Answered"],
    "→ webhook leg.held": ["Удержание", "Held"], "→ webhook leg.resumed": ["Снова говорят", "Resumed"],
    "→ webhook leg.ended": ["Участник отключился", "Leg ended"], "→ webhook recording.ready": ["Запись готова", "Recording ready"],
    "→ webhook call.finished": ["Звонок окончен", "Call finished", "АТС сообщила, что звонок окончен.", "The PBX reported the end of the call."],
    "→ webhook call.failed": ["Вызов не удался", "Call failed", "АТС не смогла соединить.", "The PBX could not connect the call."],
    "calls/create": ["Набрать номер", "Dial", "АТС получила команду соединить сотрудника с клиентом.", "The PBX was told to connect an employee with a client."],
    "legs/delete": ["Положить трубку", "Hang up", "АТС получила команду завершить разговор.", "The PBX was told to end the conversation."],
    "calls/list": ["История прочитана", "History read"], "calls/get": ["Звонок прочитан", "Call read"],
    "recordings/get": ["Запись скачана", "Recording downloaded"],
  },
};

let index = 0;

/** "ru" or "en". */
export const language = () => (index === 0 ? "ru" : "en");

/** Chooses the language and rewrites every element that has a `data-t` attribute. */
export function setLanguage(name) {
  for (const element of document.querySelectorAll("[data-t]")) {
    labels.ru[element.dataset.t] ??= element.textContent;
    element.textContent = labels[name][element.dataset.t];
  }
  index = name === "en" ? 1 : 0;
  document.documentElement.lang = name;
}

/** A phrase in the chosen language; unknown ones as they are. */
export const t = (key) => phrases[key]?.[index] ?? key;

export const columnName = (system) => columns[system][index];
export const columnHint = (system) => columns[system][index + 2];

const meaning = (entry) => {
  const known = operations[entry.system] ?? {};
  return known[`${entry.operation} ${entry.body?.type}`] ?? known[entry.operation];
};

/** The name of an operation for people; the technical name if there is none. */
export const title = (entry) => meaning(entry)?.[index] ?? entry.operation;

/** What the operation means in the life of a call; nothing for routine. */
export const story = (entry) => meaning(entry)?.[index + 2];
