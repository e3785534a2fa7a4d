"use strict";
// Everything that came from a request is set as text, never as markup.

const ACTIONS = [
  ["trigger", "Trigger", "Make the condition hold now"],
  ["drop", "Drop stream", "Disconnect its event streams; the job keeps running"],
  ["fail", "Fail", "End it as if the stream had gone offline"],
  ["cancel", "Cancel", "End it as DELETE /jobs/{id} does"],
];
const byId = (id) => document.getElementById(id);
const cards = new Map();

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function set(node, name, value) {
  if (node[name] !== value) node[name] = value;
}

function showNotice(text) {
  const notice = byId("notice");
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(showNotice.timer);
  showNotice.timer = setTimeout(() => { notice.hidden = true; }, 5000);
}

async function post(path, body) {
  try {
    const reply = await fetch(path, { method: "POST", body });
    if (reply.ok) return;
    const { message, remediation } = (await reply.json()).error;
    showNotice(`${message} ${remediation}`);
  } catch {
    showNotice("The stub server does not respond.");
  }
}

function newParts(job, card) {
  const parts = {
    card, active: job.active, view: make("div", "view"), picture: make("img"), pill: make("span", "pill"),
    what: make("span", "what"), where: make("span", "where mono"), how: make("span", "how"),
  };
  parts.picture.alt = "The latest picture";
  parts.view.append(parts.picture);
  card.dataset.job = job.job_id;
  return parts;
}

function newRow(job) {
  const parts = newParts(job, make("details", "row"));
  const summary = make("summary");
  summary.append(parts.pill, parts.what, parts.where, parts.how);
  parts.card.append(summary, parts.view);
  parts.card.addEventListener("toggle", () => showPicture(parts));
  return parts;
}

function newCard(job) {
  const parts = newParts(job, make("article", "card"));
  const text = make("div", "text");
  parts.bar = make("progress");
  parts.buttons = make("div", "buttons");
  text.append(parts.what, parts.where, parts.how);
  parts.view.append(parts.pill);
  parts.card.append(parts.view, parts.bar, text, parts.buttons);
  for (const [action, label, title] of ACTIONS) {
    const button = make("button", "", label);
    button.type = "button";
    button.title = title;
    button.setAttribute("aria-label", `${label} job ${job.job_id.slice(0, 8)}`);
    button.dataset.action = action;
    button.addEventListener("click", () => post(`/_stub/jobs/${encodeURIComponent(job.job_id)}/${action}`));
    parts.buttons.append(button);
  }
  return parts;
}

function showPicture(parts) {
  if (!parts.active && !parts.card.open) return;
  if (parts.picture.getAttribute("src") !== parts.source) parts.picture.src = parts.source;
}

function count(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function showJob(job) {
  if (cards.get(job.job_id)?.active !== job.active) cards.set(job.job_id, job.active ? newCard(job) : newRow(job));
  const parts = cards.get(job.job_id);
  const digest = job.job_type === "live-digest";
  parts.card.dataset.status = job.status;
  parts.view.dataset.note = `${job.job_type} · ${job.job_id.slice(0, 8)} · ${job.delivery}`;
  set(parts.pill, "textContent", job.reason ? `${job.status}: ${job.reason}` : job.status);
  set(parts.what, "textContent", digest ? "Summaries of the stream" : job.condition);
  set(parts.where, "textContent", job.stream_url);
  set(parts.where, "title", job.stream_url);
  const counts = digest
    ? [count(job.summaries, "summary").replace("summarys", "summaries")]
    : [count(job.checks, "check"), count(job.triggers, "trigger")];
  if (job.streams) counts.push(count(job.streams, "open stream"));
  set(parts.how, "textContent", [`${job.elapsed} s`, ...counts].join(" · "));
  parts.source = `/_stub/jobs/${job.job_id}/frame?v=${job.news}`;
  showPicture(parts);
  if (job.active) showControls(job, parts, digest);
  return parts.card;
}

function showControls(job, parts, digest) {
  parts.bar.hidden = job.limit === null;
  if (job.limit !== null) {
    parts.bar.max = job.limit;
    parts.bar.value = Math.min(job.elapsed, job.limit);
    parts.bar.setAttribute("aria-label", `${job.elapsed} of ${job.limit} s`);
  }
  for (const button of parts.buttons.children) {
    const action = button.dataset.action;
    button.hidden = (action === "trigger" && digest) || (action === "drop" && !job.streams);
  }
}

function arrange(parent, nodes) {
  nodes.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] || null);
  });
  while (parent.children.length > nodes.length) parent.lastChild.remove();
}

