// A card for each model: its state and memory, its queue, its pages, and where its experts work.

import { expertAt, heatMap, pagePool } from "./charts.js";
import { bytes } from "./format.js";
import { post } from "./server.js";

/** How much a new second counts: the picture follows in about three. */
const FRESH = 0.4;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function modelCard(model) {
  const card = { element: element("section", "card model"), figures: element("dl", "figures") };
  card.element.dataset.model = model.name;
  const head = element("div", "card-head");
  card.state = element("span", "chip");
  card.size = element("span", "size");
  card.load = loadButton(card);
  head.append(element("h2", "", model.name), card.state, card.size, card.load);
  card.hint = element("p", "hint");
  card.refusal = element("p", "hint refusal");
  card.refusal.setAttribute("role", "status");
  card.bar = element("div", "bar");
  card.bar.append(element("span"), element("span"), element("span"));
  card.pages = pagesPart();
  card.experts = expertsPart();
  card.element.append(head, card.bar, card.hint, card.refusal, card.figures, card.pages.element, card.experts.element);
  card.draw = () => draw(card);
  return card;
}

/** Loads a model, or unloads it: what it says. A refusal is shown in the card. */
function loadButton(card) {
  const button = element("button", "quiet load");
  button.type = "button";
  button.addEventListener("click", async () => {
    const act = card.model.state === "loaded" ? "unload" : "load";
    button.disabled = true;
    card.refusal.textContent = "";
    try {
      await post("/models/" + act, { model: card.model.name });
    } catch (problem) {
      card.refusal.textContent = problem.message;
    }
    button.disabled = false;
  });
  return button;
}

export function updateCard(card, model, speed) {
  card.model = model;
  card.load.textContent = model.state === "loaded" ? "Unload" : "Load";
  card.load.hidden = model.state === "loading" || model.state === "closing";
  card.load.setAttribute("aria-label", card.load.textContent + " " + model.name);
  card.state.textContent = model.state === "absent" ? "not loaded" : model.state;
  card.state.dataset.state = model.state;
  card.size.textContent = bytes(model.bytes);
  const loaded = model.state === "loaded" && model.pages;
  card.hint.textContent = loaded ? memory(model)
    : model.state === "absent" ? "Is loaded when a request names it." : "";
  card.bar.hidden = !loaded;
  card.figures.hidden = !loaded;
  card.pages.element.hidden = !loaded;
  card.experts.element.hidden = !loaded || !model.experts;
  if (!loaded) return;
  ["weights", "kv", "scratch"].forEach((part, i) => {
    card.bar.children[i].style.flexGrow = model.memory[part];
  });
  figures(card.figures, model, speed);
  const kept = model.pages.total - model.pages.free - model.pages.used;
  card.pages.note.textContent = `${model.pages.used} in use, ${kept} kept, `
    + `${model.pages.free} free of ${model.pages.total}`;
  card.pages.canvas.setAttribute("aria-label", "Pages of keys and values: "
    + card.pages.note.textContent);
  if (model.experts) follow(card.experts, model.experts);
}

function memory(model) {
  return `weights ${bytes(model.memory.weights)}, keys and values ${bytes(model.memory.kv)}, `
    + `scratch ${bytes(model.memory.scratch)}; context ${model.context}, `
    + `${model.parallel} at once`;
}

function figures(list, model, speed) {
  const hits = model.queried_tokens
    ? Math.round((100 * model.hit_tokens) / model.queried_tokens) + " %" : "–";
  const step = model.steps ? (model.step_ms / model.steps).toFixed(1) + " ms" : "–";
  const shown = [["tokens/s", speed < 10 ? speed.toFixed(speed ? 1 : 0) : Math.round(speed)],
    ["running", model.running], ["waiting", model.waiting], ["prefix hits", hits],
    ["tokens", model.completion_tokens], ["mean step", step]];
  if (model.guessed_tokens) {
    shown.push(["guesses right",
      Math.round((100 * model.accepted_tokens) / model.guessed_tokens) + " %"]);
  }
  if (model.preemptions) shown.push(["preemptions", model.preemptions]);
  if (model.expert_cache) {
    const all = model.expert_cache.hits + model.expert_cache.misses;
    shown.push(["expert cache", all
      ? Math.round((100 * model.expert_cache.hits) / all) + " % hits" : "–"]);
  }
  list.replaceChildren(...shown.map(([name, value]) => {
    const pair = element("div");
    pair.append(element("dt", "", name), element("dd", "", value));
    return pair;
  }));
}

