package dev.sluice.runtime.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.KvPlan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: no page is lost, given twice, or read where it holds another's tokens; and what was
/// published is found again to the token.
///
/// Method: 100,000 random operations on sequences of few different tokens, so that they meet often,
/// beside a naive model: the list of all token lists ever published. After each operation the books
/// are checked, and [PageLm] compares every position that the sequence would read. In a pool with
/// room for everything the match is exactly the naive one; in a small one it is at most that.
class KvCacheFuzzTest {
    @TempDir
    private Path folder;

    @Test
    void roomyPool() {
        for (int i = 0; i < 200; i++) {
            new Lives(i, true, KvTiers.NONE).live();
        }
    }

    @Test
    void smallPool() {
        for (int i = 0; i < 200; i++) {
            new Lives(i, false, KvTiers.NONE).live();
        }
    }

    /// Pages come and go through host memory, and parked sessions' through files too.
    @Test
    void smallPoolWithTiers() {
        for (int i = 0; i < 120; i++) {
            var host = KvTiers.host(new ModelFingerprint(i, 0), 64 * (1 + i % 30));
            new Lives(i, false, host).live();
            if (i % 3 == 0) {
                new Lives(i, false, host.withDisk(folder, 100 * i)).live();
            }
        }
    }
}

/// The sequences of one pool, and all that was ever published there.
final class Lives {
    private static final int CONTEXT = 44;
    private static final int OPERATIONS = 250;
    private static final CacheSpace[] SPACES =
            {CacheSpace.SHARED, new CacheSpace("lora", ""), new CacheSpace("", "salt")};

    private final Random random;
    private final String seed;
    private final boolean roomy;
    private final boolean tiered;
    private final PageLm model;
    private final KvCache cache;
    private final long foreign;
    private final List<KvSequence> live = new ArrayList<>();
    private final List<int[]> texts = new ArrayList<>();
    private final List<List<int[]>> published = List.of(
            new ArrayList<>(), new ArrayList<>(), new ArrayList<>());

    Lives(int seed, boolean roomy, KvTiers tiers) {
        random = new Random(seed);
        this.seed = "seed " + seed + (roomy ? " roomy " : " small ") + tiers;
        this.roomy = roomy;
        tiered = tiers.hostBytes() > 0;
        int full = roomy ? 900 : 15 + random.nextInt(20);
        int windowed = roomy ? 900 : 9 + random.nextInt(10);
        var all = new KvPlan.Group(1, full, 0, 32);
        var window = new KvPlan.Group(1, windowed, 1 + random.nextInt(9), 32);
        model = switch (random.nextInt(3)) {
            case 0 -> new PageLm(CONTEXT, 7, all);
            case 1 -> new PageLm(CONTEXT, 7, all, window);
            default -> new PageLm(CONTEXT, 7, window);
        };
        cache = new KvCache(model, tiers);
        // The files of the life before.
        foreign = cache.stats().tiers().discards();
    }

    void live() {
        for (int i = 0; i < OPERATIONS; i++) {
            operation();
            cache.checkIntegrity(live);
        }
        while (!live.isEmpty()) {
            close(0);
        }
        cache.checkIntegrity(List.of());
        for (CacheStats.Group group : cache.stats().groups()) {
            assertEquals(0, group.locked(), seed);
            assertEquals(group.pages(), group.free() + group.tree(), seed);
        }
        // Whatever the tree holds gives way.
        KvSequence last = cache.open(CacheSpace.SHARED);
        for (int from = 0; from < cache.contextLimit(); from = last.length()) {
            int end = Math.min(cache.contextLimit(), from + model.maxRows());
            assertTrue(cache.reserve(last, end), seed);
            cache.commit(last, new int[CONTEXT], from, end);
        }
        assertEquals(foreign, cache.stats().tiers().discards(), seed);
        cache.close();
    }

