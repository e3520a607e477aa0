package dev.sluice.runtime.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.KvPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a session goes to a file and back into another cache, and nothing of a damaged or foreign
/// file is used. Method: [PageLm] with a window group; every byte flipped, every length cut.
class SavedSessionTest {
    private static final int[] TEXT = new Random(8).ints(40, 0, 1000).toArray();
    private static final KvTiers MODEL = KvTiers.host(new ModelFingerprint(4, 5), 0);

    @TempDir
    private Path folder;

    private static PageLm model() {
        return new PageLm(64, 8, new KvPlan.Group(1, 16, 0, 32), new KvPlan.Group(1, 9, 6, 32));
    }

    private Path saved() {
        Path file = folder.resolve("session.kv");
        PageLm model = model();
        try (var cache = new KvCache(model, MODEL)) {
            KvSequence session = cache.open(CacheSpace.SHARED);
            for (int end = 0; end < 30; end = session.length()) {
                int next = Math.min(30, end + 8);
                assertTrue(cache.reserve(session, next));
                model.compute(session, TEXT, end, next);
                cache.commit(session, TEXT, end, next);
            }
            cache.save(session, file);
        }
        return file;
    }

    @Test
    void aSessionGoesOnInAnotherCache() throws ForeignCacheException {
        Path file = saved();
        PageLm model = model();
        try (var cache = new KvCache(model, MODEL)) {
            KvSequence session = cache.restore(file);
            assertEquals(30, session.length());
            model.verify(session, TEXT, "restored");
            assertTrue(cache.reserve(session, 32));
            model.compute(session, TEXT, 30, 32);
            cache.commit(session, TEXT, 30, 32);
            model.verify(session, TEXT, "went on");
            cache.checkIntegrity(List.of(session));
        }
    }

    @Test
    void anotherModelOrSpaceIsRefused() {
        Path file = saved();
        try (var cache = new KvCache(model(), KvTiers.host(new ModelFingerprint(4, 6), 0))) {
            String reason = assertThrows(ForeignCacheException.class,
                    () -> cache.restore(file)).getMessage();
            assertTrue(reason.contains("another model"), reason);
        }
        try (var cache = new KvCache(model(), MODEL)) {
            assertThrows(ForeignCacheException.class,
                    () -> cache.restore(new CacheSpace("", "salt"), file));
        }
    }

    @Test
    void everyFlippedByteAndEveryCutIsFound() throws IOException {
        byte[] sound = Files.readAllBytes(saved());
        Path file = folder.resolve("damaged.kv");
        try (var cache = new KvCache(model(), MODEL)) {
            for (int at = 0; at < sound.length; at++) {
                byte[] damaged = sound.clone();
                damaged[at] ^= (byte) (1 << at % 8);
                Files.write(file, damaged);
                assertThrows(ForeignCacheException.class, () -> cache.restore(file), "byte " + at);
                Files.write(file, java.util.Arrays.copyOf(sound, at));
                assertThrows(ForeignCacheException.class, () -> cache.restore(file), "cut " + at);
            }
            assertEquals(0, cache.match(CacheSpace.SHARED, TEXT, 30));
            cache.checkIntegrity(List.of());
        }
    }
}
