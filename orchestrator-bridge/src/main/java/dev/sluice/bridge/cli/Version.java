package dev.sluice.bridge.cli;

import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/// What `--version` prints and what a benchmark line names.
final class Version implements IVersionProvider {

    /// The version in the jar's manifest; `unpackaged` when run from class files.
    static String text() {
        return Optional.ofNullable(Version.class.getPackage().getImplementationVersion())
                .orElse("unpackaged");
    }

    @Override
    public String[] getVersion() {
        return new String[] {"sluice " + text(), "JDK " + Runtime.version()};
    }
}
