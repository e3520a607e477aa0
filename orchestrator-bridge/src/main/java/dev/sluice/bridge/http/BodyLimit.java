package dev.sluice.bridge.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;

/// Joins a request's pieces, and refuses bodies that are too large before they are read.
final class BodyLimit extends HttpObjectAggregator {
    private final ServerConnection.Shared shared;

    BodyLimit(int bodyMax, ServerConnection.Shared shared) {
        super(bodyMax);
        this.shared = shared;
    }

    @Override
    protected void handleOversizedMessage(ChannelHandlerContext context, HttpMessage message) {
        ServerConnection.refuse(context, shared, 413,
                "the body exceeds " + shared.options().bodyMax() + " bytes");
    }
}
