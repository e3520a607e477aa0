package dev.sluice.models.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.Function;
import java.util.regex.Pattern;

/// SentencePiece's `precompiled_charsmap` (Kudo and Richardson, "SentencePiece", section 3.2):
/// texts and what they are rewritten to, found by a double-array trie (Aoe, "An Efficient Digital
/// Search Algorithm", as Yata's darts-clone packs it).
///
///     u32 bytes of the trie | u32 units of the trie | replacements, each ended by a zero byte
///
///     unit   31    30 .. 10    9    8     7 .. 0
///            1     value (30..0)                   a leaf: where its replacement begins
///            0     offset     <<8  leaf  label     a node: children at node ^ offset ^ label
///
/// Immutable, any thread.
final class CharacterMap {
    private static final int SIZE_BYTES = 4;
    /// Longer clusters are rewritten character by character; HuggingFace's tokenizers say so.
    private static final int CLUSTER_BYTES_MAX = 5;
    private static final Pattern CLUSTER = Pattern.compile("\\X");

    private final int[] units;
    private final byte[] replacements;

    /// @param charsmap  the bytes of the file; none at all map nothing
    /// @throws IllegalArgumentException  for bytes that are no such map
    CharacterMap(byte[] charsmap) {
        if (charsmap.length == 0) {
            units = new int[0];
            replacements = new byte[0];
            return;
        }
        ByteBuffer buffer = ByteBuffer.wrap(charsmap).order(ByteOrder.LITTLE_ENDIAN);
        long trieBytes = charsmap.length < SIZE_BYTES ? -1 : buffer.getInt() & 0xFFFF_FFFFL;
        if (trieBytes < 4 || trieBytes % 4 != 0 || trieBytes > charsmap.length - SIZE_BYTES) {
            throw new IllegalArgumentException(
                    "precompiled_charsmap of %d bytes: a trie of %d bytes does not fit".formatted(
                            charsmap.length, trieBytes));
        }
        units = new int[(int) trieBytes / 4];
        buffer.asIntBuffer().get(units);
        replacements = Arrays.copyOfRange(
                charsmap, SIZE_BYTES + (int) trieBytes, charsmap.length);
        if (replacements.length == 0 || replacements[replacements.length - 1] != 0) {
            throw new IllegalArgumentException(
                    "precompiled_charsmap: the last replacement does not end");
        }
        check();
    }

    /// Walks the whole trie, whose branches may share their ends: every leaf names a replacement.
    private void check() {
        var reached = new BitSet(units.length);
        int[] open = new int[units.length];
        int count = 1;
        reached.set(0);
        while (count > 0) {
            int node = open[--count];
            int children = node ^ offset(units[node]);
            if (node != 0 && hasLeaf(units[node])
                    && (children >= units.length
                    || value(units[children]) >= replacements.length)) {
                throw new IllegalArgumentException(
                        "precompiled_charsmap: unit %d has no replacement".formatted(node));
            }
            for (int label = 1; label < 256; label++) {
                int child = child(node, label);
                if (child >= 0 && !reached.get(child)) {
                    reached.set(child);
                    open[count++] = child;
                }
            }
        }
    }

    private static boolean hasLeaf(int unit) { return (unit >>> 8 & 1) != 0; }

    private static int value(int unit) { return unit & Integer.MAX_VALUE; }

    private static int offset(int unit) { return unit >>> 10 << ((unit & 1 << 9) >>> 6); }

    /// The unit of a node's child, or a negative number.
    private int child(int node, int label) {
        int at = node ^ offset(units[node]) ^ label;
        return at >= 0 && at < units.length && (units[at] & 0x8000_00FF) == label ? at : -1;
    }

    /// A text of the map that a range begins with: its bytes, and where its replacement begins.
    private record Found(int bytes, int replacement) {
        static final Found NOTHING = new Found(0, 0);
    }

    /// The longest text of the map that `utf8[from, to)` begins with, or the shortest.
    private Found find(byte[] utf8, int from, int to, boolean longest) {
        Found found = Found.NOTHING;
        int node = 0;
        for (int i = from; i < to && units.length > 0; i++) {
            // A zero byte leads to a leaf and never to a child.
            node = utf8[i] == 0 ? -1 : child(node, utf8[i] & 0xFF);
            if (node < 0) {
                return found;
            }
            if (hasLeaf(units[node])) {
                found = new Found(i + 1 - from, value(units[node ^ offset(units[node])]));
                if (!longest) {
                    return found;
                }
            }
        }
        return found;
    }

    private void append(int replacement, ByteArrayOutputStream out) {
        int end = replacement;
        while (replacements[end] != 0) {
            end++;
        }
        out.write(replacements, replacement, end - replacement);
    }

    /// As SentencePiece and libllama rewrite: from the left, the longest text of the map.
    String rewriteLongest(String text) {
        return rewritten(text, utf8 -> {
            var out = new ByteArrayOutputStream(utf8.length + 16);
            for (int i = 0; i < utf8.length;) {
                Found found = find(utf8, i, utf8.length, true);
                if (found.bytes > 0) {
                    append(found.replacement, out);
                    i += found.bytes;
                } else {
                    out.write(utf8, i, Utf8.length(utf8[i]));
                    i += Utf8.length(utf8[i]);
                }
            }
            return out;
        });
    }

    /// As HuggingFace's tokenizers rewrite (`normalizers/precompiled.rs`): a short grapheme cluster
    /// whole becomes what the shortest text of the map that it begins with becomes, and the rest of
    /// the cluster is lost; else each character by itself.
    String rewriteClusters(String text) {
        var matcher = CLUSTER.matcher(text);
        return rewritten(text, utf8 -> {
            var out = new ByteArrayOutputStream(utf8.length + 16);
            int at = 0;
            while (matcher.find()) {
                int end = at + matcher.group().getBytes(StandardCharsets.UTF_8).length;
                Found whole = end - at > CLUSTER_BYTES_MAX ? Found.NOTHING
                        : find(utf8, at, end, false);
                if (whole.bytes > 0) {
                    append(whole.replacement, out);
                } else {
                    characters(utf8, at, end, out);
                }
                at = end;
            }
            return out;
        });
    }

    private void characters(byte[] utf8, int from, int to, ByteArrayOutputStream out) {
        for (int i = from; i < to;) {
            int next = i + Utf8.length(utf8[i]);
            Found found = find(utf8, i, next, false);
            if (found.bytes > 0) {
                append(found.replacement, out);
            } else {
                out.write(utf8, i, next - i);
            }
            i = next;
        }
    }

    private String rewritten(String text, Function<byte[], ByteArrayOutputStream> rewrite) {
        return units.length == 0 ? text
                : rewrite.apply(text.getBytes(StandardCharsets.UTF_8))
                        .toString(StandardCharsets.UTF_8);
    }
}
