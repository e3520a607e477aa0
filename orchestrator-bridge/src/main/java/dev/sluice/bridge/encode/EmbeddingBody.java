package dev.sluice.bridge.encode;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.models.EncoderInput;
import dev.sluice.models.EncoderTexts;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// The body of `/v1/embeddings`.
///
/// @param inputs      a text (`String`) or token ids (`int[]`) each
/// @param base64      whether vectors come as base64 of little-endian floats
/// @param dimensions  wished; empty for the model's
record EmbeddingBody(String model, List<Object> inputs, boolean base64,
        OptionalInt dimensions) {
    /// OpenAI's limit.
    private static final int INPUTS_MAX = 2048;

    static EmbeddingBody read(Fields fields) {
        fields.ignore("user");
        String format = fields.text("encoding_format").orElse("float");
        if (!format.equals("float") && !format.equals("base64")) {
            throw fields.wrong("encoding_format", "float or base64", format);
        }
        var body = new EmbeddingBody(fields.text("model").orElse(""), inputs(fields),
                format.equals("base64"), fields.integer("dimensions", 1, Integer.MAX_VALUE));
        fields.end();
        return body;
    }

    /// A text, token ids, or an array of several of one or the other.
    private static List<Object> inputs(Fields fields) {
        Object input = fields.any("input").orElseThrow(() -> fields.missing("input"));
        if (!(input instanceof List<?> list)) {
            return List.of(one(fields, input));
        }
        if (!list.isEmpty() && list.getFirst() instanceof Number) {
            return List.of(one(fields, list));
        }
        if (list.isEmpty() || list.size() > INPUTS_MAX) {
            throw ApiException.invalid("input", "input: from 1 to %d texts, not %d".formatted(
                    INPUTS_MAX, list.size()));
        }
        var inputs = new ArrayList<Object>(list.size());
        for (Object each : list) {
            inputs.add(one(fields, each));
        }
        return inputs;
    }

    private static Object one(Fields fields, Object input) {
        boolean empty = input instanceof String text ? text.isEmpty()
                : input instanceof List<?> list && list.isEmpty();
        if (empty) {
            throw ApiException.invalid("input", "input: a text must not be empty");
        }
        return switch (input) {
            case String text -> text;
            case List<?> tokens -> ids(fields, tokens);
            case null, default -> throw fields.wrong("input",
                    "a text, token ids, or an array of these", input);
        };
    }

    private static int[] ids(Fields fields, List<?> tokens) {
        var ids = new int[tokens.size()];
        for (int i = 0; i < ids.length; i++) {
            if (!(tokens.get(i) instanceof Long id) || id < 0 || id > Integer.MAX_VALUE) {
                throw fields.wrong("input", "a text, token ids, or an array of these",
                        tokens.get(i));
            }
            ids[i] = id.intValue();
        }
        return ids;
    }

    /// What the encoder reads. Token ids are taken as they are.
    List<EncoderInput> encoded(EncoderTexts texts) {
        var encoded = new ArrayList<EncoderInput>(inputs.size());
        for (Object input : inputs) {
            encoded.add(input instanceof int[] ids ? texts.tokens(ids)
                    : texts.text((String) input));
        }
        return encoded;
    }
}
