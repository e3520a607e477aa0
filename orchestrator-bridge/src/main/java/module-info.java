/// The command line, and later the protocols.
module dev.sluice.bridge {
    requires dev.sluice.models.defaults;
    requires dev.sluice.models.onnx;
    requires dev.sluice.runtime;
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
    requires org.jline;
    requires java.desktop;

    uses dev.sluice.models.TextEncoderProvider;

    opens dev.sluice.bridge.cli to info.picocli;
}
