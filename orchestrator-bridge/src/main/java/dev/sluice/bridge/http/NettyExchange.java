package dev.sluice.bridge.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The exchange of one request on a Netty channel.
final class NettyExchange implements Exchange {
    private static final int CRLF = '\r' << 8 | '\n';

    private final Channel channel;
    private final String method;
    private final String path;
    private final QueryStringDecoder query;
    private final HttpHeaders headers;
    private final byte[] body;
    private final HttpHeaders responseHeaders = new DefaultHttpHeaders();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition writable = lock.newCondition();
    private Runnable onGone = () -> { };
    private volatile boolean gone;
    private boolean complete;
    private volatile int status;

    /// Copies what it needs: the request's buffers are the channel's.
    NettyExchange(Channel channel, FullHttpRequest request) {
        this.channel = channel;
        method = request.method().name();
        query = new QueryStringDecoder(request.uri());
        path = path(query);
        headers = request.headers();
        body = ByteBufUtil.getBytes(request.content());
    }

    /// A path whose escapes are broken is one that nothing is found at.
    private static String path(QueryStringDecoder query) {
        try {
            return query.path();
        } catch (IllegalArgumentException e) {
            return query.rawPath();
        }
    }

    @Override
    public String method() { return method; }

    @Override
    public String path() { return path; }

    @Override
    public Optional<String> query(String name) {
        try {
            return query.parameters().getOrDefault(name, List.of()).stream().findFirst();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    @Override
    public Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name));
    }

    @Override
    public byte[] body() { return body; }

    @Override
    public int status() { return status; }

    @Override
    public void onGone(Runnable action) {
        lock.lock();
        try {
            if (!gone) {
                onGone = action;
                return;
            }
        } finally {
            lock.unlock();
        }
        action.run();
    }

    /// The channel was closed. Event thread.
    void gone() {
        Runnable action;
        lock.lock();
        try {
            gone = true;
            action = complete ? () -> { } : onGone;
            writable.signalAll();
        } finally {
            lock.unlock();
        }
        action.run();
    }

    void writabilityChanged() {
        lock.lock();
        try {
            writable.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void responseHeader(String name, String value) {
        responseHeaders.set(name, value);
    }

    @Override
    public void respond(int code, String contentType, byte[] bytes) {
        begin(code);
        var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(code), Unpooled.wrappedBuffer(bytes));
        fill(response, contentType);
        response.headers().set(HttpHeaderNames.CONTENT_LENGTH, bytes.length);
        complete();
        channel.writeAndFlush(response);
    }

    void refuse(Refusal refusal, int code) {
        refusal.headers().forEach(this::responseHeader);
        respond(code, refusal.contentType(), refusal.body());
    }

    @Override
    public BodyStream stream(String contentType) {
        begin(200);
        var response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        fill(response, contentType);
        HttpUtil.setTransferEncodingChunked(response, true);
        channel.writeAndFlush(response);
        return new Chunks();
    }

    private void begin(int code) {
        if (status != 0) {
            throw new IllegalStateException("the response has begun with status " + status);
        }
        status = code;
    }

    private void fill(HttpResponse response, String contentType) {
        response.headers().set(responseHeaders);
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, contentType);
    }

    private void complete() {
        lock.lock();
        try {
            complete = true;
        } finally {
            lock.unlock();
        }
    }

    /// Closes the connection, so that the client sees a response that breaks off.
    void abandon() {
        complete();
        channel.close();
    }

    void abandonUnlessComplete() {
        lock.lock();
        boolean left;
        try {
            left = !complete;
        } finally {
            lock.unlock();
        }
        if (left) {
            abandon();
        }
    }

    /// Writes a body in chunks (RFC 9112, 7.1), each framed here and handed past the codec in one
    /// buffer: a token is a chunk, and the codec's way, of three buffers with a promise each, costs
    /// the event threads twice as much.
    private final class Chunks implements BodyStream {
        private final ChannelHandlerContext codec =
                channel.pipeline().context(HttpServerCodec.class);

        @Override
        public void write(byte[] bytes) {
            if (bytes.length == 0) {
                return;
            }
            awaitWritable();
            byte[] size = Integer.toHexString(bytes.length).getBytes(StandardCharsets.US_ASCII);
            ByteBuf chunk = channel.alloc().directBuffer(size.length + bytes.length + 4);
            chunk.writeBytes(size).writeShort(CRLF).writeBytes(bytes).writeShort(CRLF);
            codec.writeAndFlush(chunk, channel.voidPromise());
        }

        /// A client that reads slowly makes only this thread wait.
        private void awaitWritable() {
            if (!gone && channel.isWritable()) {
                return;
            }
            lock.lock();
            try {
                while (!gone && !channel.isWritable() && channel.isActive()) {
                    writable.await();
                }
                if (gone || !channel.isActive()) {
                    throw new ClientGoneException();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ClientGoneException();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (complete) {
                    return;
                }
                complete = true;
            } finally {
                lock.unlock();
            }
            channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
        }
    }
}
