package dev.sluice.models.file;

/// Names and bytes of a hostile file, made fit for one line of an error message.
final class Quoted {
    /// Long enough for any real tensor name or key.
    private static final int CHARS_MAX = 80;

    private Quoted() { }

    /// The text in single quotes, cut to a line's worth, control characters as `?`.
    static String text(String text) {
        boolean cut = text.length() > CHARS_MAX;
        var quoted = new StringBuilder("'");
        String shown = cut ? text.substring(0, CHARS_MAX) : text;
        for (int i = 0; i < shown.length(); i++) {
            char c = shown.charAt(i);
            quoted.append(Character.isISOControl(c) || Character.isSurrogate(c) ? '?' : c);
        }
        return quoted.append(cut ? "...'" : "'").toString();
    }

    /// A few bytes as text when all are printable ASCII, as hexadecimal otherwise.
    static String bytes(byte[] bytes) {
        var asText = new StringBuilder();
        var asHex = new StringBuilder();
        boolean printable = true;
        for (byte b : bytes) {
            printable &= b >= ' ' && b <= '~';
            asText.append((char) b);
            asHex.append(asHex.isEmpty() ? "" : " ").append("%02x".formatted(b));
        }
        return printable ? "'" + asText + "'" : "bytes " + asHex;
    }
}
