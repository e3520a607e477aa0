package dev.sluice.models.family;

import dev.sluice.kernels.DType;
import dev.sluice.models.KvPlan;
import dev.sluice.models.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/// Which layers of a model forget alike, and what a page of them takes. Pure.
final class KvGroups {
    /// Backends align the keys and the values of a page to this.
    private static final int ALIGNMENT_BYTES = 64;

    private KvGroups() { }

    /// Positions that a row of the layer sees, itself included; 0 for all.
    static int window(ModelConfig config, Family family, int layer) {
        return family.sliding(config, layer) ? config.attention().window() : 0;
    }

    /// One group per window, that of layers which see everything first; no pages yet.
    static KvPlan of(ModelConfig config, Family family, DType dtype, int pageSize) {
        long bytesPerLayer = layerBytes(config, dtype, pageSize);
        var groups = new ArrayList<KvPlan.Group>();
        for (int window : windows(config, family)) {
            int layers = 0;
            for (int layer = 0; layer < config.layers(); layer++) {
                layers += window(config, family, layer) == window ? 1 : 0;
            }
            groups.add(new KvPlan.Group(layers, 0, window, layers * bytesPerLayer));
        }
        return new KvPlan(dtype, pageSize, groups);
    }

    private static List<Integer> windows(ModelConfig config, Family family) {
        var windows = new ArrayList<Integer>();
        for (int layer = 0; layer < config.layers(); layer++) {
            int window = window(config, family, layer);
            if (!windows.contains(window)) {
                windows.add(window == 0 ? 0 : windows.size(), window);
            }
        }
        return windows;
    }

    /// Bytes of one layer's page: keys and values per head, or one latent row per position.
    private static long layerBytes(ModelConfig config, DType dtype, int pageSize) {
        ModelConfig.AttentionConfig a = config.attention();
        ModelConfig.LatentConfig l = config.latent();
        if (l.kvRank() > 0) {
            return aligned(pageSize * dtype.rowBytes(l.kvRank() + l.ropeDim()));
        }
        long rows = (long) pageSize * a.kvHeads();
        return aligned(rows * dtype.rowBytes(a.keyDim()))
                + aligned(rows * dtype.rowBytes(a.valueDim()));
    }

    private static long aligned(long bytes) {
        return (bytes + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
    }
}
