package dev.sluice.models.onnx;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.json.JsonObject;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/// The tokens that a config beside a graph gives a role: what ends a generation (one id or a list),
/// what begins a text, what fills up. Immutable.
///
/// @param ends  in the order of the file
record TokenMarks(Set<Integer> ends, OptionalInt begin, OptionalInt pad) {
    static final TokenMarks NONE =
            new TokenMarks(Set.of(), OptionalInt.empty(), OptionalInt.empty());

    /// From `eos_token_id`, `bos_token_id` and `pad_token_id` of an object.
    static TokenMarks of(JsonObject model) {
        var ends = new LinkedHashSet<Integer>();
        if (model.values().get("eos_token_id") instanceof List<?> list) {
            for (Object id : list) {
                if (!(id instanceof Long number) || number != number.intValue()) {
                    throw new MalformedModelException(model.path(),
                            "'eos_token_id' must be an id or a list of ids, got " + id);
                }
                add(ends, number.intValue());
            }
        } else {
            add(ends, model.integer("eos_token_id", -1));
        }
        return new TokenMarks(ends, id(model, "bos_token_id"), id(model, "pad_token_id"));
    }

    /// Configs write -1 for none.
    private static void add(Set<Integer> ends, int id) {
        if (id >= 0) {
            ends.add(id);
        }
    }

    private static OptionalInt id(JsonObject model, String key) {
        int id = model.integer(key, -1);
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
    }
}
