package dev.sluice.runtime.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.KvPlan;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Goal: pages come back from a tier as they were or not at all. Method: sequences on [PageLm] that
/// are parked, pushed out of a small pool by another, and attached again, in this cache or in the
/// next one on the same folder; files with every byte flipped and cut at every length.
@Timeout(120)
class TiersTest {
    private static final ModelFingerprint MODEL = new ModelFingerprint(1, 2);
    private static final int PAGES = 8;
    private static final int[] TEXT = new Random(5).ints(32, 0, 1000).toArray();
    private static final int[] OTHER = new Random(6).ints(32, 1000, 2000).toArray();

    @TempDir
    private Path folder;

    private static PageLm model() {
        return PageLm.full(64, PAGES);
    }

    /// Transfers take no time, so that what is read back does not depend on this machine's disk.
    private static KvCache cache(PageLm model, KvTiers tiers) {
        return new KvCache(model, tiers, () -> 0);
    }

    private KvTiers disk() {
        return KvTiers.host(MODEL, 32 * 64).withDisk(folder, 1 << 20);
    }

    /// Has a session computed and parked, and pushed out by another that needs the whole pool.
    private static void parkAndPushOut(KvCache cache, PageLm model, int length) {
        KvSequence session = cache.open(CacheSpace.SHARED);
        advance(cache, model, session, TEXT, length);
        cache.park(session, new ParkHint("slow", Long.MAX_VALUE / 4));
        pushOut(cache, model);
    }

    private static void pushOut(KvCache cache, PageLm model) {
        KvSequence big = cache.open(CacheSpace.SHARED);
        advance(cache, model, big, OTHER, 4 * PAGES);
        cache.truncate(big, 0);
    }

    private static void advance(
            KvCache cache, PageLm model, KvSequence sequence, int[] text, int end) {
        int from = sequence.length();
        assertTrue(cache.reserve(sequence, end));
        model.compute(sequence, text, from, end);
        cache.commit(sequence, text, from, end);
    }

    /// Attaches until nothing is being read any more.
    private static KvSequence attach(KvCache cache, PageLm model, int length) {
        KvSequence sequence = cache.open(CacheSpace.SHARED);
        while (cache.attach(sequence, TEXT, length).loading()) {
            assertEquals(0, sequence.length());
            settle(cache);
        }
        model.verify(sequence, TEXT, "attached");
        cache.checkIntegrity(List.of(sequence));
        return sequence;
    }

    private static void settle(KvCache cache) {
        while (cache.tiers().busy()) {
            Thread.onSpinWait();
            cache.tiers().poll();
        }
    }

    @Test
    void whatWasEvictedComesBackFromHostMemory() {
        PageLm model = model();
        try (var cache = cache(model, KvTiers.host(MODEL, 32 * 64))) {
            parkAndPushOut(cache, model, 31);
            assertEquals(8, cache.stats().tiers().demoted());
            long rows = model.rowsComputed();
            assertEquals(30, cache.match(CacheSpace.SHARED, TEXT, 30));
            KvSequence back = attach(cache, model, 30);
            assertEquals(30, back.length());
            assertEquals(rows, model.rowsComputed());
            advance(cache, model, back, TEXT, 32);
            model.verify(back, TEXT, "went on");
            assertEquals(8, cache.stats().tiers().restored());
            KvSequence stranger = cache.open(new CacheSpace("", "salt"));
            assertEquals(0, cache.attach(stranger, TEXT, 30).tokens());
        }
    }

    @Test
    void theHostTierIsBounded() {
        PageLm model = model();
        try (var cache = cache(model, KvTiers.host(MODEL, 3 * 32 + 31))) {
            parkAndPushOut(cache, model, 32);
            assertEquals(3 * 32, cache.stats().tiers().hostBytes());
            // The ends of the path went first, and gave way to its beginning.
            assertEquals(12, attach(cache, model, 32).length());
        }
        assertThrows(IllegalArgumentException.class,
                () -> cache(model(), KvTiers.host(MODEL, 31)));
    }

