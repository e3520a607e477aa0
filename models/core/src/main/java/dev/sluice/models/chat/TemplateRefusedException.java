package dev.sluice.models.chat;

/// A template's own refusal of a conversation: it called `raise_exception(message)`.
/// The message is the template author's, meant for whoever wrote the conversation.
public final class TemplateRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public TemplateRefusedException(String message) {
        super(message);
    }
}
