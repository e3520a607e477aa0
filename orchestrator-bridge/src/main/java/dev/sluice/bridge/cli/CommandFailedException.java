package dev.sluice.bridge.cli;

/// The world's fault, already said in one line for the user: exit status 1.
final class CommandFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    CommandFailedException(String reason) {
        super(reason);
    }
}