    private void operation() {
        int chosen = live.isEmpty() ? 0 : random.nextInt(live.size());
        if (live.isEmpty() || live.size() < 5 && random.nextInt(5) == 0) {
            open();
            return;
        }
        KvSequence sequence = live.get(chosen);
        switch (random.nextInt(10)) {
            case 0 -> close(chosen);
            case 1 -> fork(chosen);
            case 2 -> {
                if (model.kvPlan().groups().getLast().window() > 0) {
                    // What a window has forgotten comes back by way of the tree.
                    cache.publish(sequence);
                    note(sequence, sequence.length());
                }
                cache.truncate(sequence, random.nextInt(CONTEXT));
                change(chosen, sequence.length());
            }
            case 3 -> {
                cache.publish(sequence);
                note(sequence, sequence.length());
            }
            case 4 -> {
                note(sequence, sequence.length());
                cache.release(sequence);
                attach(chosen);
            }
            case 5 -> park(chosen);
            default -> grow(chosen);
        }
        if (chosen < live.size()) {
            model.verify(live.get(chosen), texts.get(chosen), seed);
        }
    }

    private void open() {
        live.add(cache.open(SPACES[random.nextInt(8) > 2 ? 0 : random.nextInt(3)]));
        texts.add(random.ints(CONTEXT, 0, 2).toArray());
        if (random.nextBoolean()) {
            attach(live.size() - 1);
        }
    }

    private void attach(int index) {
        KvSequence sequence = live.get(index);
        int[] text = texts.get(index);
        int length = 1 + random.nextInt(CONTEXT);
        int expected = longest(sequence.space(), text, length);
        int matched = cache.match(sequence.space(), text, length);
        Attached attached = cache.attach(sequence, text, length);
        while (attached.loading()) {
            assertEquals(0, sequence.length(), seed);
            Thread.onSpinWait();
            attached = cache.attach(sequence, text, length);
        }
        // What is in a tier may find no room, or be worth reading only now.
        assertTrue(attached.tokens() == matched || tiered, seed);
        assertEquals(attached.tokens(), sequence.length(), seed);
        assertTrue(attached.tokens() <= expected, seed + ": what nobody has published");
        if (roomy) {
            assertEquals(expected, attached.tokens(), seed);
        }
        model.verify(sequence, text, seed);
    }

    private void park(int index) {
        KvSequence sequence = live.get(index);
        note(sequence, sequence.length());
        cache.prefillMeasured(1 + random.nextInt(10), random.nextInt(1_000_000));
        cache.park(sequence, random.nextBoolean() ? ParkHint.of("tool" + random.nextInt(3))
                : new ParkHint("slow", 1 + random.nextInt(10_000_000)));
        if (random.nextBoolean()) {
            attach(index);
        }
    }

    /// The naive match.
    private int longest(CacheSpace space, int[] text, int length) {
        int longest = 0;
        for (int[] tokens : published.get(Arrays.asList(SPACES).indexOf(space))) {
            int limit = Math.min(length, tokens.length);
            int mismatch = Arrays.mismatch(tokens, 0, limit, text, 0, limit);
            longest = Math.max(longest, mismatch < 0 ? limit : mismatch);
        }
        return longest;
    }

    private void note(KvSequence sequence, int length) {
        int[] tokens = new int[length];
        for (int i = 0; i < length; i++) {
            tokens[i] = sequence.token(i);
        }
        published.get(Arrays.asList(SPACES).indexOf(sequence.space())).add(tokens);
    }

    private void grow(int index) {
        KvSequence sequence = live.get(index);
        int from = sequence.length();
        int end = Math.min(cache.contextLimit(), from + 1 + random.nextInt(7));
        if (end <= from || !cache.reserve(sequence, end)) {
            return;
        }
        // Guesses are computed too, and not all are kept.
        int kept = from + 1 + random.nextInt(end - from);
        model.compute(sequence, texts.get(index), from, end);
        cache.commit(sequence, texts.get(index), from, kept);
        note(sequence, kept - kept % PageLm.PAGE);
    }

    private void fork(int index) {
        if (live.size() > 6) {
            return;
        }
        KvSequence child = cache.open(live.get(index).space());
        cache.fork(live.get(index), child);
        live.add(child);
        texts.add(texts.get(index).clone());
        change(live.size() - 1, child.length());
        model.verify(child, texts.getLast(), seed);
    }

    /// Other tokens from `from` on.
    private void change(int index, int from) {
        int[] text = texts.get(index);
        for (int i = from; i < CONTEXT; i++) {
            text[i] = random.nextInt(2);
        }
    }

    private void close(int index) {
        KvSequence sequence = live.remove(index);
        note(sequence, sequence.length());
        texts.remove(index);
        cache.close(sequence);
    }
}
