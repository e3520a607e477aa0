/// The command line, the protocols, and what adapters for other libraries call in-process.
module dev.sluice.bridge {
    requires dev.sluice.models.defaults;
    requires dev.sluice.models.onnx;
    requires transitive dev.sluice.runtime;
    requires info.picocli;
    requires micrometer.core;
    requires micrometer.registry.prometheus;
    requires io.netty.buffer;
    requires io.netty.codec;
    requires io.netty.codec.http;
    requires io.netty.common;
    requires io.netty.handler;
    requires io.netty.transport;
    requires java.net.http;
    requires io.modelcontextprotocol.sdk.mcp.core;
    requires io.modelcontextprotocol.sdk.mcp.json.jackson3;
    requires org.jline;
    requires org.reactivestreams;
    requires reactor.core;
    requires java.desktop;

    exports dev.sluice.bridge.inprocess;

    uses dev.sluice.models.TextEncoderProvider;

    opens dev.sluice.bridge.cli to info.picocli;
}