function showJobs(state) {
  const shown = new Set(state.jobs.map((job) => job.job_id));
  for (const id of cards.keys()) if (!shown.has(id)) cards.delete(id);
  const [active, ended] = [state.jobs.filter((job) => job.active), state.jobs.filter((job) => !job.active)];
  arrange(byId("jobs"), active.map(showJob));
  arrange(byId("finished"), ended.map(showJob));
  byId("ended").hidden = ended.length === 0;
  set(byId("ended-total"), "textContent", `${ended.length}`);
  byId("empty").hidden = state.total > 0;
  const more = state.total > state.jobs.length ? `, ${state.jobs.length} shown` : "";
  set(byId("total"), "textContent", state.total ? `${state.total}${more}` : "");
}

function newEvent(event) {
  const item = make("li");
  item.dataset.name = event.name;
  item.dataset.key = keyOf(event);
  const first = make("p", "first");
  const time = make("time", "", event.timestamp.slice(11, 19));
  time.dateTime = event.timestamp;
  first.append(time, make("span", "name", event.name));
  if (event.count > 1) first.append(make("span", "times", `${event.count} times`));
  first.append(make("span", "mono", event.job_id.slice(0, 8)));
  item.append(first);
  if (event.text) item.append(make("p", "", event.text));
  return item;
}

function showEvents(events) {
  const list = byId("events");
  const known = new Map([...list.children].map((item) => [item.dataset.key, item]));
  arrange(list, events.map((event) => known.get(keyOf(event)) || newEvent(event)));
}

function keyOf(event) {
  return `${event.number} ${event.count}`;
}

function showFacts(state) {
  const facts = [
    ["stub time", `${Math.floor(state.now)} s`],
    ["speed", state.speed === 0 ? "paused" : `${state.speed}×`],
    ["running", state.running],
    ["documentation", state.documentation],
  ];
  if (state.credits !== null) facts.push(["credits", state.credits]);
  const list = byId("facts");
  arrange(list, facts.map(([name, value], index) => {
    const pair = list.children[index] || make("div");
    if (!pair.children.length) pair.append(make("dt"), make("dd"));
    set(pair.children[0], "textContent", name);
    set(pair.children[1], "textContent", String(value));
    return pair;
  }));
}

function showStart(state) {
  byId("start").hidden = state.webhook_required;
  byId("startable").hidden = state.webhook_required;
  byId("webhook").hidden = !state.webhook_required;
  const key = state.any_key ? "any-key" : "ONE-OF-YOUR-KEYS";
  const command = `trio-client --base-url ${location.origin}/api watch rtsp://gate.example/live "A van is at the gate"`;
  set(byId("sample"), "textContent", `TRIO_API_KEY=${key} ${command}`);
}

function link(state, text) {
  byId("link").className = `link ${state}`;
  set(byId("link"), "textContent", text);
}

byId("start").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  post("/_stub/start", JSON.stringify(Object.fromEntries(new FormData(submitted.target))));
});

const feed = new EventSource("/_stub/live");
feed.addEventListener("open", () => link("live", "live"));
feed.addEventListener("error", () => link("lost", "connection lost, reconnecting"));
feed.addEventListener("message", (message) => {
  const state = JSON.parse(message.data);
  showFacts(state);
  showStart(state);
  showJobs(state);
  showEvents(state.events);
});
