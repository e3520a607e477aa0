package dev.sluice.bridge.responses;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.serve.RunningServer;
import dev.sluice.bridge.serve.RunningServer.Reply;
import dev.sluice.bridge.serve.ToolModel;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: `/v1/responses` says what OpenAI's does. Method: the protocol by hand, against a server
/// with a tiny random model; grammars make its answers predictable.
final class ResponsesTest {
    private static final String PATH = "/v1/responses";
    private static final String TOOL = "{\"type\":\"function\",\"name\":\"add\",\"parameters\":"
            + "{\"type\":\"object\",\"properties\":{\"a\":{\"enum\":[1,2]}},"
            + "\"required\":[\"a\"],\"additionalProperties\":false}}";

    @TempDir
    private Path folder;

    private RunningServer server() throws IOException {
        return server(ApiKeys.OPEN, ToolModel.HERMES);
    }

    private RunningServer server(ApiKeys keys, String template) throws IOException {
        return new RunningServer(HttpOptions.defaults(), keys, new ToolModel(
                Files.createTempDirectory(folder, "model"), template));
    }

    private static String body(String input, String more) {
        return "{\"input\":" + input + ",\"max_output_tokens\":12,\"temperature\":0" + more + "}";
    }

    private static Map<?, ?> created(RunningServer server, String body) throws Exception {
        Reply reply = server.post(PATH, body);
        assertEquals(200, reply.status(), reply.body());
        return reply.json();
    }

    private static Map<?, ?> item(Map<?, ?> response, int index) {
        return (Map<?, ?>) ((List<?>) response.get("output")).get(index);
    }

    private static String text(Map<?, ?> item) {
        return (String) ((Map<?, ?>) ((List<?>) item.get("content")).getFirst()).get("text");
    }

    private static long cached(Map<?, ?> response) {
        return (Long) ((Map<?, ?>) ((Map<?, ?>) response.get("usage"))
                .get("input_tokens_details")).get("cached_tokens");
    }

    private static long inputTokens(Map<?, ?> response) {
        return (Long) ((Map<?, ?>) response.get("usage")).get("input_tokens");
    }

    /// Each event with the name that its line gave it.
    static List<Map<?, ?>> events(String stream) {
        var events = new ArrayList<Map<?, ?>>();
        for (String block : stream.split("\n\n")) {
            String[] lines = block.split("\n");
            assertEquals(2, lines.length, block);
            Map<?, ?> event = (Map<?, ?>) Json.parse(lines[1].substring("data: ".length()));
            assertEquals("event: " + event.get("type"), lines[0]);
            assertEquals((long) events.size(), event.get("sequence_number"));
            events.add(event);
        }
        return events;
    }

    private static List<String> types(List<Map<?, ?>> events) {
        var types = new ArrayList<String>();
        for (Map<?, ?> event : events) {
            String type = ((String) event.get("type")).substring("response.".length());
            if (types.isEmpty() || !types.getLast().equals(type)) {
                types.add(type);
            }
        }
        return types;
    }

    @Test
    void anAnswerThatIsCutOffIsIncomplete() throws Exception {
        try (RunningServer server = server()) {
            Map<?, ?> response = created(server, body("\"hi\"", ",\"metadata\":{\"a\":\"b\"}"));
            assertEquals("response", response.get("object"));
            assertEquals("incomplete", response.get("status"));
            assertEquals(Map.of("reason", "max_output_tokens"),
                    response.get("incomplete_details"));
            assertEquals(Map.of("a", "b"), response.get("metadata"));
            assertEquals("tiny", response.get("model"));
            Map<?, ?> item = item(response, 0);
            assertEquals("message", item.get("type"));
            assertEquals("incomplete", item.get("status"));
            assertEquals(12L, ((Map<?, ?>) response.get("usage")).get("output_tokens"));
        }
    }

