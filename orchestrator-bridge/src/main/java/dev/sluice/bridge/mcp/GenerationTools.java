package dev.sluice.bridge.mcp;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.ChatPrompt;
import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.ChatRun;
import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.bridge.chat.OutputRule;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.models.json.Json;
import dev.sluice.models.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// The tools that show the models and have them write: one answer a call. Any thread.
final class GenerationTools {
    private final ModelHost host;

    GenerationTools(ModelHost host) {
        this.host = host;
    }

    List<ModelTool> all() {
        return List.of(
                new ModelTool("list_models", "List models",
                        "The models that the other tools can ask, and whether they are loaded.",
                        new ToolSchema().build(), this::models),
                new ModelTool("chat", "Chat", "Answers a conversation with a local language "
                        + "model. With schema, the answer is JSON that obeys it, always.",
                        ToolSchema.ofModel().messages().sampling()
                                .optional("schema", "object", "A JSON schema for the answer.")
                                .build(), this::chat),
                new ModelTool("complete", "Complete text",
                        "Continues a text as it stands, without a chat template.",
                        ToolSchema.ofModel().required("prompt", "string", "The text.")
                                .sampling().build(), this::complete),
                new ModelTool("classify", "Classify", "Says which of the given labels fits a "
                        + "text. The answer is one of the labels, always.",
                        ToolSchema.ofModel().required("text", "string", "What is classified.")
                                .requiredTexts("labels", "The labels to choose from.")
                                .optional("instruction", "string", "What the labels mean.")
                                .build(), this::classify),
                new ModelTool("extract", "Extract JSON", "Takes the facts that a JSON schema "
                        + "names out of a text. The answer obeys the schema, always.",
                        ToolSchema.ofModel().required("text", "string", "Where the facts are.")
                                .required("schema", "object", "A JSON schema of the answer.")
                                .optional("instruction", "string", "What to look for.")
                                .optional("max_tokens", "integer", "Most tokens of the answer.")
                                .build(), this::extract),
                new ModelTool("tokenize", "Tokenize", "The token ids of a text.",
                        ToolSchema.ofModel().required("text", "string", "The text.").build(),
                        this::tokenize),
                new ModelTool("count_tokens", "Count tokens",
                        "How many tokens a text, or a conversation with its template, takes.",
                        ToolSchema.ofModel().messages()
                                .optional("text", "string", "A text as it stands.").build(),
                        this::count));
    }

    private Map<String, Object> models(ToolCall call) {
        call.arguments().end();
        var models = new ArrayList<Object>();
        for (ModelHost.Listed listed : host.list()) {
            var entry = new LinkedHashMap<String, Object>();
            entry.put("name", listed.name());
            entry.put("default", listed.name().equals(host.defaultName()));
            entry.put("kind", listed.kind());
            entry.put("state", listed.state());
            entry.put("bytes", listed.bytes());
            listed.model().ifPresent(model -> {
                entry.put("architecture", model.facts().architecture());
                entry.put("context_length", model.facts().contextLength());
                entry.put("chat", model.template().isPresent());
            });
            models.add(entry);
        }
        return Map.of("models", models);
    }

    private Map<String, Object> chat(ToolCall call) {
        Fields fields = call.arguments();
        OutputRule rule = fields.has("schema") ? schema(fields) : new OutputRule.Free();
        ChatRequest request = Question.of(call, rule);
        ReadAnswer answer = answer(call, request);
        if (!(rule instanceof OutputRule.Free)) {
            answer.requireWhole();
        }
        return answer.fields();
    }

    private static OutputRule schema(Fields fields) {
        Fields schema = fields.object("schema").orElseThrow(() -> fields.missing("schema"));
        return new OutputRule.Schema(schema.values());
    }

    private ReadAnswer answer(ToolCall call, ChatRequest request) {
        try (ModelHost.Lease lease = host.acquire(request.model())) {
            ChoiceReader reader = ChatRun.start(lease.model(), request).readers().getFirst();
            return ReadAnswer.read(call, reader, request.settings().maxTokens());
        }
    }

    private Map<String, Object> complete(ToolCall call) {
        Fields fields = call.arguments();
        String prompt = fields.requiredText("prompt");
        String name = fields.text("model").orElse("");
        ChatRequest.Settings settings = Question.settings(call, new OutputRule.Free(), 1);
        fields.end();
        try (ModelHost.Lease lease = host.acquire(name)) {
            HostedModel model = lease.model();
            int[] ids = model.tokenizer().encodePrompt(model.tokenizer().guard(prompt));
            ChoiceReader reader = ChoiceReader.plain(
                    ChatRun.submit(model, settings, ids).getFirst(), model.tokenizer());
            return ReadAnswer.read(call, reader, settings.maxTokens()).fields();
        }
    }

    private Map<String, Object> classify(ToolCall call) {
        Fields fields = call.arguments();
        List<String> labels = fields.texts("labels");
        if (labels.isEmpty() || labels.contains("")) {
            throw ApiException.invalid("labels", "labels: at least one, none of them empty");
        }
        String text = fields.requiredText("text");
        String instruction = fields.text("instruction").orElse("Classify the text.");
        var alternatives = new ArrayList<String>();
        for (String label : labels) {
            alternatives.add(literal(label));
        }
        String asked = "%s Answer with one of: %s.\n\n%s".formatted(
                instruction, String.join(", ", labels), text);
        ChatRequest request = Question.of(call, List.of(Question.message("user", asked)),
                new OutputRule.Gbnf("root ::= " + String.join(" | ", alternatives)), 0);
        ReadAnswer answer = answer(call, request);
        String label = answer.requireWhole();
        return Map.of("label", label, "index", labels.indexOf(label),
                "usage", ReadAnswer.usage(answer.end().usage()));
    }

    /// A text as GBNF writes it; whatever is not a plain character by its number.
    private static String literal(String text) {
        var out = new StringBuilder("\"");
        text.codePoints().forEach(c -> {
            boolean plain = c == ' ' || Character.isLetterOrDigit(c) && c < 0x80;
            out.append(plain ? Character.toString(c) : "\\U%08X".formatted(c));
        });
        return out.append('"').toString();
    }

    private Map<String, Object> extract(ToolCall call) {
        Fields fields = call.arguments();
        String text = fields.requiredText("text");
        String instruction = fields.text("instruction")
                .orElse("Extract the facts from the text as JSON.");
        OutputRule rule = schema(fields);
        ChatRequest request = Question.of(call,
                List.of(Question.message("user", instruction + "\n\n" + text)), rule, 0);
        ReadAnswer answer = answer(call, request);
        return Map.of("value", Json.parse(answer.requireWhole()),
                "usage", ReadAnswer.usage(answer.end().usage()));
    }

    private Map<String, Object> tokenize(ToolCall call) {
        Fields fields = call.arguments();
        String text = fields.requiredText("text");
        String name = fields.text("model").orElse("");
        fields.end();
        try (ModelHost.Lease lease = host.acquire(name)) {
            int[] ids = lease.model().tokenizer()
                    .encode(text, Tokenizer.Special.AS_TEXT);
            return Map.of("tokens", IntStream.of(ids).boxed().toList(), "count", ids.length);
        }
    }

    private Map<String, Object> count(ToolCall call) {
        Fields fields = call.arguments();
        if (fields.has("text")) {
            return Map.of("count", tokenize(call).get("count"));
        }
        ChatRequest request = Question.of(call, new OutputRule.Free());
        try (ModelHost.Lease lease = host.acquire(request.model())) {
            return Map.of("count", ChatPrompt.of(lease.model(), request).tokenIds().length);
        }
    }
}
