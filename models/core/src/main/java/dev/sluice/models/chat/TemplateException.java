package dev.sluice.models.chat;

/// A chat template that can not be parsed or run; the message names the construct and its line.
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public TemplateException(int line, String message) {
        super("chat template, line " + line + ": " + message);
    }
}
