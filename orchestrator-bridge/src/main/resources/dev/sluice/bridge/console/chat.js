// The conversation. Whatever a model or a user wrote goes into the page as text, never as HTML.

import { events, post } from "./server.js";

const byId = (id) => document.getElementById(id);
const list = byId("messages");
const prompt = byId("prompt");
const send = byId("send");
const welcome = byId("welcome");

/** Pixels; a longer prompt scrolls. */
const PROMPT_MAX = 180;
const EXAMPLES = ["Sort: 42, 7, 19", "How many hours are 3 days?", "What is 17 * 23?"];

let history = [];
let running = null;
let chatsOf = () => true;

/** Fills the list of models, keeping the choice. `chats` tells whether one has a template. */
export function showModels(models) {
  const select = byId("model");
  const names = models.map((model) => model.name);
  if ([...select.options].map((option) => option.value).join("\n") !== names.join("\n")) {
    const chosen = select.value;
    select.replaceChildren(...names.map((name) => new Option(name, name)));
    if (names.includes(chosen)) select.value = chosen;
  }
  chatsOf = (name) => models.find((model) => model.name === name)?.chat !== false;
}

export function startChat() {
  byId("examples").replaceChildren(...EXAMPLES.map((text) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = text;
    button.addEventListener("click", () => submit(text));
    return button;
  }));
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    if (running) stop();
    else submit(prompt.value);
  });
  prompt.addEventListener("input", grow);
  prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (!running) submit(prompt.value);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && running) stop();
  });
  byId("new-chat").addEventListener("click", reset);
  byId("model").addEventListener("change", reset);
  prompt.focus();
}

function reset() {
  stop();
  history = [];
  list.replaceChildren(welcome);
  prompt.focus();
}

function stop() {
  running?.abort();
}

function grow() {
  prompt.style.height = "auto";
  const height = prompt.scrollHeight + prompt.offsetHeight - prompt.clientHeight;
  prompt.style.height = Math.min(height, PROMPT_MAX) + "px";
  prompt.style.overflowY = height > PROMPT_MAX ? "auto" : "hidden";
}

function submit(text) {
  if (!text.trim() || running) return;
  welcome.remove();
  prompt.value = "";
  grow();
  history.push({ role: "user", content: text });
  bubble("user", "You").body.textContent = text;
  answer();
}

function bubble(role, name) {
  const article = document.createElement("article");
  article.className = "message " + role;
  const head = document.createElement("h3");
  head.textContent = name;
  const body = document.createElement("div");
  body.className = "body";
  const note = document.createElement("p");
  note.className = "note";
  article.append(head, body, note);
  list.append(article);
  list.scrollTop = list.scrollHeight;
  return { article, body, note };
}

async function answer() {
  const model = byId("model").value;
  const view = bubble("assistant", model);
  view.article.classList.add("open");
  view.article.setAttribute("aria-busy", "true");
  running = new AbortController();
  show(true);
  const clock = { began: performance.now(), first: 0, tokens: 0, usage: null };
  let text = "";
  let end = "";
  try {
    const chat = chatsOf(model);
    const response = await post(chat ? "/v1/chat/completions" : "/v1/completions",
      request(model, chat), running.signal);
    for await (const event of events(response)) {
      if (event.error) throw new Error(event.error.message);
      const choice = event.choices[0];
      const piece = choice?.delta?.content ?? choice?.text ?? "";
      const thought = choice?.delta?.reasoning_content ?? "";
      if (piece || thought) {
        clock.first ||= performance.now();
        clock.tokens++;
      }
      if (thought) think(view, thought);
      text += piece;
      append(view.body, piece);
      clock.usage = event.usage ?? clock.usage;
    }
  } catch (error) {
    end = error.name === "AbortError" ? "stopped" : "";
    if (!end) fail(view, error);
  }
  history.push({ role: "assistant", content: text });
  running = null;
  show(false);
  view.article.classList.remove("open");
  view.article.removeAttribute("aria-busy");
  view.note.textContent = summary(clock, end);
  prompt.focus();
}

function request(model, chat) {
  const common = { model, stream: true, stream_options: { include_usage: true } };
  return chat ? { ...common, messages: history }
    : { ...common, prompt: history.at(-1).content, max_tokens: 256 };
}

/** Adds text at the end, and keeps the end in sight if it was. */
function append(body, piece) {
  if (!piece) return;
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  body.append(piece);
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function think(view, thought) {
  let details = view.article.querySelector("details");
  if (!details) {
    details = document.createElement("details");
    const head = document.createElement("summary");
    head.textContent = "Reasoning";
    const body = document.createElement("div");
    body.className = "thought";
    details.append(head, body);
    view.body.before(details);
  }
  details.lastChild.append(thought);
}

function fail(view, error) {
  view.article.classList.add("failed");
  const line = document.createElement("p");
  line.setAttribute("role", "alert");
  line.textContent = error.message;
  view.body.append(line);
}

function summary(clock, end) {
  const parts = end ? [end] : [];
  const tokens = clock.usage?.completion_tokens ?? clock.tokens;
  if (clock.first) {
    const seconds = (performance.now() - clock.first) / 1000;
    parts.push(tokens + " tokens");
    if (tokens > 1 && seconds > 0) parts.push(Math.round((tokens - 1) / seconds) + " tokens/s");
    parts.push("first after " + Math.round(clock.first - clock.began) + " ms");
  }
  const cached = clock.usage?.prompt_tokens_details?.cached_tokens;
  if (cached) parts.push(cached + " of " + clock.usage.prompt_tokens + " prompt tokens cached");
  return parts.join(" · ");
}

function show(busy) {
  send.textContent = busy ? "Stop" : "Send";
  send.classList.toggle("stop", busy);
  byId("model").disabled = busy;
}
