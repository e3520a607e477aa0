package dev.sluice.models.chat;

/// One piece of a template's source and the line it starts on. For `STRING` the text is the
/// decoded content; for all other kinds it is the source.
record Token(Kind kind, String text, int line) {
    enum Kind {
        DATA, BLOCK_BEGIN, BLOCK_END, VARIABLE_BEGIN, VARIABLE_END,
        NAME, STRING, INTEGER, FLOAT, OPERATOR, END
    }

    boolean is(Kind wanted, String wantedText) {
        return kind == wanted && text.equals(wantedText);
    }

    boolean isName(String wanted) { return is(Kind.NAME, wanted); }

    boolean isOperator(String wanted) { return is(Kind.OPERATOR, wanted); }

    /// How the token reads in an error message.
    String described() {
        return switch (kind) {
            case END -> "the end of the template";
            case BLOCK_BEGIN -> "'{%'";
            case BLOCK_END -> "'%}'";
            case VARIABLE_BEGIN -> "'{{'";
            case VARIABLE_END -> "'}}'";
            case DATA -> "text";
            case STRING -> "a string";
            case NAME, INTEGER, FLOAT, OPERATOR -> "'" + text + "'";
        };
    }
}
