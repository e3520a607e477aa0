/// The command line, and later the protocols.
module dev.sluice.bridge {
    requires dev.sluice.models.defaults;
    requires dev.sluice.runtime;
    requires info.picocli;
    requires org.jline;
    requires java.desktop;

    opens dev.sluice.bridge.cli to info.picocli;
}
