package dev.sluice.models.onnx;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import ai.onnxruntime.OnnxTensor;
import dev.sluice.models.Batch;
import dev.sluice.models.onnx.DecoderSignature.Feed;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The inputs of a run that are not keys and values: one buffer each, made once, of which a run's
/// tensors are views. Engine thread only.
final class FeedBuffers {
    /// Cache lines, and the widest vectors.
    private static final int ALIGNMENT = 64;

    private final List<Feed> feeds;
    private final List<MemorySegment> buffers = new ArrayList<>();
    private final List<OnnxTensor> tensors = new ArrayList<>();

    /// @param arena      outlives this object
    /// @param positions  of one sequence
    /// @param rows       of one run
    FeedBuffers(List<Feed> feeds, Arena arena, int positions, int rows) {
        this.feeds = feeds;
        for (Feed feed : feeds) {
            long numbers = switch (feed.purpose()) {
                case TOKEN_IDS, POSITIONS -> rows;
                case MASK -> positions;
                case PAST_LENGTH, TOTAL_LENGTH, LAST_POSITION, LOGITS_ROWS, HAS_PAST -> 1;
            };
            MemorySegment buffer = arena.allocate(8 * numbers, ALIGNMENT);
            if (feed.purpose() == DecoderSignature.Purpose.MASK) {
                // It never has a zero, so it is filled once.
                for (int i = 0; i < positions; i++) {
                    set(feed, buffer, i, 1);
                }
            }
            buffers.add(buffer);
        }
    }

    /// Adds the inputs of a run over rows `[row, end)` of `batch` to `inputs`. They are valid until
    /// [#release].
    void fill(Batch batch, int row, int end, Map<String, OnnxTensor> inputs) {
        int past = batch.position(row);
        int count = end - row;
        for (int f = 0; f < feeds.size(); f++) {
            Feed feed = feeds.get(f);
            MemorySegment buffer = buffers.get(f);
            OnnxTensor tensor = switch (feed.purpose()) {
                case TOKEN_IDS -> {
                    for (int i = 0; i < count; i++) {
                        set(feed, buffer, i, batch.tokenId(row + i));
                    }
                    yield view(feed, buffer, 1, count);
                }
                case POSITIONS -> {
                    for (int i = 0; i < count; i++) {
                        set(feed, buffer, i, past + i);
                    }
                    yield view(feed, buffer, 1, count);
                }
                case MASK -> view(feed, buffer, 1, past + count);
                case PAST_LENGTH -> single(feed, buffer, past);
                case TOTAL_LENGTH -> single(feed, buffer, past + count);
                case LAST_POSITION -> single(feed, buffer, past + count - 1);
                case LOGITS_ROWS -> single(feed, buffer, count);
                case HAS_PAST -> single(feed, buffer, past > 0 ? 1 : 0);
            };
            tensors.add(tensor);
            inputs.put(feed.input().name(), tensor);
        }
    }

    /// One number, of the input's rank.
    private static OnnxTensor single(Feed feed, MemorySegment buffer, long value) {
        set(feed, buffer, 0, value);
        var shape = new long[feed.input().dims().length];
        java.util.Arrays.fill(shape, 1);
        return view(feed, buffer, shape);
    }

    private static void set(Feed feed, MemorySegment buffer, int index, long value) {
        switch (feed.input().type()) {
            case INT64 -> buffer.setAtIndex(JAVA_LONG_UNALIGNED, index, value);
            case INT32 -> buffer.setAtIndex(JAVA_INT_UNALIGNED, index, (int) value);
            case BOOL -> buffer.set(JAVA_BYTE, index, (byte) value);
            default -> throw new IllegalStateException("input " + feed.input().shape());
        }
    }

    private static OnnxTensor view(Feed feed, MemorySegment buffer, long... shape) {
        long elements = 1;
        for (long dim : shape) {
            elements *= dim;
        }
        OnnxType type = feed.input().type();
        return Tensors.view(buffer.asSlice(0, type.bytes(elements)), type, shape);
    }

    /// Ends the tensors of the last run; their memory stays.
    void release() {
        tensors.forEach(OnnxTensor::close);
        tensors.clear();
    }
}
