package dev.sluice.bridge.store;

import dev.sluice.models.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/// A hub of one repository, `o/n`, on bare sockets, so that it can also break off, fall silent and
/// lie. One request a connection.
final class HubServer implements AutoCloseable {
    static final String REPOSITORY = "o/n";

    /// @param headers names in lower case
    record Request(String target, Map<String, String> headers) {
        String header(String name) { return headers.getOrDefault(name, ""); }

        long from() {
            String range = header("range");
            return range.isEmpty() ? 0
                    : Long.parseLong(range.substring("bytes=".length(), range.length() - 1));
        }
    }

    /// Writes a whole response, or less.
    interface Answer {
        void write(Request request, OutputStream out) throws IOException, InterruptedException;
    }

    /// @param listedSize     that the API tells
    /// @param listedChecksum that the API tells
    private record Held(byte[] bytes, long listedSize, String listedChecksum, boolean large) { }

    private final ServerSocket listener;
    private final Map<String, Held> files = new LinkedHashMap<>();
    private final Map<String, Queue<Answer>> answers = new ConcurrentHashMap<>();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private volatile String etag = "\"v1\"";

    HubServer() throws IOException {
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    int port() { return listener.getLocalPort(); }

    URI address() { return URI.create("http://127.0.0.1:" + port()); }

    List<Request> requests() { return requests; }

    List<Request> requestsOf(String path) {
        return requests.stream().filter(r -> r.target().endsWith(path)).toList();
    }

    void etag(String changed) { etag = changed; }

    HubServer file(String path, byte[] bytes) {
        files.put(path, new Held(bytes, bytes.length, sha256(bytes), true));
        return this;
    }

    /// One that git holds itself.
    HubServer small(String path, byte[] bytes) {
        files.put(path, new Held(bytes, bytes.length, gitBlob(bytes), false));
        return this;
    }

    HubServer listed(String path, long size) {
        files.put(path, new Held(new byte[0], size, "00".repeat(32), true));
        return this;
    }

    /// The next request of a path that ends so is answered by this, once.
    HubServer next(String pathEnd, Answer answer) {
        answers.computeIfAbsent(pathEnd, _ -> new ConcurrentLinkedQueue<>()).add(answer);
        return this;
    }

    static Answer status(int status, String... headers) {
        return (_, out) -> head(out, status, 0, headers);
    }

    /// The head of the whole file, `count` bytes from where it is asked for, and no more.
    Answer cutAfter(String path, int count) {
        return (request, out) -> {
            byte[] bytes = files.get(path).bytes();
            partialHead(request, out, bytes.length);
            out.write(bytes, (int) request.from(), count);
            out.flush();
            // A client may lose what it has not read yet when the connection ends.
            Thread.sleep(50);
        };
    }

    /// The same, and then silence.
    Answer stallAfter(String path, int count, long millis) {
        return (request, out) -> {
            cutAfter(path, count).write(request, out);
            out.flush();
            Thread.sleep(millis);
        };
    }

    /// The file in pieces, with a pause after each.
    Answer slowly(String path, int piece, long pauseMillis) {
        return (request, out) -> {
            byte[] bytes = files.get(path).bytes();
            partialHead(request, out, bytes.length);
            for (int at = (int) request.from(); at < bytes.length; at += piece) {
                out.write(bytes, at, Math.min(piece, bytes.length - at));
                out.flush();
                Thread.sleep(pauseMillis);
            }
        };
    }

    /// Status 200 and other bytes, whatever is asked for.
    Answer whole(byte[] bytes) {
        return (_, out) -> {
            head(out, 200, bytes.length, "ETag: " + etag);
            out.write(bytes);
        };
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            Request request = read(socket.getInputStream());
            requests.add(request);
            var buffered = new java.io.BufferedOutputStream(socket.getOutputStream());
            answer(request).write(request, buffered);
            buffered.flush();
        } catch (IOException e) {
            // The client has gone: nobody is left to be told.
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Request read(InputStream in) throws IOException {
        var bytes = new ByteArrayOutputStream();
        while (!bytes.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int b = in.read();
            if (b < 0) {
                throw new IOException("half a request");
            }
            bytes.write(b);
        }
        var lines = new ArrayDeque<>(bytes.toString(StandardCharsets.ISO_8859_1).lines().toList());
        String target = lines.removeFirst().split(" ")[1];
        var headers = new HashMap<String, String>();
        for (String line : lines) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT),
                        line.substring(colon + 1).strip());
            }
        }
        return new Request(target, headers);
    }

    private Answer answer(Request request) {
        String path = request.target().replaceFirst("^http://[^/]*", "").replaceFirst("\\?.*", "");
        for (Map.Entry<String, Queue<Answer>> each : answers.entrySet()) {
            if (path.endsWith(each.getKey()) && !each.getValue().isEmpty()) {
                return each.getValue().remove();
            }
        }
        String resolve = "/" + REPOSITORY + "/resolve/main/";
        if (path.equals("/api/models/" + REPOSITORY)) {
            return json(Map.of("id", REPOSITORY, "sha", "0123456789abcdef"));
        }
        if (path.equals("/api/models/" + REPOSITORY + "/tree/main")) {
            return json(tree());
        }
        if (path.startsWith(resolve) && files.containsKey(path.substring(resolve.length()))) {
            return file(files.get(path.substring(resolve.length())).bytes());
        }
        return status(404);
    }

    private Answer file(byte[] bytes) {
        return (request, out) -> {
            partialHead(request, out, bytes.length);
            out.write(bytes, (int) request.from(), bytes.length - (int) request.from());
        };
    }

    private void partialHead(Request request, OutputStream out, int length) throws IOException {
        long from = request.from();
        if (from == 0) {
            head(out, 200, length, "ETag: " + etag);
        } else {
            head(out, 206, length - from, "ETag: " + etag,
                    "Content-Range: bytes %d-%d/%d".formatted(from, length - 1, length));
        }
    }

    private List<Object> tree() {
        var tree = new ArrayList<Object>();
        tree.add(Map.of("type", "directory", "path", "folder", "size", 0L, "oid", "00"));
        files.forEach((path, held) -> {
            var entry = new LinkedHashMap<String, Object>();
            entry.put("type", "file");
            entry.put("path", path);
            entry.put("size", held.listedSize());
            entry.put("oid", held.large() ? "11".repeat(20) : held.listedChecksum());
            if (held.large()) {
                entry.put("lfs", Map.of("oid", held.listedChecksum(),
                        "size", held.listedSize(), "pointerSize", 134L));
            }
            tree.add(entry);
        });
        return tree;
    }

    static Answer json(Object value) {
        return (_, out) -> {
            byte[] bytes = Json.write(value).getBytes(StandardCharsets.UTF_8);
            head(out, 200, bytes.length);
            out.write(bytes);
        };
    }

    static void head(OutputStream out, int status, long length, String... headers)
            throws IOException {
        String text = "HTTP/1.1 " + status + " X\r\nConnection: close\r\nContent-Length: "
                + length + "\r\n" + String.join("\r\n", headers)
                + (headers.length == 0 ? "\r\n" : "\r\n\r\n");
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    static String sha256(byte[] bytes) { return digest("SHA-256", new byte[0], bytes); }

    static String gitBlob(byte[] bytes) {
        return digest("SHA-1", ("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII),
                bytes);
    }

    private static String digest(String algorithm, byte[] head, byte[] bytes) {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            digest.update(head);
            return HexFormat.of().formatHex(digest.digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
