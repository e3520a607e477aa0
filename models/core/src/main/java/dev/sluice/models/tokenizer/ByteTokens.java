package dev.sluice.models.tokenizer;

import java.util.Arrays;

/// The tokens `<0x00>` to `<0xFF>` of a vocabulary with byte fallback. Immutable.
final class ByteTokens {
    private final int[] ids = new int[256];

    ByteTokens(Vocabulary vocabulary) {
        Arrays.fill(ids, TextIndex.ABSENT);
        for (int id = 0; id < vocabulary.size(); id++) {
            if (vocabulary.type(id) == TokenType.BYTE) {
                int value = value(vocabulary.texts().text(id));
                if (value >= 0) {
                    ids[value] = id;
                }
            }
        }
    }

    /// The byte that `<0xXX>` names, or a negative number for another text.
    static int value(String name) {
        if (name.length() != 6 || !name.startsWith("<0x") || name.charAt(5) != '>') {
            return -1;
        }
        int high = Character.digit(name.charAt(3), 16);
        int low = Character.digit(name.charAt(4), 16);
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    /// The token of a byte, or [TextIndex#ABSENT].
    int id(byte value) {
        return ids[value & 0xFF];
    }

    boolean isComplete() {
        for (int id : ids) {
            if (id == TextIndex.ABSENT) {
                return false;
            }
        }
        return true;
    }

    boolean haveAll(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (id(bytes[i]) == TextIndex.ABSENT) {
                return false;
            }
        }
        return true;
    }
}
