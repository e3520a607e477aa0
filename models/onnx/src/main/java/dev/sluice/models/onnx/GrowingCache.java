package dev.sluice.models.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtSession;
import dev.sluice.models.onnx.DecoderSignature.Cache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// For graphs as Optimum exports them: each run returns caches that are longer than those it was
/// given, in new memory, so a step copies everything. What a run returned never changes, so forks
/// share it. A sequence that was cut is copied to its shorter form. Engine thread only.
final class GrowingCache implements SequenceCache {
    private final List<Cache> caches;
    private final int positions;
    private final Held[] pages;
    private final Set<String> returned = new LinkedHashSet<>();

    /// The caches of one moment, and how many pages have them.
    ///
    /// @param length  positions in each tensor
    private static final class Held {
        final Map<String, OnnxTensor> past;
        final int length;
        private final Runnable free;
        private int users = 1;

        Held(Map<String, OnnxTensor> past, int length, Runnable free) {
            this.past = past;
            this.length = length;
            this.free = free;
        }

        void release() {
            users--;
            if (users == 0) {
                free.run();
            }
        }
    }

    /// @param positions  that an exported page has
    GrowingCache(List<Cache> caches, int positions, int pages) {
        this.caches = caches;
        this.positions = positions;
        this.pages = new Held[pages];
        caches.forEach(cache -> returned.add(cache.present()));
    }

    @Override
    public Map<String, OnnxTensor> past(int page, int length) {
        if (pages[page] == null || pages[page].length < length) {
            if (length > 0) {
                throw new IllegalStateException("page %d has %d positions, %d are asked for"
                        .formatted(page, pages[page] == null ? 0 : pages[page].length, length));
            }
            replace(page, made(0, (_, _, _) -> { }));
        } else if (pages[page].length > length) {
            replace(page, shortened(pages[page], length));
        }
        return pages[page].past;
    }

    @Override
    public Map<String, OnnxTensor> present(int page) { return Map.of(); }

    @Override
    public Set<String> returned() { return returned; }

    @Override
    public boolean ran(int page, int length, OrtSession.Result result) {
        var past = new LinkedHashMap<String, OnnxTensor>();
        for (Cache cache : caches) {
            past.put(cache.past().name(), (OnnxTensor) result.get(cache.present()).orElseThrow());
        }
        replace(page, new Held(past, length, result::close));
        return true;
    }

    private void replace(int page, Held held) {
        if (pages[page] != null) {
            pages[page].release();
        }
        pages[page] = held;
    }

    /// Fills one strip of one cache.
    private interface Filler {
        void fill(int cache, int strip, MemorySegment to);
    }

    /// Caches of memory of their own. A tensor without elements still needs an address.
    private Held made(int length, Filler filler) {
        Arena arena = Arena.ofShared();
        var past = new LinkedHashMap<String, OnnxTensor>();
        for (int i = 0; i < caches.size(); i++) {
            Cache cache = caches.get(i);
            long strip = length * cache.stepBytes();
            MemorySegment memory = arena.allocate(Math.max(64, cache.strips() * strip), 64)
                    .asSlice(0, cache.strips() * strip);
            for (int s = 0; s < cache.strips() && strip > 0; s++) {
                filler.fill(i, s, memory.asSlice(s * strip, strip));
            }
            past.put(cache.past().name(),
                    Tensors.view(memory, cache.past().type(), cache.shape(length)));
        }
        return new Held(past, length, () -> {
            past.values().forEach(OnnxTensor::close);
            arena.close();
        });
    }

    private Held shortened(Held held, int length) {
        List<MemorySegment> tensors = segments(held);
        return made(length, (cache, strip, to) -> to.copyFrom(tensors.get(cache).asSlice(
                strip * held.length * caches.get(cache).stepBytes(), to.byteSize())));
    }

    /// Copies of the tensors, which ONNX Runtime gives out in no other way.
    private List<MemorySegment> segments(Held held) {
        return caches.stream().map(cache -> {
            ByteBuffer bytes = held.past.get(cache.past().name()).getByteBuffer();
            return MemorySegment.ofBuffer(bytes);
        }).toList();
    }

    @Override
    public void copy(int from, int to) {
        Held held = pages[from];
        if (held != null && from != to) {
            held.users++;
            replace(to, held);
        }
    }

    /// As [SharedCache] lays a page out: each strip with room for all positions.
    @Override
    public void exportTo(int page, MemorySegment to) {
        Held held = pages[page];
        List<MemorySegment> tensors = held == null ? List.of() : segments(held);
        long at = 0;
        for (int i = 0; i < caches.size(); i++) {
            long step = caches.get(i).stepBytes();
            for (int s = 0; s < caches.get(i).strips(); s++) {
                if (held != null) {
                    MemorySegment.copy(tensors.get(i), s * held.length * step, to, at,
                            held.length * step);
                }
                at += positions * step;
            }
        }
    }

    @Override
    public void importFrom(int page, MemorySegment from) {
        var starts = new long[caches.size()];
        for (int i = 1; i < starts.length; i++) {
            Cache before = caches.get(i - 1);
            starts[i] = starts[i - 1] + before.strips() * before.stepBytes() * positions;
        }
        replace(page, made(positions, (cache, strip, to) -> to.copyFrom(
                from.asSlice(starts[cache] + strip * to.byteSize(), to.byteSize()))));
    }

    @Override
    public void close() {
        for (int page = 0; page < pages.length; page++) {
            if (pages[page] != null) {
                pages[page].release();
                pages[page] = null;
            }
        }
    }
}
