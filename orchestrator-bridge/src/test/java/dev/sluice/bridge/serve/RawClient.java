package dev.sluice.bridge.serve;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Sends any bytes to the server, also what no HTTP client would, and reads what comes back.
final class RawClient {
    /// Longer than any answer here takes on a busy machine.
    private static final int PATIENCE_MILLIS = 60_000;
    private static final int ENOUGH_BYTES = 256 << 10;

    private static final Pattern HEAD = Pattern.compile("HTTP/1\\.1 (\\d{3}) [A-Z]");

    /// How bytes are sent, and when the client leaves.
    ///
    /// @param sendBytes  of the request; fewer than it has: the client leaves early
    /// @param readBytes  of the answer after which the client leaves
    /// @param pauseMillis between pieces of the request; 0 to send it at once
    record Delivery(int sendBytes, int readBytes, int pauseMillis) {
        static final Delivery WHOLE = new Delivery(Integer.MAX_VALUE, ENOUGH_BYTES, 0);
    }

    /// @param statuses of every response that came, in order
    record Answer(List<Integer> statuses, String text) {
        /// Whether each 503 and 429 says when to come again.
        boolean saysWhen() {
            for (String head : text.split("HTTP/1\\.1 (?=\\d)")) {
                boolean busy = head.startsWith("503 ") || head.startsWith("429 ");
                if (busy && !head.toLowerCase(Locale.ROOT).contains("\r\nretry-after: ")) {
                    return false;
                }
            }
            return true;
        }
    }

    private RawClient() { }

    /// @throws SocketTimeoutException if the server neither answers nor closes the connection
    static Answer send(int port, byte[] request, Delivery delivery) throws IOException {
        var received = new ByteArrayOutputStream();
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            try {
                write(socket.getOutputStream(), request, delivery);
                if (delivery.sendBytes >= request.length) {
                    read(socket.getInputStream(), received, delivery.readBytes);
                }
            } catch (SocketTimeoutException e) {
                throw e;
            } catch (IOException e) {
                // The server refused before everything was sent; what it said may have come.
                drain(socket, received);
            }
        }
        return answer(received.toString(StandardCharsets.ISO_8859_1));
    }

    private static void write(OutputStream out, byte[] request, Delivery delivery)
            throws IOException {
        int end = Math.min(request.length, delivery.sendBytes);
        if (delivery.pauseMillis == 0) {
            out.write(request, 0, end);
            out.flush();
            return;
        }
        int piece = Math.max(1, end / 8);
        for (int at = 0; at < end; at += piece) {
            out.write(request, at, Math.min(piece, end - at));
            out.flush();
            try {
                Thread.sleep(delivery.pauseMillis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            }
        }
    }

    private static void read(InputStream in, ByteArrayOutputStream into, int most)
            throws IOException {
        var buffer = new byte[8192];
        int read = 0;
        while (read >= 0 && into.size() < most) {
            read = in.read(buffer, 0, Math.min(buffer.length, most - into.size()));
            if (read > 0) {
                into.write(buffer, 0, read);
            }
        }
    }

    private static void drain(Socket socket, ByteArrayOutputStream into) {
        try {
            read(socket.getInputStream(), into, ENOUGH_BYTES);
        } catch (IOException e) {
            // Reset: nothing more to hear.
        }
    }

    private static Answer answer(String text) {
        var statuses = new ArrayList<Integer>();
        Matcher heads = HEAD.matcher(text);
        while (heads.find()) {
            statuses.add(Integer.valueOf(heads.group(1)));
        }
        return new Answer(statuses, text);
    }
}
