package dev.sluice.models.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtSession;
import dev.sluice.models.onnx.DecoderSignature.Cache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// For graphs whose every cache goes through `GroupQueryAttention`: one buffer of full length per
/// page and layer, which is past and present at once, so that a step writes its own positions and
/// copies nothing. A fork copies what the page has. Buffers are made when a page is first used.
/// Engine thread only.
final class SharedCache implements SequenceCache {
    /// Cache lines, and the widest vectors.
    private static final int ALIGNMENT = 64;

    private final List<Cache> caches;
    private final int positions;
    private final Arena arena = Arena.ofShared();
    private final Page[] pages;

    /// @param positions  that a page has
    SharedCache(List<Cache> caches, int positions, int pages) {
        this.caches = caches;
        this.positions = positions;
        this.pages = new Page[pages];
    }

    /// @param buffers  one per cache
    private record Page(List<MemorySegment> buffers, Map<String, OnnxTensor> past,
            Map<String, OnnxTensor> present, int[] length) { }

    @Override
    public Map<String, OnnxTensor> past(int page, int length) { return page(page).past; }

    @Override
    public Map<String, OnnxTensor> present(int page) { return page(page).present; }

    @Override
    public Set<String> returned() { return Set.of(); }

    @Override
    public boolean ran(int page, int length, OrtSession.Result result) {
        page(page).length[0] = length;
        return false;
    }

    private Page page(int index) {
        if (pages[index] == null) {
            pages[index] = allocate();
        }
        return pages[index];
    }

    private Page allocate() {
        var buffers = new java.util.ArrayList<MemorySegment>();
        var past = new LinkedHashMap<String, OnnxTensor>();
        var present = new LinkedHashMap<String, OnnxTensor>();
        for (Cache cache : caches) {
            MemorySegment buffer = arena.allocate(
                    cache.strips() * cache.stepBytes() * positions, ALIGNMENT);
            OnnxTensor tensor =
                    Tensors.view(buffer, cache.past().type(), cache.shape(positions));
            buffers.add(buffer);
            past.put(cache.past().name(), tensor);
            present.put(cache.present(), tensor);
        }
        return new Page(List.copyOf(buffers), past, present, new int[1]);
    }

    @Override
    public void copy(int from, int to) {
        Page source = page(from);
        Page target = page(to);
        int length = source.length[0];
        for (int i = 0; i < caches.size(); i++) {
            Cache cache = caches.get(i);
            long strip = cache.stepBytes() * positions;
            for (int s = 0; s < cache.strips(); s++) {
                MemorySegment.copy(source.buffers.get(i), s * strip, target.buffers.get(i),
                        s * strip, length * cache.stepBytes());
            }
        }
        target.length[0] = length;
    }

    @Override
    public void exportTo(int page, MemorySegment to) {
        long at = 0;
        for (MemorySegment buffer : page(page).buffers) {
            MemorySegment.copy(buffer, 0, to, at, buffer.byteSize());
            at += buffer.byteSize();
        }
    }

    @Override
    public void importFrom(int page, MemorySegment from) {
        long at = 0;
        for (MemorySegment buffer : page(page).buffers) {
            MemorySegment.copy(from, at, buffer, 0, buffer.byteSize());
            at += buffer.byteSize();
        }
        page(page).length[0] = positions;
    }

    @Override
    public void close() {
        for (Page page : pages) {
            if (page != null) {
                page.past.values().forEach(OnnxTensor::close);
            }
        }
        arena.close();
    }
}