function pagesPart() {
  const part = { element: element("div", "part"), canvas: element("canvas") };
  part.note = element("p", "legend-note");
  part.canvas.setAttribute("role", "img");
  const head = element("div", "part-head");
  head.append(element("h3", "", "Page pool"), part.note);
  part.element.append(head, part.canvas,
    legend([["used", "in use"], ["kept", "kept for reuse"], ["free", "free"]]));
  return part;
}

function legend(entries) {
  const list = element("ul", "legend");
  for (const [kind, text] of entries) {
    const entry = element("li", "", text);
    entry.dataset.kind = kind;
    list.append(entry);
  }
  return list;
}

function expertsPart() {
  const part = { element: element("div", "part experts"), canvas: element("canvas"),
    recent: true, counts: null, shares: [], layers: [] };
  part.note = element("p", "legend-note");
  part.switch = element("button", "quiet", "Since start");
  part.switch.type = "button";
  part.canvas.setAttribute("role", "img");
  const head = element("div", "part-head");
  head.append(element("h3", "", "Experts by layer"), part.switch);
  part.element.append(head, part.canvas,
    legend([["free", "no load"], ["mean", "even share"], ["hot", "3 times and more"]]),
    part.note);
  part.switch.addEventListener("click", () => {
    part.recent = !part.recent;
    part.switch.textContent = part.recent ? "Since start" : "Last seconds";
    describe(part);
    drawExperts(part);
  });
  part.canvas.addEventListener("pointermove", (event) => point(part, event));
  part.canvas.addEventListener("pointerleave", () => describe(part));
  return part;
}

/** Shares of what came since the last look, mixed with those before; unchanged while idle. */
function follow(part, experts) {
  const counts = experts.layers.map((layer) => layer.counts);
  const old = part.counts;
  part.layers = experts.layers.map((layer) => layer.layer);
  part.violations = experts.layers.map((layer) => layer.max_violation);
  part.tokens = experts.tokens;
  part.total = counts.map(shared);
  const restarted = !old || counts.some((row, l) => row.some((n, e) => n < old[l][e]));
  if (restarted || !part.shares.length) {
    part.shares = part.total;
  } else {
    const came = counts.map((row, l) => row.map((n, e) => n - old[l][e]));
    part.shares = came.map((row, l) => row.some((n) => n > 0)
      ? shared(row).map((share, e) => FRESH * share + (1 - FRESH) * part.shares[l][e])
      : part.shares[l]);
  }
  part.counts = counts;
  describe(part);
}

function shared(row) {
  const all = row.reduce((a, b) => a + b, 0);
  return row.map((n) => (all ? n / all : 0));
}

const shown = (part) => (part.recent ? part.shares : part.total);

function describe(part) {
  if (!part.counts) return;
  const worst = part.violations.indexOf(Math.max(...part.violations));
  const text = (part.recent ? "The last seconds" : "Since the model was loaded")
    + ` · ${part.tokens} tokens so far · least even: layer ${part.layers[worst]}, `
    + `MaxVio ${part.violations[worst].toFixed(2)}`;
  part.note.textContent = text;
  part.canvas.setAttribute("aria-label", "Load of experts by layer: " + text);
}

function point(part, event) {
  const at = expertAt(part.canvas, event.offsetX, event.offsetY, shown(part));
  if (at.length === 0) {
    describe(part);
    return;
  }
  const [layer, expert] = at;
  const row = shown(part)[layer];
  part.note.textContent = `layer ${part.layers[layer]}, expert ${expert}: `
    + `${(100 * row[expert]).toFixed(1)} % of the layer's load, `
    + `${(row[expert] * row.length).toFixed(2)} times its even share`;
}

function drawExperts(part) {
  if (part.counts) heatMap(part.canvas, part.layers, shown(part));
}

function draw(card) {
  if (!card.model?.pages) return;
  pagePool(card.pages.canvas, card.model.pages);
  drawExperts(card.experts);
}
