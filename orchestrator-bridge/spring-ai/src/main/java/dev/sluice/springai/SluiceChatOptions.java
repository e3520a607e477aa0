package dev.sluice.springai;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.model.tool.DefaultToolCallingChatOptions;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;

/// Spring AI's options with tools and a schema for the answer, and the fields of
/// `/v1/chat/completions` that Spring AI has no word for. It extends Spring AI's own class, because
/// its clients copy and merge options through that class's builder. Immutable.
///
/// ```java
/// SluiceChatOptions.builder().temperature(0.0).maxTokens(200).field("seed", 7)
///         .field("tool_choice", "required").build();
/// ```
public final class SluiceChatOptions extends DefaultToolCallingChatOptions
        implements StructuredOutputChatOptions {
    private final Optional<String> outputSchema;
    private final Map<String, Object> fields;

    private SluiceChatOptions(Builder b) {
        super(b.callbacks(), b.context(), b.options().getModel(),
                b.options().getFrequencyPenalty(), b.options().getMaxTokens(),
                b.options().getPresencePenalty(), b.options().getStopSequences(),
                b.options().getTemperature(), b.options().getTopK(), b.options().getTopP());
        outputSchema = b.schema;
        fields = b.fields;
    }

    public static Builder builder() {
        return new Builder();
    }

    /// JSON Schema that the answer obeys; `null` for none, as Spring AI has it.
    @Override
    public String getOutputSchema() { return outputSchema.orElse(null); }

    /// Fields besides, by name.
    public Map<String, Object> fields() { return fields; }

    @Override
    public Builder mutate() {
        var builder = new Builder();
        builder.model(getModel()).frequencyPenalty(getFrequencyPenalty())
                .maxTokens(getMaxTokens()).presencePenalty(getPresencePenalty())
                .stopSequences(getStopSequences()).temperature(getTemperature())
                .topK(getTopK()).topP(getTopP()).toolCallbacks(getToolCallbacks())
                .toolContext(getToolContext());
        builder.schema = outputSchema;
        builder.fields = fields;
        return builder;
    }

    @Override
    public boolean equals(Object that) {
        return that instanceof SluiceChatOptions other && super.equals(that)
                && outputSchema.equals(other.outputSchema) && fields.equals(other.fields);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), outputSchema, fields);
    }

    /// One thread.
    public static final class Builder extends DefaultToolCallingChatOptions.Builder<Builder>
            implements StructuredOutputChatOptions.Builder<Builder> {
        private Optional<String> schema = Optional.empty();
        private Map<String, Object> fields = Map.of();

        private Builder() { }

        @Override
        public Builder outputSchema(String jsonSchema) {
            schema = Optional.ofNullable(jsonSchema);
            return this;
        }

        /// A field of `/v1/chat/completions`: `seed`, `min_p`, `tool_choice`, `reasoning_effort`,
        /// `priority`, `chat_template_kwargs` and so on.
        public Builder field(String name, Object jsonValue) {
            var more = new HashMap<String, Object>(fields);
            more.put(name, jsonValue);
            fields = Map.copyOf(more);
            return this;
        }

        /// What the other has set goes before what this has.
        @Override
        public Builder combineWith(ChatOptions.Builder<?> other) {
            super.combineWith(other);
            ChatOptions options = other.build();
            if (options instanceof StructuredOutputChatOptions structured
                    && structured.getOutputSchema() != null) {
                schema = Optional.of(structured.getOutputSchema());
            }
            if (options instanceof SluiceChatOptions ours) {
                ours.fields.forEach(this::field);
            }
            return this;
        }

        @Override
        public SluiceChatOptions build() {
            return new SluiceChatOptions(this);
        }

        /// The options that Spring AI's builder makes of its own part.
        private ChatOptions options() { return super.build(); }

        private java.util.List<org.springframework.ai.tool.ToolCallback> callbacks() {
            return toolCallbacks;
        }

        private Map<String, Object> context() { return toolContext; }
    }
}
