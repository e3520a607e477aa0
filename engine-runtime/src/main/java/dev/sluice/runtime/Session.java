package dev.sluice.runtime;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A conversation. What the engine has computed of it stays there, so that a further message costs
/// only its own tokens, and a fork costs nothing. One thread at a time.
///
/// The whole conversation is formatted again for each message, and the longest common prefix of
/// tokens is kept; a template that rewrites earlier turns costs speed, never correctness.
///
/// ```java
/// try (Session session = sluice.session("You are brief.")) {
///     System.out.println(session.say("Name a colour.").text());
///     Session other = session.fork();
///     session.save(Path.of("conversation"));
/// }
/// ```
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

    /// Tells that the session waits for a tool, so that its pages may go to a cheaper place. Using
    /// it again needs no [#resume], which only brings the pages back ahead of time.
    ///
    /// @param tool      whose waits are learnt; empty when nothing is known
    /// @param expected  how long it should take; zero when only experience can tell
    public void park(String tool, Duration expected) {
        requireReady();
        sluice.engine().park(branch, tool, expected.toNanos());
    }

    /// The tool has answered: the next message will come soon.
    public void resume() {
        requireReady();
        sluice.engine().resume(branch);
    }

    /// Writes the conversation, with its keys and values, to a folder, for [Sluice#restore].
    public void save(Path folder) throws IOException {
        requireReady();
        SessionFiles.write(sluice.engine(), branch, messages, folder);
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
