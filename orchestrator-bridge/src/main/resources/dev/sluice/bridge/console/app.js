// The page's wiring: the theme, the key, and the figures, which are asked for once a second while
// somebody looks.

import { showModels, startChat } from "./chat.js";
import { modelCard, updateCard } from "./models.js";
import { sparkline } from "./charts.js";
import { bytes } from "./format.js";
import { askJson, onKeyNeeded, Refused, useKey } from "./server.js";

const byId = (id) => document.getElementById(id);
const PERIOD_MS = 1000;
const SAMPLES = 60;

const cards = new Map();
const speeds = [];
let before = null;
let waiting = null;

// ---- theme and views -----------------------------------------------------------------------

const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const theme = document.documentElement.dataset.theme;
  return theme ? theme === "dark" : prefersDark.matches;
}

function showTheme() {
  byId("theme").textContent = isDark() ? "Light" : "Dark";
  draw();
}

byId("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  showTheme();
});
prefersDark.addEventListener("change", showTheme);

for (const view of ["chat", "engine"]) {
  byId("view-" + view).addEventListener("click", () => {
    document.body.dataset.view = view;
    byId("view-chat").setAttribute("aria-pressed", view === "chat");
    byId("view-engine").setAttribute("aria-pressed", view === "engine");
    draw();
  });
}

// ---- the key -------------------------------------------------------------------------------

onKeyNeeded((tried) => {
  waiting ??= new Promise((resolve) => {
    const dialog = byId("key-dialog");
    if (tried) byId("key-note").textContent = "The server does not know that key.";
    byId("key").value = "";
    dialog.showModal();
    byId("key-form").addEventListener("submit", (event) => {
      event.preventDefault();
      useKey(byId("key").value.trim());
      dialog.close();
      waiting = null;
      resolve();
    }, { once: true });
  });
  return waiting;
});
// Without a key there is nothing to see, so the question stays.
byId("key-dialog").addEventListener("cancel", (event) => event.preventDefault());

// ---- figures -------------------------------------------------------------------------------

function tile(name, title, spark) {
  const box = document.createElement("div");
  box.className = "tile";
  const head = document.createElement("h2");
  head.textContent = title;
  const value = document.createElement("p");
  value.id = "tile-" + name;
  value.textContent = "–";
  const note = document.createElement("small");
  note.id = "note-" + name;
  box.append(head, value, note);
  if (spark) {
    const canvas = document.createElement("canvas");
    canvas.id = "speed";
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "Tokens per second over the last minute");
    box.append(canvas);
    box.classList.add("wide");
  }
  return box;
}

byId("tiles").append(tile("speed", "Tokens/s", true), tile("running", "Running"),
  tile("waiting", "Waiting"), tile("hits", "Prefix hits"), tile("memory", "Memory"));

const sum = (models, name) => models.reduce((total, model) => total + (model[name] ?? 0), 0);

function show(state) {
  const seconds = before ? (state.time_ms - before.time_ms) / 1000 : 0;
  const rates = new Map();
  for (const model of state.models) {
    const old = before?.models.find((each) => each.name === model.name);
    const drawn = (model.completion_tokens ?? 0) - (old?.completion_tokens ?? 0);
    // A model that was loaded again counts from 0.
    rates.set(model.name, old && seconds > 0 && drawn > 0 ? drawn / seconds : 0);
  }
  const speed = [...rates.values()].reduce((a, b) => a + b, 0);
  speeds.push(speed);
  if (speeds.length > SAMPLES) speeds.shift();
  byId("tile-speed").textContent = speed < 10 ? speed.toFixed(speed ? 1 : 0) : Math.round(speed);
  byId("tile-running").textContent = sum(state.models, "running");
  byId("tile-waiting").textContent = sum(state.models, "waiting");
  const asked = sum(state.models, "queried_tokens");
  byId("tile-hits").textContent = asked
    ? Math.round((100 * sum(state.models, "hit_tokens")) / asked) + " %" : "–";
  byId("tile-memory").textContent = bytes(state.memory_bytes);
  byId("note-memory").textContent = "of " + bytes(state.memory_max_bytes);
  byId("note-running").textContent = "of " + sum(state.models, "parallel") + " at once";
  byId("note-waiting").textContent = state.active_requests + " served";
  byId("note-hits").textContent = "of prompts";
  showModels(state.models);
  for (const model of state.models) {
    if (!cards.has(model.name)) {
      cards.set(model.name, modelCard(model));
      byId("models").append(cards.get(model.name).element);
    }
    updateCard(cards.get(model.name), model, rates.get(model.name));
  }
  before = state;
  draw();
}

function draw() {
  sparkline(byId("speed"), speeds);
  for (const card of cards.values()) card.draw();
}

function showCallers(usage) {
  byId("callers-card").hidden = usage.clients.length === 0;
  byId("callers").replaceChildren(...usage.clients.map((client) => {
    const row = document.createElement("tr");
    for (const text of [client.client, client.requests, client.prompt_tokens,
      client.cached_tokens, client.completion_tokens,
      (client.engine_ms / 1000).toFixed(2) + " s"]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      row.append(cell);
    }
    return row;
  }));
}

async function look() {
  try {
    if (document.visibilityState === "visible") {
      show(await askJson("/console/state"));
      showCallers(await askJson("/v1/usage"));
      status("live", "live");
    }
  } catch (error) {
    status("lost", error instanceof Refused ? error.message : "no connection");
  }
  setTimeout(look, PERIOD_MS);
}

function status(state, text) {
  byId("status").dataset.state = state;
  // Told once and not each second: screen readers read it out.
  if (byId("status-text").textContent !== text) byId("status-text").textContent = text;
}

new ResizeObserver(draw).observe(byId("engine"));
showTheme();
startChat();
look();
