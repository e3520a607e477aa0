package dev.sluice.bridge.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/// One connection: hands its requests, one after the other, to virtual threads. Event thread only.
final class ServerConnection extends SimpleChannelInboundHandler<FullHttpRequest> {
    /// Requests that a client may send before it has read the answer to the first.
    private static final int PIPELINED_MAX = 16;
    /// How long a client that was refused may go on sending.
    private static final long LINGER_MILLIS = 1000;

    /// What all connections have in common.
    record Shared(HttpOptions options, Exchange.Handler handler, Executor threads,
            AtomicInteger active, BooleanSupplier draining) { }

    private final Shared shared;
    private final Queue<NettyExchange> waiting = new ArrayDeque<>();
    private NettyExchange current;

    ServerConnection(Shared shared) {
        this.shared = shared;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        context.pipeline().get(RequestDeadline.class).met();
        DecoderResult decoded = request.decoderResult();
        if (decoded.isFailure()) {
            boolean long_ = decoded.cause() instanceof TooLongFrameException;
            refuse(context, shared, long_ ? 431 : 400, "not an HTTP request: "
                    + decoded.cause().getMessage());
            return;
        }
        var exchange = new NettyExchange(context.channel(), request);
        if (current == null) {
            start(context, exchange);
        } else if (waiting.size() < PIPELINED_MAX) {
            waiting.add(exchange);
        } else {
            context.close();
        }
    }

    private void start(ChannelHandlerContext context, NettyExchange exchange) {
        current = exchange;
        shared.active.incrementAndGet();
        // What arrived before the server began to stop is still served.
        boolean refused = shared.draining.getAsBoolean();
        try {
            shared.threads.execute(() -> handle(context, exchange, refused));
        } catch (RejectedExecutionException e) {
            shared.active.decrementAndGet();
            context.close();
        }
    }

    private void handle(
            ChannelHandlerContext context, NettyExchange exchange, boolean refused) {
        try {
            if (refused) {
                exchange.responseHeader("Retry-After", "5");
                exchange.refuse(shared.handler.refusal(503, "the server is stopping"), 503);
            } else {
                shared.handler.handle(exchange);
            }
        } catch (Exchange.ClientGoneException e) {
            // Nobody is there to be told; what was computed for the client has been cancelled.
            exchange.abandon();
        } catch (RuntimeException | Error e) {
            fault(exchange, e);
        } finally {
            exchange.abandonUnlessComplete();
            shared.active.decrementAndGet();
            later(context);
        }
    }

    /// Goes on with what was pipelined, unless the server has closed meanwhile.
    private void later(ChannelHandlerContext context) {
        try {
            context.executor().execute(() -> next(context));
        } catch (RejectedExecutionException e) {
            context.close();
        }
    }

    /// A fault is ours, so it is the operator who must see where it came from.
    private void fault(NettyExchange exchange, Throwable fault) {
        System.getLogger(HttpServer.class.getName()).log(System.Logger.Level.ERROR,
                exchange.method() + " " + exchange.path() + " failed", fault);
        String message = "the server failed: " + fault;
        if (exchange.status() == 0) {
            exchange.refuse(shared.handler.refusal(500, message), 500);
        } else {
            exchange.abandon();
        }
    }

    private void next(ChannelHandlerContext context) {
        current = null;
        NettyExchange queued = waiting.poll();
        if (queued != null && context.channel().isActive()) {
            start(context, queued);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        if (current != null) {
            current.gone();
        }
        waiting.clear();
        super.channelInactive(context);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (current != null) {
            current.writabilityChanged();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        // Nothing was read for a while: fine while the answer is being computed, and the affair of
        // the deadline while a request arrives.
        if (event instanceof IdleStateEvent && current == null
                && !context.pipeline().get(RequestDeadline.class).pending()) {
            context.close();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // A reset connection, or bytes that are not TLS: there is nobody to answer.
        context.close();
    }

    /// Answers on the event thread and closes the connection, once the client has heard it.
    static void refuse(
            ChannelHandlerContext context, Shared shared, int status, String message) {
        Exchange.Refusal refusal = shared.handler.refusal(status, message);
        var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(status), Unpooled.wrappedBuffer(refusal.body()));
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, refusal.contentType());
        response.headers().set(HttpHeaderNames.CONTENT_LENGTH, refusal.body().length);
        response.headers().set(HttpHeaderNames.CONNECTION, "close");
        refusal.headers().forEach((name, value) -> response.headers().set(name, value));
        // Past the handler that would close the connection at once.
        context.pipeline().context(HttpServerKeepAliveHandler.class).writeAndFlush(response)
                .addListener(_ -> linger(context.channel()));
    }

    /// A socket that is closed while bytes for it are on their way resets the connection, and the
    /// answer is lost to a client that is still sending. So only our side is closed at first, and
    /// what still comes is thrown away, for a moment.
    private static void linger(Channel channel) {
        if (!(channel instanceof DuplexChannel duplex) || !channel.isActive()
                || channel.pipeline().get(SslHandler.class) != null) {
            channel.close();
            return;
        }
        channel.pipeline().addFirst(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object bytes) {
                ReferenceCountUtil.release(bytes);
            }
        });
        duplex.shutdownOutput();
        channel.eventLoop().schedule(() -> channel.close(), LINGER_MILLIS, TimeUnit.MILLISECONDS);
    }
}
