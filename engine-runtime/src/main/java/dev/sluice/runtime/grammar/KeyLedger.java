package dev.sluice.runtime.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// The property names of the objects that are open in a JSON text, so that none comes twice. An
/// automaton can tell apart the names that a schema lists; for all others it would need a state
/// per set of names. The ledger reads along beside it and takes the few tokens out of a mask that
/// would finish a name again. Immutable; a step that changes nothing returns the same ledger.
///
///     VALUE --"--> TEXT --"--> VALUE            NAME --"--> VALUE, the name is noted
///     VALUE --{--> BEFORE_NAME --"--> NAME      VALUE --,--> BEFORE_NAME, in an object
record KeyLedger(Mode mode, Level level, String name, Spelling spelling, boolean isRepeated) {
    static final KeyLedger START =
            new KeyLedger(Mode.VALUE, Level.NONE, "", Spelling.NONE, false);

    /// Where in the text: outside of strings, in a string value, before and in a property name.
    enum Mode { VALUE, TEXT, TEXT_ESCAPE, BEFORE_NAME, NAME }

    /// An open array or object, the names it has, and what it is in.
    record Level(boolean object, Names names, Level outer) {
        static final Level NONE = new Level(false, Names.NONE, null);
    }

    /// A list of names, the last one first.
    record Names(String name, Names rest) {
        static final Names NONE = new Names("", null);

        boolean contains(String wanted) {
            for (Names at = this; at.rest != null; at = at.rest) {
                if (at.name.equals(wanted)) {
                    return true;
                }
            }
            return false;
        }

        boolean someStartsWith(String prefix) {
            for (Names at = this; at.rest != null; at = at.rest) {
                if (at.name.startsWith(prefix)) {
                    return true;
                }
            }
            return false;
        }
    }

    /// The bytes of a character that is not whole yet: of its UTF-8, or of an escape.
    record Spelling(byte[] bytes) {
        static final Spelling NONE = new Spelling(new byte[0]);

        Spelling with(int b) {
            byte[] more = java.util.Arrays.copyOf(bytes, bytes.length + 1);
            more[bytes.length] = (byte) b;
            return new Spelling(more);
        }

        boolean isEmpty() { return bytes.length == 0; }

        /// Whether `b` goes on with an escape.
        boolean mayEscape(int b) {
            return bytes.length == 1 ? "\"\\/bfnrtu".indexOf(b) >= 0
                    : Character.digit(b, 16) >= 0 && b < 0x80;
        }

        boolean isWhole() {
            int lead = bytes[0] & 0xff;
            if (lead == '\\') {
                return bytes.length == (bytes.length > 1 && bytes[1] == 'u' ? 6 : 2);
            }
            return bytes.length == (lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4);
        }

        String text() {
            if (bytes[0] != '\\') {
                return new String(bytes, StandardCharsets.UTF_8);
            }
            if (bytes[1] == 'u') {
                String digits = new String(bytes, 2, 4, StandardCharsets.US_ASCII);
                return String.valueOf((char) Integer.parseInt(digits, 16));
            }
            int short_ = "bfnrt".indexOf(bytes[1]);
            return String.valueOf(short_ < 0 ? (char) bytes[1] : "\b\f\n\r\t".charAt(short_));
        }
    }

    KeyLedger step(int b) {
        return switch (mode) {
            case VALUE, BEFORE_NAME -> outside(b);
            case TEXT -> b == '"' ? in(Mode.VALUE) : b == '\\' ? in(Mode.TEXT_ESCAPE) : this;
            case TEXT_ESCAPE -> in(Mode.TEXT);
            case NAME -> b == '"' && spelling.isEmpty() ? noted() : spelled(b);
        };
    }

    private KeyLedger outside(int b) {
        return switch (b) {
            case '"' -> in(mode == Mode.BEFORE_NAME ? Mode.NAME : Mode.TEXT);
            case '{' -> at(Mode.BEFORE_NAME, new Level(true, Names.NONE, level));
            case '[' -> at(Mode.VALUE, new Level(false, Names.NONE, level));
            case '}', ']' -> level.outer == null ? this : at(Mode.VALUE, level.outer);
            case ',' -> level.object ? in(Mode.BEFORE_NAME) : this;
            default -> this;
        };
    }

    private KeyLedger in(Mode next) {
        return at(next, level);
    }

    private KeyLedger at(Mode next, Level open) {
        return new KeyLedger(next, open, "", Spelling.NONE, isRepeated);
    }

    private KeyLedger spelled(int b) {
        Spelling more = spelling.with(b);
        return more.isWhole()
                ? new KeyLedger(mode, level, name + more.text(), Spelling.NONE, isRepeated)
                : new KeyLedger(mode, level, name, more, isRepeated);
    }

    private KeyLedger noted() {
        boolean repeated = isRepeated || level.names.contains(name);
        var names = new Names(name, level.names);
        return new KeyLedger(Mode.VALUE, new Level(true, names, level.outer), "", Spelling.NONE,
                repeated);
    }

    /// Takes out of a mask the tokens that would finish a property name for the second time.
    void forbidRepeated(VocabularyTrie trie, long[] words) {
        if (mode == Mode.NAME && level.names.someStartsWith(name)) {
            forbidBelow(trie, words);
        }
        for (int id : trie.twoQuotes()) {
            if ((words[id >> 6] >>> id & 1) != 0 && repeats(trie.bytes(id))) {
                words[id >> 6] &= ~(1L << id);
            }
        }
    }

    private boolean repeats(byte[] text) {
        KeyLedger at = this;
        for (byte b : text) {
            at = at.step(b & 0xff);
        }
        return at.isRepeated;
    }

    /// Follows the names that are there already through the trie, in all their spellings.
    private void forbidBelow(VocabularyTrie trie, long[] words) {
        List<KeyLedger> path = new ArrayList<>();
        path.add(this);
        int node = 1;
        while (node < trie.nodeCount()) {
            int depth = trie.depth(node);
            KeyLedger from = path.get(depth - 1);
            int b = trie.label(node);
            if (b == '"' && from.spelling.isEmpty()) {
                if (from.level.names.contains(from.name)) {
                    forbidSubtree(trie, node, words);
                }
                node = trie.after(node);
                continue;
            }
            KeyLedger next = from.couldSpell(b) ? from.spelled(b) : START;
            if (next == START || !next.level.names.someStartsWith(next.name)) {
                node = trie.after(node);
                continue;
            }
            while (path.size() > depth) {
                path.removeLast();
            }
            path.add(next);
            node++;
        }
    }

    /// Whether a name that is there already could go on with this byte; rules out most bytes.
    private boolean couldSpell(int b) {
        if (!spelling.isEmpty()) {
            return spelling.bytes[0] == '\\' ? spelling.mayEscape(b) : b >> 6 == 2;
        }
        if (b == '\\') {
            return true;
        }
        for (Names at = level.names; at.rest != null; at = at.rest) {
            if (at.name.length() > name.length() && at.name.startsWith(name)) {
                char c = at.name.charAt(name.length());
                if (c < 0x80 ? c == b : b >= 0x80) {
                    return true;
                }
            }
        }
        return false;
    }

    private static void forbidSubtree(VocabularyTrie trie, int node, long[] words) {
        int end = trie.firstToken(trie.after(node));
        for (int i = trie.firstToken(node); i < end; i++) {
            int id = trie.token(i);
            words[id >> 6] &= ~(1L << id);
        }
    }
}
