package dev.sluice.models.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/// Many texts as UTF-8 in one array: text `i` is the `lengths[i]` bytes from `starts[i]`. A
/// vocabulary of 128k tokens and 280k merges stays at three arrays each, with no object per text,
/// and the bytes may be those of a file, length words and all. Immutable by agreement: the arrays
/// are not copied and must not be written afterwards.
public final class TextTable {
    private final byte[] utf8;
    private final int[] starts;
    private final int[] lengths;

    public TextTable(byte[] utf8, int[] starts, int[] lengths) {
        if (starts.length != lengths.length) {
            throw new IllegalArgumentException(
                    "texts: %d starts, %d lengths".formatted(starts.length, lengths.length));
        }
        for (int i = 0; i < starts.length; i++) {
            Objects.checkFromIndexSize(starts[i], lengths[i], utf8.length);
        }
        this.utf8 = utf8;
        this.starts = starts;
        this.lengths = lengths;
    }

    public static TextTable of(List<String> texts) {
        var bytes = new ByteArrayOutputStream(texts.size() * 8);
        int[] starts = new int[texts.size()];
        int[] lengths = new int[texts.size()];
        for (int i = 0; i < starts.length; i++) {
            starts[i] = bytes.size();
            bytes.writeBytes(texts.get(i).getBytes(StandardCharsets.UTF_8));
            lengths[i] = bytes.size() - starts[i];
        }
        return new TextTable(bytes.toByteArray(), starts, lengths);
    }

    public int size() { return starts.length; }

    public String text(int index) {
        return new String(utf8, starts[index], lengths[index], StandardCharsets.UTF_8);
    }

    byte[] utf8() { return utf8; }

    int start(int index) { return starts[index]; }

    int length(int index) { return lengths[index]; }

    /// The first index of `wanted` in text `index` at or after `from`, or its length.
    int indexOf(int index, byte wanted, int from) {
        int start = starts[index];
        for (int i = from; i < lengths[index]; i++) {
            if (utf8[start + i] == wanted) {
                return i;
            }
        }
        return lengths[index];
    }
}
