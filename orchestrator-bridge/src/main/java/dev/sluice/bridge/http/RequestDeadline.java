package dev.sluice.bridge.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/// Ends a connection whose client takes too long to send one request, however it drips the bytes.
/// Event thread only.
final class RequestDeadline extends ChannelInboundHandlerAdapter {
    private final ServerConnection.Shared shared;
    private Future<?> timer;

    RequestDeadline(ServerConnection.Shared shared) {
        this.shared = shared;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object bytes) throws Exception {
        if (timer == null) {
            timer = context.executor().schedule(() -> ServerConnection.refuse(
                    context.pipeline().lastContext(), shared, 408,
                    "the request did not arrive within " + shared.options().readTimeout()),
                    shared.options().readTimeout().toMillis(), TimeUnit.MILLISECONDS);
        }
        super.channelRead(context, bytes);
    }

    /// Whether a request has begun to arrive.
    boolean pending() { return timer != null; }

    /// A whole request has arrived.
    void met() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        met();
        super.channelInactive(context);
    }
}
