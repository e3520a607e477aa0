// Goal: OpenAI's client for Node works with this server. Run by OpenAiNodeTest, which starts a
// server with a tiny random model and two keys, and sets SLUICE_URL; grammars make the answers
// predictable.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const client = new OpenAI({ apiKey: "right", baseURL: process.env.SLUICE_URL, maxRetries: 0 });
const messages = [{ role: "user", content: "Say something." }];
const model = "tiny";
const parameters = {
  type: "object",
  properties: { city: { enum: ["Oslo", "Rome"] } },
  required: ["city"],
  additionalProperties: false,
};
const weather = { type: "function", function: { name: "weather", parameters, strict: true } };

test("chat, whole and streamed", async () => {
  const request = { model, messages, max_completion_tokens: 12, temperature: 0 };
  const whole = await client.chat.completions.create(request);
  const stream = await client.chat.completions.create({
    ...request,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  let usage;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(usage.completion_tokens, 12);
});

test("logprobs have bytes", async () => {
  const answer = await client.chat.completions.create({
    model, messages, max_tokens: 4, logprobs: true, top_logprobs: 3, seed: 1,
  });
  const tokens = answer.choices[0].logprobs.content;
  assert.equal(tokens.length, 4);
  assert.equal(tokens[0].top_logprobs.length, 3);
  assert.ok(Array.isArray(tokens[0].bytes));
});

test("a loop of tools that the client runs", async () => {
  const asked = [];
  const runner = client.chat.completions.runTools({
    model,
    messages,
    max_completion_tokens: 200,
    parallel_tool_calls: false,
    tool_choice: { type: "function", function: { name: "weather" } },
    tools: [{
      type: "function",
      function: {
        name: "weather",
        parameters,
        parse: JSON.parse,
        function: ({ city }) => {
          asked.push(city);
          return "12 degrees";
        },
      },
    }],
  });
  await runner.done();
  assert.ok(["Oslo", "Rome"].includes(asked[0]), JSON.stringify(asked));
  const results = runner.messages.filter((message) => message.role === "tool");
  assert.equal(results[0].content, "12 degrees");
});

test("a streamed call", async () => {
  const stream = client.chat.completions.stream({
    model, messages, tools: [weather], tool_choice: "required", parallel_tool_calls: false,
    max_completion_tokens: 200,
  });
  const deltas = [];
  stream.on("tool_calls.function.arguments.delta", (event) => deltas.push(event));
  const message = (await stream.finalChatCompletion()).choices[0].message;
  assert.ok(deltas.length > 0);
  assert.ok(["Oslo", "Rome"].includes(message.tool_calls[0].function.parsed_arguments.city));
});

test("structured outputs", async () => {
  const answer = await client.chat.completions.parse({
    model, messages, max_completion_tokens: 200,
    response_format: {
      type: "json_schema",
      json_schema: { name: "place", strict: true, schema: parameters },
    },
  });
  const content = JSON.parse(answer.choices[0].message.content);
  assert.ok(["Oslo", "Rome"].includes(content.city));
});

test("responses, whole, streamed and chained", async () => {
  const request = { model, input: "Say something.", max_output_tokens: 12, temperature: 0 };
  const whole = await client.responses.create(request);
  assert.equal(whole.status, "incomplete");
  const stream = client.responses.stream(request);
  let text = "";
  stream.on("response.output_text.delta", (event) => {
    text += event.delta;
  });
  const last = await stream.finalResponse();
  assert.equal(text, whole.output_text);
  assert.equal(last.output_text, whole.output_text);
  const next = await client.responses.create({
    ...request, input: "And then?", previous_response_id: whole.id,
  });
  assert.ok(next.usage.input_tokens_details.cached_tokens >= whole.usage.input_tokens);
  const items = [];
  for await (const item of client.responses.inputItems.list(next.id, { order: "asc" })) {
    items.push(item.type);
  }
  assert.deepEqual(items, ["message", "message", "message"]);
  assert.equal((await client.responses.retrieve(next.id)).id, next.id);
  await client.responses.delete(next.id);
  await assert.rejects(client.responses.retrieve(next.id), OpenAI.NotFoundError);
});

test("a call in responses, and its output", async () => {
  const tools = [{ type: "function", name: "weather", parameters, strict: true }];
  const first = await client.responses.create({
    model, input: "Say something.", tools, tool_choice: "required", parallel_tool_calls: false,
    max_output_tokens: 200,
  });
  const call = first.output.find((item) => item.type === "function_call");
  assert.ok(["Oslo", "Rome"].includes(JSON.parse(call.arguments).city));
  const second = await client.responses.create({
    model, tools, tool_choice: "none", previous_response_id: first.id, max_output_tokens: 12,
    input: [{ type: "function_call_output", call_id: call.call_id, output: "12 degrees" }],
  });
  assert.equal(second.previous_response_id, first.id);
  const parsed = await client.responses.parse({
    model, input: "Say something.", max_output_tokens: 200,
    text: { format: { type: "json_schema", name: "place", strict: true, schema: parameters } },
  });
  assert.ok(["Oslo", "Rome"].includes(JSON.parse(parsed.output_text).city));
});

test("errors are the client's", async () => {
  const request = { model, messages, max_tokens: 2 };
  await assert.rejects(
    client.chat.completions.create({ ...request, web_search_options: {} }),
    (error) => error instanceof OpenAI.BadRequestError && error.param === "web_search_options",
  );
  await assert.rejects(
    client.responses.create({ model, input: "x", tools: [{ type: "web_search" }] }),
    (error) => error instanceof OpenAI.BadRequestError && error.message.includes("web_search"),
  );
  await assert.rejects(
    client.chat.completions.create({ ...request, model: "nobody" }),
    (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
  );
  const stranger = client.withOptions({ apiKey: "wrong" });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
});

test("embeddings as floats, as base64 and of tokens", async () => {
  const input = ["hello world", "a"];
  const asked = { model: "embedder", input };
  // Without a format the client asks for base64 and decodes it.
  const list = await client.embeddings.create(asked);
  assert.deepEqual(list.data.map((entry) => entry.index), [0, 1]);
  assert.equal(list.data[0].embedding.length, 24);
  assert.notDeepEqual(list.data[0].embedding, list.data[1].embedding);
  const floats = await client.embeddings.create({ ...asked, encoding_format: "float" });
  list.data.forEach((entry, i) => entry.embedding.forEach((value, j) =>
    assert.ok(Math.abs(value - floats.data[i].embedding[j]) < 1e-6)));
  assert.equal(list.usage.prompt_tokens, list.usage.total_tokens);
  await assert.rejects(client.embeddings.create({ model, input }), OpenAI.BadRequestError);
});
