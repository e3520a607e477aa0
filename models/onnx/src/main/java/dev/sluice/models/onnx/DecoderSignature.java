package dev.sluice.models.onnx;

import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.onnx.GraphFile.Node;
import dev.sluice.models.onnx.GraphFile.Value;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What a graph's inputs and outputs are for. An input of unknown purpose is refused: the graph
/// would compute something else than was asked. Immutable.
///
/// @param feeds   the inputs that are not cached keys or values
/// @param caches  for each layer keys and values, or both in one
/// @param shared  whether every cache may be one buffer, appended to in place
record DecoderSignature(List<Feed> feeds, List<Cache> caches, boolean shared, Value logits) {

    /// What an input is given in a run of n rows from position p on.
    enum Purpose {
        /// [1,n]
        TOKEN_IDS,
        /// [1,p+n], all ones
        MASK,
        /// [1,n]
        POSITIONS,
        /// p, a cache's length before the run
        PAST_LENGTH,
        /// p + n
        TOTAL_LENGTH,
        /// p + n - 1, per sequence, as GroupQueryAttention wants it
        LAST_POSITION,
        /// How many rows' logits to compute: all.
        LOGITS_ROWS,
        /// Whether there are cached positions (Optimum's merged decoders).
        HAS_PAST
    }

    record Feed(Value input, Purpose purpose) { }

    /// @param past     the input
    /// @param present  the output that continues it
    /// @param axis     which dimension counts positions
    record Cache(Value past, String present, int axis) {
        /// Runs of positions in a tensor: heads, and keys and values where they are one tensor.
        int strips() {
            int product = 1;
            for (int i = 0; i < axis; i++) {
                product *= (int) dim(i);
            }
            return product;
        }

        /// Bytes of one position of a strip.
        long stepBytes() {
            return past.type().bytes(past.dims()[axis + 1]);
        }

        /// The shape with so many positions of one sequence.
        long[] shape(long positions) {
            var out = new long[past.dims().length];
            for (int i = 0; i < out.length; i++) {
                out[i] = i == axis ? positions : dim(i);
            }
            return out;
        }

        /// The batch, which the graph leaves open, is one sequence.
        private long dim(int i) {
            return past.dims()[i] < 0 ? 1 : past.dims()[i];
        }
    }

    static DecoderSignature of(GraphFile graph, GenAiConfig config) {
        var feeds = new ArrayList<Feed>();
        var caches = new ArrayList<Cache>();
        for (Value input : graph.inputs()) {
            Optional<Purpose> purpose = purpose(input.name(), config);
            if (purpose.isPresent()) {
                requireNumbers(graph, input);
                feeds.add(new Feed(input, purpose.get()));
            } else {
                caches.add(cache(graph, input));
            }
        }
        if (feeds.stream().noneMatch(feed -> feed.purpose == Purpose.TOKEN_IDS)
                || caches.isEmpty()) {
            throw new UnsupportedModelException(("%s: not a decoder with a cache: its inputs are "
                    + "%s").formatted(graph.path(), names(graph.inputs())));
        }
        Value logits = output(graph, "logits").orElseThrow(() -> new UnsupportedModelException(
                "%s: no output 'logits' among %s".formatted(
                        graph.path(), names(graph.outputs()))));
        return new DecoderSignature(List.copyOf(feeds), List.copyOf(caches),
                shared(graph, caches), logits);
    }

    private static void requireNumbers(GraphFile graph, Value input) {
        switch (input.type()) {
            case INT64, INT32, BOOL -> { }
            default -> throw new UnsupportedModelException("%s: input '%s' is %s, not integers"
                    .formatted(graph.path(), input.name(), input.shape()));
        }
    }

    private static Optional<Purpose> purpose(String name, GenAiConfig config) {
        if (name.equals(config.input("input_ids"))) {
            return Optional.of(Purpose.TOKEN_IDS);
        } else if (name.equals(config.input("attention_mask"))) {
            return Optional.of(Purpose.MASK);
        } else if (name.equals(config.input("position_ids"))) {
            return Optional.of(Purpose.POSITIONS);
        } else if (name.equals(config.input("past_sequence_length"))) {
            return Optional.of(Purpose.PAST_LENGTH);
        } else if (name.equals(config.input("total_sequence_length"))) {
            return Optional.of(Purpose.TOTAL_LENGTH);
        }
        return switch (name) {
            case "seqlens_k" -> Optional.of(Purpose.LAST_POSITION);
            case "num_logits_to_keep", "logits_to_keep" -> Optional.of(Purpose.LOGITS_ROWS);
            case "use_cache_branch" -> Optional.of(Purpose.HAS_PAST);
            default -> Optional.empty();
        };
    }

    private static Cache cache(GraphFile graph, Value input) {
        String name = input.name();
        Optional<Value> present = name.startsWith("past_key_values")
                ? output(graph, name.replace("past_key_values", "present"))
                : name.startsWith("past") ? output(graph, name.replaceFirst("past", "present"))
                : Optional.empty();
        int rank = input.dims().length;
        int axis = rank - 2;
        boolean sound = present.isPresent() && (rank == 4 || rank == 5)
                && input.dims()[rank - 1] > 0 && input.dims()[rank - 3] > 0
                && (rank == 4 || input.dims()[0] == 2);
        if (!sound) {
            throw new UnsupportedModelException(("%s: input '%s' (%s) is none that a decoder is "
                    + "given here: token ids, a mask, positions, and cached keys and values "
                    + "[1, heads, positions, size] with their outputs").formatted(
                    graph.path(), name, input.shape()));
        }
        switch (input.type()) {
            case FLOAT, FLOAT16, BFLOAT16 -> { }
            default -> throw new UnsupportedModelException(
                    "%s: input '%s' (%s): keys and values are FLOAT, FLOAT16 or BFLOAT16"
                            .formatted(graph.path(), name, input.shape()));
        }
        return new Cache(input, present.get().name(), axis);
    }

    private static Optional<Value> output(GraphFile graph, String name) {
        return graph.outputs().stream().filter(o -> o.name().equals(name)).findFirst();
    }

    /// Each cache goes from the input straight into a GroupQueryAttention and from there straight
    /// to the output: then the operator takes one buffer for both.
    private static boolean shared(GraphFile graph, List<Cache> caches) {
        Set<String> inPlace = new HashSet<>();
        for (Node node : graph.nodes()) {
            if (node.operator().equals("GroupQueryAttention") && node.inputs().size() > 4
                    && node.outputs().size() > 2) {
                inPlace.add(node.inputs().get(3) + ' ' + node.outputs().get(1));
                inPlace.add(node.inputs().get(4) + ' ' + node.outputs().get(2));
            }
        }
        for (Cache cache : caches) {
            if (!inPlace.contains(cache.past.name() + ' ' + cache.present)) {
                return false;
            }
        }
        return true;
    }

    /// The same graph run the naive way, to compare with.
    DecoderSignature unshared() {
        return new DecoderSignature(feeds, caches, false, logits);
    }

    private static String names(List<Value> values) {
        return String.join(", ", values.stream().map(Value::name).limit(8).toList());
    }

    /// Whether a run gives the logits of its last row only.
    boolean lastRowOnly() {
        return logits.dims().length == 2 || logits.dims().length == 3 && logits.dims()[1] == 1;
    }
}