    /// A page of a few bytes per token is read back; not one that is computed faster.
    @Test
    void whatIsComputedFasterIsNotKept() {
        PageLm model = model();
        try (var cache = cache(model, KvTiers.host(MODEL, 32 * 64))) {
            cache.prefillMeasured(1000, 1);
            parkAndPushOut(cache, model, 32);
            assertEquals(0, cache.stats().tiers().demoted());
        }
        try (var cache = cache(model, KvTiers.host(MODEL, 32 * 64))) {
            parkAndPushOut(cache, model, 32);
            assertEquals(8, cache.stats().tiers().demoted());
            for (int i = 0; i < 200; i++) {
                cache.prefillMeasured(1000, 1);
            }
            assertEquals(0, attach(cache, model, 32).length());
        }
    }

    @Test
    void aBitFlippedInHostMemoryIsFound() {
        PageLm model = model();
        try (var cache = cache(model, KvTiers.host(MODEL, 32 * 64))) {
            parkAndPushOut(cache, model, 32);
            Chunk third = cache.tiers().find(
                    cache.tiers().rootKey(CacheSpace.SHARED), TEXT, 0, 32).get(2);
            var page = cache.tiers().page(third, 0);
            page.set(ValueLayout.JAVA_BYTE, 9, (byte) (page.get(ValueLayout.JAVA_BYTE, 9) ^ 4));
            assertEquals(8, attach(cache, model, 32).length());
            assertEquals(1, cache.stats().tiers().discards());
        }
    }

    @Test
    void filesOutliveTheProcess() {
        fill(32);
        PageLm model = model();
        try (var cache = cache(model, disk())) {
            assertTrue(cache.tierNote().contains("in 8 files, 0 files discarded"),
                    cache.tierNote());
            assertEquals(30, cache.match(CacheSpace.SHARED, TEXT, 30));
            KvSequence sequence = cache.open(CacheSpace.SHARED);
            assertEquals(new Attached(0, true), cache.attach(sequence, TEXT, 30));
            settle(cache);
            assertEquals(30, attach(cache, model, 30).length());
            assertEquals(8, cache.stats().tiers().diskReads());
            assertEquals(0, model.rowsComputed());
        }
    }

    /// Leaves the files of a parked session behind.
    private void fill(int length) {
        PageLm model = model();
        try (var cache = cache(model, disk())) {
            parkAndPushOut(cache, model, length);
            settle(cache);
            assertEquals((length + 3) / 4, cache.stats().tiers().diskWrites());
        }
    }

    @Test
    void theDiskTierIsBounded() throws IOException {
        fill(4);
        long fileBytes = filesBytes();
        PageLm model = model();
        try (var cache = cache(model, KvTiers.host(MODEL, 32 * 64)
                .withDisk(folder, 3 * fileBytes + 5))) {
            parkAndPushOut(cache, model, 32);
            settle(cache);
            assertTrue(cache.stats().tiers().diskBytes() <= 3 * fileBytes);
        }
        assertEquals(3 * fileBytes, filesBytes());
        try (var cache = cache(model(), KvTiers.host(MODEL, 32 * 64)
                .withDisk(folder, 2 * fileBytes))) {
            assertEquals(2 * fileBytes, cache.stats().tiers().diskBytes());
        }
    }

