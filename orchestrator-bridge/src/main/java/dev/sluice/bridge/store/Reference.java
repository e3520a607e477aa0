package dev.sluice.bridge.store;

/// What a user asks for: `OWNER/NAME`, perhaps with `:FILE` or `:QUANTISATION`. Immutable.
///
/// @param wanted a file or a quantisation; an empty text for the default choice
public record Reference(String owner, String name, String wanted) {
    /// @throws PullException if the text is no such name
    public static Reference of(String text) {
        int colon = text.indexOf(':');
        String repository = colon < 0 ? text : text.substring(0, colon);
        String wanted = colon < 0 ? "" : text.substring(colon + 1);
        String[] parts = repository.split("/", -1);
        if (parts.length != 2 || !SafePath.isName(parts[0]) || !SafePath.isName(parts[1])) {
            throw new PullException("'%s' is not a repository such as OWNER/NAME".formatted(
                    SafePath.printable(repository)));
        }
        if (colon >= 0 && !SafePath.isFile(wanted)) {
            throw new PullException("'%s' is neither a file nor a quantisation".formatted(
                    SafePath.printable(wanted)));
        }
        return new Reference(parts[0], parts[1], wanted);
    }

    public String repository() { return owner + "/" + name; }
}