    @Test
    void aStreamHasTheSameAnswerInItsEvents() throws Exception {
        try (RunningServer server = server()) {
            Map<?, ?> whole = created(server, body("\"hi\"", ""));
            List<Map<?, ?>> events = events(
                    server.post(PATH, body("\"hi\"", ",\"stream\":true")).body());
            assertEquals(List.of("created", "in_progress", "output_item.added",
                    "content_part.added", "output_text.delta", "output_text.done",
                    "content_part.done", "output_item.done", "incomplete"), types(events));
            var joined = new StringBuilder();
            for (Map<?, ?> event : events) {
                if (event.get("type").equals("response.output_text.delta")) {
                    joined.append(event.get("delta"));
                }
            }
            assertEquals(text(item(whole, 0)), joined.toString());
            Map<?, ?> last = (Map<?, ?>) events.getLast().get("response");
            assertEquals(joined.toString(), text(item(last, 0)));
            assertEquals(whole.keySet(), last.keySet());
            Map<?, ?> first = (Map<?, ?>) events.getFirst().get("response");
            assertEquals("in_progress", first.get("status"));
            assertEquals(last.get("id"), first.get("id"));
        }
    }

    @Test
    void callsComeAsItemsAndTheirOutputsGoBack() throws Exception {
        try (RunningServer server = server()) {
            String tools = ",\"tools\":[" + TOOL + "],\"tool_choice\":\"required\","
                    + "\"parallel_tool_calls\":false,\"seed\":3";
            String asked = "{\"input\":\"hi\",\"max_output_tokens\":300"
                    + ",\"logit_bias\":{}" + tools;
            List<Map<?, ?>> events = events(
                    server.post(PATH, asked + ",\"stream\":true}").body());
            Map<?, ?> response = (Map<?, ?>) events.getLast().get("response");
            assertEquals("completed", response.get("status"), events.toString());
            Map<?, ?> call = (Map<?, ?>) ((List<?>) response.get("output")).getLast();
            assertEquals("function_call", call.get("type"));
            assertEquals("add", call.get("name"));
            Map<?, ?> arguments = (Map<?, ?>) Json.parse((String) call.get("arguments"));
            assertTrue(List.of(1L, 2L).contains(arguments.get("a")), call.toString());
            List<String> types = types(events);
            assertEquals(List.of("output_item.added", "function_call_arguments.delta",
                    "function_call_arguments.done", "output_item.done", "completed"),
                    types.subList(types.size() - 5, types.size()));

            Map<?, ?> next = created(server, body("[{\"type\":\"function_call_output\","
                    + "\"call_id\":\"" + call.get("call_id") + "\",\"output\":\"3\"}]",
                    ",\"previous_response_id\":\"" + response.get("id") + "\",\"tools\":["
                    + TOOL + "]"));
            assertEquals(response.get("id"), next.get("previous_response_id"));
            Reply wrong = server.post(PATH, body("[{\"type\":\"function_call_output\","
                    + "\"call_id\":\"call_nobody\",\"output\":\"3\"}]", ""));
            assertEquals(400, wrong.status(), wrong.body());
        }
    }

    @Test
    void aChainGoesOnFromTheCache() throws Exception {
        try (RunningServer server = server()) {
            Map<?, ?> first = created(server, body("\"What is the colour of the sky?\"",
                    ",\"instructions\":\"Be brief.\""));
            assertEquals(0L, cached(first));
            String more = ",\"instructions\":\"Be brief.\",\"previous_response_id\":\""
                    + first.get("id") + "\"";
            Map<?, ?> second = created(server, body("\"And of grass?\"", more));
            assertTrue(cached(second) >= inputTokens(first),
                    cached(second) + " of " + inputTokens(second) + " cached, and the first had "
                    + inputTokens(first));
            // The same conversation sent as items is the same prompt.
            String items = "[{\"role\":\"user\",\"content\":\"What is the colour of the sky?\"},"
                    + Json.write(item(first, 0)) + ",{\"type\":\"message\",\"role\":\"user\","
                    + "\"content\":[{\"type\":\"input_text\",\"text\":\"And of grass?\"}]}]";
            Map<?, ?> same = created(server, body(items, ",\"instructions\":\"Be brief.\""));
            assertEquals(inputTokens(second), inputTokens(same));
            assertEquals(text(item(second, 0)), text(item(same, 0)));
            // Instructions are not carried over.
            Map<?, ?> without = created(server, body("\"And of grass?\"",
                    ",\"previous_response_id\":\"" + first.get("id") + "\""));
            assertTrue(inputTokens(without) < inputTokens(second));
        }
    }

