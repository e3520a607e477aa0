package dev.sluice.runtime.toolcall;

import java.util.List;

/// Text that arrives in pieces, and how far it has been read. A reading method either consumes and
/// answers, or leaves everything as it is until more text has come, so that how the text was cut
/// never shows.
final class CallText {
    /// What a reading step came to.
    enum Progress {
        DONE,
        /// The text so far does not decide it.
        MORE,
        /// The text is not of the expected form.
        FAILED
    }

    private final StringBuilder text = new StringBuilder();
    private int at;
    private boolean ended;

    void append(String piece) {
        text.append(piece);
    }

    /// No more text will come.
    void end() {
        ended = true;
    }

    boolean ended() { return ended; }

    int position() { return at; }

    void moveTo(int position) {
        at = position;
    }

    boolean exhausted() { return at == text.length(); }

    int length() { return text.length(); }

    /// The next character; there must be one.
    char peek() {
        return text.charAt(at);
    }

    char next() {
        return text.charAt(at++);
    }

    void skipSpace() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    String since(int start) {
        return text.substring(start, at);
    }

    /// Consumes and returns the text to a position.
    String upTo(int position) {
        int start = at;
        at = position;
        return text.substring(start, position);
    }

    /// Forgets what was read, so that the buffer stays small.
    void drop() {
        text.delete(0, at);
        at = 0;
    }

    /// Consumes `expected`, with white space before it.
    Progress literal(String expected) {
        int start = at;
        skipSpace();
        int have = Math.min(expected.length(), text.length() - at);
        if (!regionIs(at, expected, have)) {
            at = start;
            return Progress.FAILED;
        }
        if (have < expected.length()) {
            at = start;
            return ended ? Progress.FAILED : Progress.MORE;
        }
        at += have;
        return Progress.DONE;
    }

    /// Position of the first of the markers at or after the reading position, or -1; the longest
    /// of those that begin there.
    Found find(List<String> markers) {
        for (int i = at; i < text.length(); i++) {
            String best = "";
            for (String marker : markers) {
                if (marker.length() > best.length() && startsWith(i, marker)) {
                    best = marker;
                }
            }
            if (!best.isEmpty()) {
                return new Found(i, best);
            }
        }
        return Found.NONE;
    }

    /// @param marker empty when none was found
    record Found(int position, String marker) {
        static final Found NONE = new Found(-1, "");

        boolean found() { return !marker.isEmpty(); }
    }

    /// From where on the text may be the beginning of a marker that more text completes.
    int holdFrom(List<String> markers) {
        if (ended) {
            return text.length();
        }
        for (int i = at; i < text.length(); i++) {
            for (String marker : markers) {
                int have = text.length() - i;
                if (have < marker.length() && regionIs(i, marker, have)) {
                    return i;
                }
            }
        }
        return text.length();
    }

    private boolean startsWith(int position, String marker) {
        return text.length() - position >= marker.length()
                && regionIs(position, marker, marker.length());
    }

    private boolean regionIs(int position, String marker, int length) {
        for (int i = 0; i < length; i++) {
            if (text.charAt(position + i) != marker.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
