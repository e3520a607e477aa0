package dev.sluice.runtime.grammar;

/// A grammar that cannot be honoured exactly, or not within the limits on its size. Nothing was
/// constrained: the caller refuses the request.
public final class GrammarRejected extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String keyword;
    private final String path;

    /// @param keyword  what is not honoured: a keyword of JSON Schema, a rule, a construct
    /// @param path     where: a JSON pointer, or line and column; empty for the whole
    public GrammarRejected(String keyword, String path, String reason) {
        super("'%s' at '%s': %s".formatted(keyword, path, reason));
        this.keyword = keyword;
        this.path = path;
    }

    public String keyword() { return keyword; }

    public String path() { return path; }
}