    @Test
    void storedResponsesCanBeReadPagedAndDeleted() throws Exception {
        try (RunningServer server = server()) {
            Map<?, ?> first = created(server, body("\"one\"", ""));
            Map<?, ?> second = created(server, body("\"two\"",
                    ",\"previous_response_id\":\"" + first.get("id") + "\""));
            String path = PATH + "/" + second.get("id");
            assertEquals(second, server.get(path).json());
            Map<?, ?> items = server.get(path + "/input_items?order=asc&limit=2").json();
            List<?> data = (List<?>) items.get("data");
            assertEquals("one", text((Map<?, ?>) data.getFirst()));
            assertEquals(item(first, 0), data.get(1));
            assertEquals(true, items.get("has_more"));
            Map<?, ?> rest = server.get(path + "/input_items?order=asc&after="
                    + items.get("last_id")).json();
            assertEquals("two", text((Map<?, ?>) ((List<?>) rest.get("data")).getFirst()));
            assertEquals(false, rest.get("has_more"));
            assertEquals(400, server.get(path + "/input_items?limit=0").status());
            assertEquals(400, server.post(path + "/cancel", "").status());

            String one = PATH + "/" + first.get("id");
            assertEquals(true, server.delete(one).json().get("deleted"));
            assertEquals(404, server.get(one).status());
            assertEquals(404, server.delete(one).status());
            assertEquals(404, server.post(one + "/cancel", "").status());
            // What goes on from it has what it needs.
            assertEquals(3, ((List<?>) server.get(path + "/input_items").json().get("data"))
                    .size());
            Reply gone = server.post(PATH, body("\"x\"",
                    ",\"previous_response_id\":\"" + first.get("id") + "\""));
            assertEquals(400, gone.status());
            assertEquals("previous_response_not_found", gone.error().get("code"));

            Map<?, ?> unstored = created(server, body("\"x\"", ",\"store\":false"));
            assertEquals(404, server.get(PATH + "/" + unstored.get("id")).status());
            // An item may be named instead of sent.
            Map<?, ?> named = created(server, body("[{\"type\":\"item_reference\",\"id\":\""
                    + ((Map<?, ?>) data.getFirst()).get("id") + "\"}]", ""));
            assertEquals(inputTokens(first), inputTokens(named));
        }
    }

    @Test
    void whatOneKeyStoredIsNotThereForAnother() throws Exception {
        Path file = Files.writeString(folder.resolve("keys"), "alice\nbob\n");
        try (RunningServer server = server(ApiKeys.read(file), ToolModel.HERMES)) {
            Reply reply = server.post(PATH, body("\"hi\"", ""), "x-api-key", "alice");
            String id = (String) reply.json().get("id");
            assertEquals(200, server.get(PATH + "/" + id, "x-api-key", "alice").status());
            assertEquals(404, server.get(PATH + "/" + id, "x-api-key", "bob").status());
            assertEquals(400, server.post(PATH, body("\"hi\"", ",\"previous_response_id\":\""
                    + id + "\""), "x-api-key", "bob").status());
            Map<?, ?> item = item(reply.json(), 0);
            String reference = body("[{\"type\":\"item_reference\",\"id\":\"" + item.get("id")
                    + "\"}]", "");
            assertEquals(404, server.post(PATH, reference, "x-api-key", "bob").status());
            assertEquals(200, server.post(PATH, reference, "x-api-key", "alice").status());
        }
    }

    @Test
    void theTextKeepsToItsFormat() throws Exception {
        try (RunningServer server = server()) {
            Map<?, ?> response = created(server, "{\"input\":\"hi\",\"max_output_tokens\":200,"
                    + "\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"x\","
                    + "\"strict\":true,\"schema\":{\"type\":\"object\",\"properties\":{\"a\":"
                    + "{\"enum\":[\"x\",\"y\"]}},\"required\":[\"a\"],"
                    + "\"additionalProperties\":false}}}}");
            assertEquals("completed", response.get("status"));
            Map<?, ?> value = (Map<?, ?>) Json.parse(text(item(response, 0)));
            assertTrue(List.of("x", "y").contains(value.get("a")), value.toString());
        }
    }

