package dev.sluice.models.chat;

/// Text that the `safe` filter marked. Nothing is escaped when it is printed; but as in Jinja,
/// plain text that is added to it is.
record Markup(String text) {
    static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                .replace("'", "&#39;").replace("\"", "&#34;");
    }
}
