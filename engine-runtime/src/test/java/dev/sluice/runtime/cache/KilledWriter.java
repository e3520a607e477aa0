package dev.sluice.runtime.cache;

import java.nio.file.Path;
import java.util.Random;

/// A process that parks one session after another, so that its disk tier never stops writing, until
/// it is killed. Argument: the folder.
final class KilledWriter {
    static final int PAGES = 512;
    static final int LENGTH = 4 * 16;
    static final int TEXTS = 16;
    static final long PAGE_BYTES = 8 * PageLm.PAGE + (1 << 18);
    static final ModelFingerprint MODEL = new ModelFingerprint(7, 7);

    private KilledWriter() {}

    static PageLm model() {
        return new PageLm(LENGTH, 1 << 20, new dev.sluice.models.KvPlan.Group(
                1, PAGES, 0, PAGE_BYTES));
    }

    static KvTiers tiers(Path folder) {
        return KvTiers.host(MODEL, 64 * PAGE_BYTES).withDisk(folder, 1L << 30);
    }

    static int[] text(int seed) {
        return new Random(seed).ints(LENGTH, 0, 1 << 20).toArray();
    }

    public static void main(String[] arguments) {
        PageLm model = model();
        var cache = new KvCache(model, tiers(Path.of(arguments[0])), () -> 0);
        for (int seed = 0;; seed++) {
            int[] text = text(seed % TEXTS);
            KvSequence session = cache.open(CacheSpace.SHARED);
            while (cache.attach(session, text, LENGTH).loading()) {
                Thread.onSpinWait();
            }
            int from = session.length();
            if (from < LENGTH && cache.reserve(session, LENGTH)) {
                model.compute(session, text, from, LENGTH);
                cache.commit(session, text, from, LENGTH);
            }
            cache.park(session, new ParkHint("", Long.MAX_VALUE / 4));
            cache.match(CacheSpace.SHARED, text, LENGTH);
        }
    }
}
