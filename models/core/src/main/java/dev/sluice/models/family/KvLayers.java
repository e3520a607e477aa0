package dev.sluice.models.family;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.KvPages;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.models.KvPlan;
import dev.sluice.models.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The KV pages of every layer, in groups of layers that forget alike, and the rotary tables that
/// go with them. Allocated at open; engine thread only.
final class KvLayers {
    private final Kernels kernels;
    private final ModelConfig config;
    private final Family family;
    private final KvPlan plan;
    private final List<KvPages> pages = new ArrayList<>();
    private final List<RopeSpec> ropes = new ArrayList<>();

    /// @param planned  the groups with their pages
    KvLayers(Kernels kernels, ModelConfig config, Family family, KvPlan planned) {
        this.kernels = kernels;
        this.config = config;
        this.family = family;
        for (int layer = 0; layer < config.layers(); layer++) {
            pages.add(allocate(planned, planned.groups().get(group(planned, layer)).pages()));
        }
        plan = asAllocated(planned);
        addRopes();
    }

    private KvPages allocate(KvPlan planned, int pageCount) {
        ModelConfig.AttentionConfig a = config.attention();
        ModelConfig.LatentConfig l = config.latent();
        return l.kvRank() > 0
                ? kernels.allocateKv(planned.dtype(), pageCount, planned.pageSize(), 1,
                        l.kvRank() + l.ropeDim(), l.kvRank(), true)
                : kernels.allocateKv(planned.dtype(), pageCount, planned.pageSize(), a.kvHeads(),
                        a.keyDim(), a.valueDim(), false);
    }

    /// The plan with the bytes that the backend's layout takes.
    private KvPlan asAllocated(KvPlan planned) {
        var groups = new ArrayList<KvPlan.Group>();
        for (int g = 0; g < planned.groups().size(); g++) {
            KvPlan.Group group = planned.groups().get(g);
            long bytes = 0;
            for (int layer = 0; layer < pages.size(); layer++) {
                bytes += group(planned, layer) == g
                        ? pages.get(layer).byteSize() / group.pages() : 0;
            }
            groups.add(new KvPlan.Group(group.layers(), group.pages(), group.window(), bytes));
        }
        return new KvPlan(planned.dtype(), planned.pageSize(), groups);
    }

    private void addRopes() {
        ModelConfig.RopeConfig rope = config.rope();
        ropes.add(spec(rope, rope.base(), rope.scaling()));
        if (rope.localBase() != rope.base() || !rope.scaleLocal()) {
            ropes.add(spec(rope, rope.localBase(), rope.scaleLocal() ? rope.scaling()
                    : new dev.sluice.models.RopeScaling.None()));
        }
    }

    private RopeSpec spec(ModelConfig.RopeConfig rope, double base,
            dev.sluice.models.RopeScaling scaling) {
        float[] frequencies = scaling.inverseFrequencies(rope.dims(), base);
        return new RopeSpec(kernels.upload(Matrix.host(frequencies, 1, frequencies.length)),
                scaling.magnitude(), rope.pairing());
    }

    KvPlan plan() { return plan; }

    List<RopeSpec> ropes() { return ropes; }

    float attentionScale() { return family.attentionScale(config); }

    /// Positions that a row of the layer sees, itself included; 0 for all.
    int window(int layer) {
        return KvGroups.window(config, family, layer);
    }

    int group(int layer) {
        return group(plan, layer);
    }

    private int group(KvPlan groups, int layer) {
        int window = window(layer);
        for (int g = 0; g < groups.groups().size(); g++) {
            if (groups.groups().get(g).window() == window) {
                return g;
            }
        }
        throw new IllegalStateException("layer " + layer + " is in no KV group");
    }

    GroupedAttention.Place place(int layer) {
        int rope = window(layer) > 0 ? ropes.size() - 1 : 0;
        return new GroupedAttention.Place(pages.get(layer), group(layer),
                family.rotary(config, layer), rope, config.rope().pairing());
    }

    // ---- pages as bytes -----------------------------------------------------------------

    void copyPage(int group, int from, int to) {
        for (int layer = 0; layer < pages.size(); layer++) {
            if (group(layer) == group) {
                kernels.copyPage(pages.get(layer), from, to);
            }
        }
    }

    long pageBytes(int group) {
        return plan.groups().get(group).bytesPerPage();
    }

    /// Layer after layer, keys then values.
    void exportPage(int group, int page, MemorySegment to) {
        long offset = 0;
        for (Matrix row : pageRows(group, page)) {
            kernels.read(row, Matrix.of(row.dtype(), 1, row.cols(), to, offset));
            offset += row.byteSize();
        }
    }

    void importPage(int group, int page, MemorySegment from) {
        long offset = 0;
        for (Matrix row : pageRows(group, page)) {
            kernels.write(Matrix.of(row.dtype(), 1, row.cols(), from, offset), row);
            offset += row.byteSize();
        }
    }

    private List<Matrix> pageRows(int group, int page) {
        var rows = new ArrayList<Matrix>();
        for (int layer = 0; layer < pages.size(); layer++) {
            KvPages p = pages.get(layer);
            if (group(layer) == group) {
                rows.add(p.keys().rows(page, 1));
                if (p.values().rows() > 0) {
                    rows.add(p.values().rows(page, 1));
                }
            }
        }
        return rows;
    }
}
