package dev.sluice.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A conversation. What the engine has computed of it stays there, so that a further message costs
/// only its own tokens, and a fork costs nothing. One thread at a time.
///
/// The whole conversation is formatted again for each message, and the longest common prefix of
/// tokens is kept; a template that rewrites earlier turns costs speed, never correctness.
public final class Session implements AutoCloseable {
    private final Sluice sluice;
    private final Branch branch;
    private final List<Map<String, Object>> messages;
    private boolean answering;
    private boolean closed;

    Session(Sluice sluice, Branch branch, List<Map<String, Object>> messages) {
        this.sluice = sluice;
        this.branch = branch;
        this.messages = new ArrayList<>(messages);
    }

    /// Sends a user message. The answer must be read to its end before the session is used again;
    /// as much of it as was read is then part of the conversation.
    public Answer say(String message) {
        requireReady();
        messages.add(sluice.message("user", message));
        try {
            var request = sluice.request(sluice.encode(messages));
            TokenStream stream = sluice.engine().submit(request, branch);
            answering = true;
            return new Answer(stream, this::answered);
        } catch (RuntimeException e) {
            messages.removeLast();
            throw e;
        }
    }

    private void answered(String text) {
        messages.add(sluice.message("assistant", text));
        answering = false;
    }

    /// A second conversation with the same past. Nothing is computed again: the two share pages
    /// until one of them writes on.
    public Session fork() {
        requireReady();
        return new Session(sluice, sluice.engine().fork(branch), messages);
    }

    /// Messages so far, the answers included.
    public int messageCount() { return messages.size(); }

    private void requireReady() {
        if (closed) {
            throw new IllegalStateException("the session is closed");
        }
        if (answering) {
            throw new IllegalStateException("the last answer was not read to its end");
        }
    }

    /// Ends its use. What the engine has computed of it stays until the room is needed.
    @Override
    public void close() {
        closed = true;
    }
}
