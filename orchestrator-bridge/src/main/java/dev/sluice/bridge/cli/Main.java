package dev.sluice.bridge.cli;

import picocli.CommandLine;

/// The `sluice` command.
@CommandLine.Command(name = "sluice")
public final class Main implements Runnable {
    @Override
    public void run() { }

    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).execute(args));
    }
}
