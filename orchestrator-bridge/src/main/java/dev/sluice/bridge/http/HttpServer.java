package dev.sluice.bridge.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.codec.http.cors.CorsConfig;
import io.netty.handler.codec.http.cors.CorsConfigBuilder;
import io.netty.handler.codec.http.cors.CorsHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLException;

/// HTTP/1.1 on Netty: sockets belong to two event threads, each request to a virtual thread. Netty
/// and not a servlet-like server, because it notices at once that a client has gone, also while
/// a response is still being computed; the engine then stops working for nobody.
public final class HttpServer implements AutoCloseable {
    private final EventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final ExecutorService requests = Executors.newVirtualThreadPerTaskExecutor();
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final AtomicInteger active = new AtomicInteger();
    private final Channel listener;
    private volatile boolean draining;

    private HttpServer(HttpOptions options, Exchange.Handler handler) throws IOException {
        Optional<SslContext> tls = tls(options);
        CorsConfig cors = cors(options);
        var shared = new ServerConnection.Shared(options, handler, requests, active,
                () -> draining);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 1024)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        connect(channel, options, tls, cors, shared);
                    }
                });
        var bound = bootstrap.bind(new InetSocketAddress(options.host(), options.port()))
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            stop();
            throw new IOException("cannot listen on %s:%d: %s".formatted(
                    options.host(), options.port(), bound.cause().getMessage()), bound.cause());
        }
        listener = bound.channel();
    }

    /// Listens until it is closed.
    ///
    /// @throws IOException if the address cannot be had, or the certificate is no good
    public static HttpServer start(HttpOptions options, Exchange.Handler handler)
            throws IOException {
        return new HttpServer(options, handler);
    }

    private void connect(SocketChannel channel, HttpOptions options, Optional<SslContext> tls,
            CorsConfig cors, ServerConnection.Shared shared) {
        if (connections.size() >= options.connectionsMax()) {
            channel.close();
            return;
        }
        connections.add(channel);
        tls.ifPresent(context -> channel.pipeline().addLast(context.newHandler(channel.alloc())));
        channel.pipeline()
                .addLast(new IdleStateHandler(
                        options.readTimeout().toMillis(), 0, 0, TimeUnit.MILLISECONDS))
                .addLast(new RequestDeadline(shared))
                .addLast(new HttpServerCodec(new HttpDecoderConfig()
                        .setMaxInitialLineLength(8192)
                        .setMaxHeaderSize(options.headerMax())))
                .addLast(new HttpServerKeepAliveHandler());
        if (!options.origins().isEmpty()) {
            channel.pipeline().addLast(new CorsHandler(cors));
        }
        channel.pipeline()
                .addLast(new BodyLimit(options.bodyMax(), shared))
                .addLast(new ServerConnection(shared));
    }

    private static CorsConfig cors(HttpOptions options) {
        CorsConfigBuilder builder = options.origins().contains("*")
                ? CorsConfigBuilder.forAnyOrigin()
                : CorsConfigBuilder.forOrigins(options.origins().toArray(String[]::new));
        return builder.allowedRequestMethods(HttpMethod.GET,
                        HttpMethod.POST,
                        HttpMethod.DELETE)
                .allowedRequestHeaders("authorization", "content-type", "x-api-key",
                        "anthropic-version", "anthropic-beta", "openai-organization",
                        "openai-project", "traceparent", "tracestate")
                .maxAge(600)
                .build();
    }

    private static Optional<SslContext> tls(HttpOptions options) throws IOException {
        if (options.tls().isEmpty()) {
            return Optional.empty();
        }
        HttpOptions.Tls files = options.tls().get();
        try {
            return Optional.of(SslContextBuilder.forServer(
                    files.certificates().toFile(), files.key().toFile()).build());
        } catch (SSLException | IllegalArgumentException e) {
            throw new IOException("cannot use %s with %s for TLS: %s".formatted(
                    files.certificates(), files.key(), e.getMessage()), e);
        }
    }

    public int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /// Requests being handled now.
    public int active() { return active.get(); }

    /// Stops listening, and waits for the requests that are being handled, at most `patience`;
    /// what is left then is cut off. Returns whether all were completed.
    public boolean drain(Duration patience) {
        draining = true;
        listener.close().awaitUninterruptibly();
        long end = System.nanoTime() + patience.toNanos();
        boolean idle = active.get() == 0;
        while (!idle && System.nanoTime() < end) {
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
            idle = active.get() == 0;
        }
        stop();
        return idle;
    }

    private void stop() {
        connections.close().awaitUninterruptibly();
        requests.shutdown();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    /// Cuts off what is being handled.
    @Override
    public void close() {
        drain(Duration.ZERO);
    }
}
