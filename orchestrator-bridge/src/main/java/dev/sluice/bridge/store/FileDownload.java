package dev.sluice.bridge.store;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Brings one file: goes on where an attempt or an earlier process ended, and believes nothing
/// but the checksum of the whole. One thread.
final class FileDownload {
    private static final Pattern RANGE = Pattern.compile("bytes (\\d{1,18})-\\d+/(\\d{1,18})");
    private static final int BUFFER = 1 << 17;

    private final HubConnection connection;
    private final Patience patience;
    private final PullObserver observer;

    FileDownload(HubConnection connection, Patience patience, PullObserver observer) {
        this.connection = connection;
        this.patience = patience;
        this.observer = observer;
    }

    /// Returns with the whole, checked file at `target`.
    ///
    /// @param subject  what is asked for, for messages
    /// @param progress hears how many bytes of the file are here
    /// @throws PullException if it can not be had
    void run(String subject, HubFile file, URI source, Path target, LongConsumer progress) {
        try (PartFile part = PartFile.open(file, target, observer)) {
            fetch(subject, file, source, part, progress);
            boolean intact = part.isIntact();
            if (!intact && part.inherited() > 0) {
                observer.note(file.path() + ": what an earlier pull left was damaged; "
                        + "beginning again");
                part.restart();
                fetch(subject, file, source, part, progress);
                intact = part.isIntact();
            }
            if (!intact) {
                part.discard();
                throw new PullException(("%s: checksum mismatch, the hub lists %s; "
                        + "what came was discarded").formatted(subject, file.checksum()));
            }
            part.publish();
        }
    }

    private void fetch(String subject, HubFile file, URI source, PartFile part,
            LongConsumer progress) {
        var attempts = new Attempts(patience, observer);
        long most = part.done();
        progress.accept(part.done());
        while (part.done() < file.size()) {
            try {
                attempt(subject, file, source, part, progress);
            } catch (IOException e) {
                // A server that begins anew each time and never comes further must not go on.
                if (part.done() > most) {
                    attempts.succeeded();
                }
                most = Math.max(most, part.done());
                attempts.failed(subject, e);
            }
        }
    }

    private void attempt(String subject, HubFile file, URI source, PartFile part,
            LongConsumer progress) throws IOException {
        var headers = new HashMap<String, String>();
        // The bytes as they are stored: a compressed body has other offsets.
        headers.put("Accept-Encoding", "identity");
        if (part.done() > 0) {
            headers.put("Range", "bytes=" + part.done() + "-");
            if (!part.etag().isEmpty() && !part.etag().startsWith("W/")) {
                headers.put("If-Range", part.etag());
            }
        }
        HubConnection.Reply reply = connection.get(source, headers, subject);
        try (var body = new WatchedBody(reply.response().body(), connection.stall())) {
            accept(file, part, reply);
            receive(file, part, body, progress);
        }
    }

    /// Checks that the body continues what is here, or forgets what is here.
    private void accept(HubFile file, PartFile part, HubConnection.Reply reply)
            throws IOException {
        String etag = reply.header("etag").orElse("");
        if (reply.status() == 416) {
            part.restart();
            throw failure("the server has no such range; beginning again");
        }
        if (reply.status() == 206) {
            boolean changed = !etag.equals(part.etag()) && !etag.isEmpty()
                    && !part.etag().isEmpty();
            if (changed || !continues(file, part, reply.header("content-range").orElse(""))) {
                part.restart();
                throw failure(changed ? "the file changed meanwhile; beginning again"
                        : "the server sends another range; beginning again");
            }
            return;
        }
        if (part.done() > 0) {
            observer.note(file.path() + (!etag.isEmpty() && !part.etag().isEmpty()
                    && !etag.equals(part.etag()) ? ": the file changed meanwhile"
                    : ": the server does not resume") + "; beginning again");
            part.restart();
        }
        if (reply.contentLength() >= 0 && reply.contentLength() != file.size()) {
            throw failure("the server sends %,d bytes where the hub lists %,d".formatted(
                    reply.contentLength(), file.size()));
        }
        part.begin(etag);
    }

    private static boolean continues(HubFile file, PartFile part, String range) {
        Matcher matcher = RANGE.matcher(range);
        return matcher.matches() && Long.parseLong(matcher.group(1)) == part.done()
                && Long.parseLong(matcher.group(2)) == file.size();
    }

    private static void receive(HubFile file, PartFile part, WatchedBody body,
            LongConsumer progress) throws IOException {
        var buffer = new byte[BUFFER];
        while (part.done() < file.size()) {
            int count = body.read(buffer);
            if (count == 0) {
                throw failure("the connection was cut at %,d of %,d bytes".formatted(
                        part.done(), file.size()));
            }
            // A body without a length may be too long; the checksum then tells the rest.
            part.append(buffer, (int) Math.min(count, file.size() - part.done()));
            progress.accept(part.done());
        }
    }

    private static IOException failure(String reason) {
        return new TransientFailureException(reason, Optional.empty());
    }
}
