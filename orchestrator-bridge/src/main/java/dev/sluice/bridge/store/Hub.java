package dev.sluice.bridge.store;

import dev.sluice.models.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What the hub's API says of a repository. One thread.
final class Hub {
    private static final Pattern NEXT = Pattern.compile("<([^>]*)>\\s*;\\s*rel=\"next\"");
    private static final int PAGES_MAX = 200;
    private static final int BODY_MAX = 64 << 20;

    private final HubConnection connection;
    private final Patience patience;
    private final PullObserver observer;

    Hub(HubConnection connection, Patience patience, PullObserver observer) {
        this.connection = connection;
        this.patience = patience;
        this.observer = observer;
    }

    /// The commit that a revision is at now; an empty text if the hub does not say.
    String commit(Reference repository, String revision) {
        String path = "/api/models/" + repository.repository()
                + (revision.equals("main") ? "" : "/revision/" + encoded(revision));
        Document document = read(connection.resolve(path), subject(repository, revision));
        return document.value() instanceof Map<?, ?> map && map.get("sha") instanceof String sha
                && sha.matches("[0-9a-f]{7,64}") ? sha : "";
    }

    /// Every file of a revision.
    List<HubFile> files(Reference repository, String revision) {
        var files = new ArrayList<HubFile>();
        URI page = connection.resolve("/api/models/%s/tree/%s?recursive=true".formatted(
                repository.repository(), encoded(revision)));
        for (int i = 0; i < PAGES_MAX; i++) {
            Document document = read(page, subject(repository, revision));
            if (!(document.value() instanceof List<?> entries)) {
                throw new PullException(repository.repository()
                        + ": the hub's list of files is no list");
            }
            for (Object entry : entries) {
                file(entry).ifPresent(files::add);
            }
            if (document.next().isEmpty()) {
                return files;
            }
            page = document.next().get();
        }
        throw new PullException(repository.repository() + ": more files than can be listed");
    }

    /// Where a file's bytes are.
    URI source(Reference repository, String revision, HubFile file) {
        var path = new ArrayList<String>();
        for (String segment : file.path().split("/")) {
            path.add(encoded(segment));
        }
        return connection.resolve("/%s/resolve/%s/%s".formatted(repository.repository(),
                encoded(revision), String.join("/", path)));
    }

    private static String subject(Reference repository, String revision) {
        return repository.repository() + (revision.equals("main") ? "" : " at " + revision);
    }

    private static String encoded(String segment) {
        return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /// What is no file with a name and a size is left out.
    private static Optional<HubFile> file(Object entry) {
        boolean known = entry instanceof Map<?, ?> map && "file".equals(map.get("type"))
                && map.get("path") instanceof String && map.get("size") instanceof Long;
        if (!known) {
            return Optional.empty();
        }
        Map<?, ?> map = (Map<?, ?>) entry;
        Checksum checksum = map.get("oid") instanceof String oid ? Checksum.gitBlob(oid)
                : Checksum.gitBlob("");
        long size = (Long) map.get("size");
        if (map.get("lfs") instanceof Map<?, ?> lfs) {
            checksum = Checksum.sha256(lfs.get("oid") instanceof String oid
                    ? oid.replaceFirst("^sha256:", "") : "");
            size = lfs.get("size") instanceof Long stored ? stored : size;
        }
        return size < 0 ? Optional.empty()
                : Optional.of(new HubFile((String) map.get("path"), size, checksum));
    }

    // ---- documents ---------------------------------------------------------------------------

    private record Document(Object value, Optional<URI> next) { }

    private Document read(URI uri, String subject) {
        var attempts = new Attempts(patience, observer);
        while (true) {
            try {
                HubConnection.Reply reply = connection.get(uri, Map.of(), subject);
                return new Document(Json.parse(body(reply, subject)), next(uri, reply));
            } catch (Json.MalformedJsonException e) {
                throw new PullException(subject + ": the hub's answer is " + e.getMessage());
            } catch (IOException e) {
                attempts.failed(subject, e);
            }
        }
    }

    private byte[] body(HubConnection.Reply reply, String subject) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var buffer = new byte[1 << 14];
        try (var body = new WatchedBody(reply.response().body(), connection.stall())) {
            for (int n = body.read(buffer); n > 0; n = body.read(buffer)) {
                bytes.write(buffer, 0, n);
                if (bytes.size() > BODY_MAX) {
                    throw new PullException(subject + ": the hub's answer is too long");
                }
            }
        }
        return bytes.toByteArray();
    }

    private static Optional<URI> next(URI page, HubConnection.Reply reply) {
        for (String link : reply.response().headers().allValues("link")) {
            Matcher matcher = NEXT.matcher(link);
            if (matcher.find()) {
                return Optional.of(page.resolve(matcher.group(1)));
            }
        }
        return Optional.empty();
    }
}