    private long filesBytes() throws IOException {
        long bytes = 0;
        for (Path file : files()) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    private List<Path> files() throws IOException {
        try (var files = Files.list(folder)) {
            return files.filter(f -> f.toString().endsWith(".kv")).sorted().toList();
        }
    }

    @Test
    void aFolderBelongsToOneCache() {
        try (var cache = cache(model(), disk())) {
            assertEquals(0, cache.stats().tiers().diskBytes());
            String reason = assertThrows(IllegalStateException.class,
                    () -> cache(model(), disk())).getMessage();
            assertTrue(reason.contains("in use"), reason);
        }
    }

    @Test
    void everyFlippedByteIsFound() throws IOException {
        fill(3);
        Path file = files().getFirst();
        byte[] sound = Files.readAllBytes(file);
        for (int at = 0; at < sound.length; at++) {
            byte[] damaged = sound.clone();
            damaged[at] ^= (byte) (1 << at % 8);
            Files.write(file, damaged);
            requireDiscarded("byte " + at);
        }
        for (int length = 0; length < sound.length; length++) {
            Files.write(file, Arrays.copyOf(sound, length));
            requireDiscarded("cut at " + length);
        }
        Files.write(file, Arrays.copyOf(sound, sound.length + 1));
        requireDiscarded("a byte more");
        Files.write(file, sound);
        try (var cache = cache(model(), disk())) {
            assertEquals(3, cache.match(CacheSpace.SHARED, TEXT, 3), "the file as it was");
        }
    }

    private void requireDiscarded(String what) throws IOException {
        PageLm model = model();
        try (var cache = cache(model, disk())) {
            assertEquals(0, attach(cache, model, 3).length(), what);
            assertEquals(1, cache.stats().tiers().discards(), what);
            assertEquals(0, cache.stats().tiers().hostBytes(), what);
            assertEquals(0, cache.stats().tiers().diskBytes(), what);
        }
        assertEquals(List.of(), files(), what);
    }

    /// A file that is exchanged or removed while the cache runs.
    @Test
    void aFileThatChangesMeanwhileIsNotUsed() throws IOException {
        fill(8);
        PageLm model = model();
        try (var cache = cache(model, disk())) {
            List<Path> files = files();
            Files.copy(files.get(0), files.get(1), StandardCopyOption.REPLACE_EXISTING);
            assertTrue(attach(cache, model, 8).length() < 8);
            assertEquals(1, cache.stats().tiers().discards());
        }
    }

    @Test
    void aFileThatVanishesIsComputedAgain() throws IOException {
        fill(8);
        PageLm model = model();
        try (var cache = cache(model, disk())) {
            for (Path file : files()) {
                Files.delete(file);
            }
            assertEquals(0, attach(cache, model, 8).length());
        }
    }

    @Test
    void anotherModelsFilesAreForeign() {
        fill(32);
        PageLm model = model();
        var foreign = KvTiers.host(new ModelFingerprint(1, 3), 32 * 64).withDisk(folder, 1 << 20);
        try (var cache = cache(model, foreign)) {
            assertEquals(8, cache.stats().tiers().discards());
            assertEquals(0, cache.match(CacheSpace.SHARED, TEXT, 32));
        }
    }

    /// What a process leaves behind that is killed while it writes.
    @Test
    void anUnfinishedWriteIsDiscarded() throws IOException {
        fill(32);
        Path file = files().getFirst();
        byte[] bytes = Files.readAllBytes(file);
        Files.write(folder.resolve(file.getFileName() + ".tmp"), Arrays.copyOf(bytes, 40));
        try (var cache = cache(model(), disk())) {
            assertTrue(cache.tierNote().contains("in 8 files, 1 files discarded"),
                    cache.tierNote());
            assertEquals(32, cache.match(CacheSpace.SHARED, TEXT, 32));
        }
        assertFalse(Files.exists(folder.resolve(file.getFileName() + ".tmp")));
    }

    /// A window's pages come back where they are seen, and only there.
    @Test
    void windowsComeBackToo() {
        var model = new PageLm(64, 4, new KvPlan.Group(1, 9, 0, 32),
                new KvPlan.Group(1, 6, 5, 32));
        try (var cache = cache(model, KvTiers.host(MODEL, 64 * 64))) {
            KvSequence session = cache.open(CacheSpace.SHARED);
            for (int end = 4; end <= 32; end += 4) {
                advance(cache, model, session, TEXT, end);
            }
            cache.park(session, new ParkHint("slow", Long.MAX_VALUE / 4));
            KvSequence big = cache.open(CacheSpace.SHARED);
            for (int end = 4; end <= 36; end += 4) {
                advance(cache, model, big, Arrays.copyOf(OTHER, 36), end);
            }
            cache.truncate(big, 0);
            assertEquals(31, attach(cache, model, 31).length());
            assertTrue(cache.stats().tiers().restored() > 0);
        }
    }
}
