// What the page asks of its server. The key lives in this module and nowhere else.

let key = "";
let askForKey = null;

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Says how to get a key: a function that resolves once the user has given one. */
export function onKeyNeeded(ask) {
  askForKey = ask;
}

export function useKey(text) {
  key = text;
}

/** A response with status 200, or a Refused with the server's own words. */
export async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (key) headers.Authorization = "Bearer " + key;
  const response = await fetch(path, { ...options, headers, cache: "no-store" });
  if (response.status === 401) {
    await askForKey(key !== "");
    return ask(path, options);
  }
  if (!response.ok) throw new Refused(response.status, await reason(response));
  return response;
}

async function reason(response) {
  const text = await response.text();
  try {
    return JSON.parse(text).error.message;
  } catch {
    return text || response.statusText;
  }
}

export async function askJson(path) {
  return (await ask(path)).json();
}

export function post(path, body, signal) {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}

/** The JSON values of an event stream, one after the other, until [DONE]. */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    let end;
    while ((end = text.indexOf("\n\n")) >= 0) {
      const data = text.slice(0, end).split("\n")
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(5).trimStart()).join("\n");
      text = text.slice(end + 2);
      if (data === "[DONE]") return;
      if (data) yield JSON.parse(data);
    }
  }
}