    @Test
    void reasoningIsAnItemThatCanComeBack() throws Exception {
        try (RunningServer server = server(ApiKeys.OPEN, ToolModel.THINKING)) {
            String thinking = ",\"reasoning\":{\"effort\":\"low\",\"summary\":\"auto\"}";
            Map<?, ?> response = created(server, body("\"hi\"", thinking
                    + ",\"ignore_eos\":true,\"store\":false,"
                    + "\"include\":[\"reasoning.encrypted_content\"]"));
            Map<?, ?> item = item(response, 0);
            assertEquals("reasoning", item.get("type"), response.toString());
            Map<?, ?> usage = (Map<?, ?>) ((Map<?, ?>) response.get("usage"))
                    .get("output_tokens_details");
            assertEquals(12L, usage.get("reasoning_tokens"), response.toString());
            String sealed = (String) item.get("encrypted_content");
            String question = "{\"role\":\"user\",\"content\":\"hi\"},";
            String answer = ",{\"role\":\"assistant\",\"content\":\"yes\"},"
                    + "{\"role\":\"user\",\"content\":\"well?\"}]";
            Map<?, ?> clear = created(server, body("[" + question + Json.write(item) + answer,
                    ""));
            Map<?, ?> again = created(server, body("[" + question + "{\"type\":\"reasoning\","
                    + "\"id\":\"rs_1\",\"summary\":[],\"encrypted_content\":\"" + sealed
                    + "\"}" + answer, ""));
            assertEquals(inputTokens(clear), inputTokens(again));
            Map<?, ?> none = created(server, body("[" + question.replaceAll(",$", "")
                    + answer, ""));
            assertTrue(inputTokens(none) < inputTokens(clear));
            List<String> types = types(events(server.post(PATH,
                    body("\"hi\"", thinking + ",\"ignore_eos\":true,\"stream\":true")).body()));
            assertEquals(List.of("created", "in_progress", "output_item.added",
                    "content_part.added", "reasoning_text.delta", "reasoning_text.done",
                    "content_part.done", "output_item.done", "incomplete"), types);
        }
    }

    @Test
    void whatIsNotSupportedIsNamed() throws Exception {
        try (RunningServer server = server()) {
            String[][] wrong = {
                {body("\"x\"", ",\"background\":true"), "background"},
                {body("\"x\"", ",\"truncation\":\"auto\""), "truncation"},
                {body("\"x\"", ",\"conversation\":\"c\""), "conversation"},
                {body("\"x\"", ",\"prompt\":{\"id\":\"p\"}"), "prompt"},
                {body("\"x\"", ",\"tools\":[{\"type\":\"web_search\"}]"), "tools[0].type"},
                {body("\"x\"", ",\"tools\":[" + TOOL + "],\"tool_choice\":"
                        + "{\"type\":\"web_search\"}"), "tool_choice.type"},
                {body("\"x\"", ",\"include\":[\"file_search_call.results\"]"), "include"},
                {body("\"x\"", ",\"top_logprobs\":2"), "top_logprobs"},
                {body("\"x\"", ",\"text\":{\"verbosity\":\"low\"}"), "text.verbosity"},
                {body("\"x\"", ",\"reasoning\":{\"summary\":\"detailed\"}"),
                    "reasoning.summary"},
                {body("\"x\"", ",\"service_tier\":\"flex\""), "service_tier"},
                {body("\"x\"", ",\"metadata\":{\"a\":1}"), "metadata.a"},
                {body("\"x\"", ",\"bogus\":1"), "bogus"},
                {body("[]", ""), "input"},
                {body("7", ""), "input"},
                {body("[{}]", ""), "input[0].type"},
                {body("[{\"type\":\"computer_call\"}]", ""), "input[0].type"},
                {body("[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\"}]}]", ""),
                    "input[0].content[0].type"},
                {body("[{\"role\":\"tool\",\"content\":\"x\"}]", ""), "input[0].role"},
                {body("[{\"type\":\"reasoning\",\"encrypted_content\":\"x\"}]", ""),
                    "input[0].encrypted_content"},
                {body("\"x\"", ",\"max_output_tokens\":0").replace(
                        "\"max_output_tokens\":12,", ""), "max_output_tokens"},
            };
            for (String[] each : wrong) {
                Reply reply = server.post(PATH, each[0]);
                assertEquals(400, reply.status(), each[0] + reply.body());
                assertEquals(each[1], reply.error().get("param"), reply.body());
            }
            Reply nobody = server.post(PATH, body("\"x\"", ",\"model\":\"nobody\""));
            assertEquals(404, nobody.status());
            assertEquals("model_not_found", nobody.error().get("code"));
        }
    }
}
