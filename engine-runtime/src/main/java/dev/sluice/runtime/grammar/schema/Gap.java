package dev.sluice.runtime.grammar.schema;

/// The white space that may stand between the parts of an array or object: nothing, one space, or
/// a new line and an indentation. It is bounded because a model that may write blanks for ever
/// sometimes does. A gap is a number: what was written so far.
final class Gap {
    static final int NONE = 0;
    static final int CLOSED = -1;
    private static final int SPACE = 1;
    private static final int LINE = 2;
    /// Ten levels of two spaces.
    private static final int INDENT_MAX = 20;

    private Gap() { }

    /// The gap after `b`, or [#CLOSED] when that is not white space that may come.
    static int next(int gap, int b) {
        if (gap == NONE) {
            return b == ' ' ? SPACE : b == '\n' ? LINE : CLOSED;
        }
        boolean indent = gap >= LINE && gap < LINE + INDENT_MAX && (b == ' ' || b == '\t');
        return indent ? gap + 1 : CLOSED;
    }
}
