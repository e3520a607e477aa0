package dev.sluice.bridge.cli;

import dev.sluice.bridge.store.PullException;
import dev.sluice.kernels.BackendUnavailableException;
import dev.sluice.kernels.DeviceBudgetException;
import dev.sluice.kernels.DeviceException;
import dev.sluice.models.InsufficientMemoryException;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.chat.TemplateException;
import dev.sluice.models.chat.TemplateRefusedException;
import dev.sluice.models.onnx.GraphRunException;
import dev.sluice.runtime.GenerationFailed;
import dev.sluice.runtime.RequestRejected;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.function.BooleanSupplier;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/// Turns whatever went wrong into one line on stderr and an exit status.
final class FailureReport {
    private final BooleanSupplier verbose;

    /// @param verbose whether stack traces are wanted; asked once something has failed
    FailureReport(BooleanSupplier verbose) {
        this.verbose = verbose;
    }

    /// Status 2: the command line was not understood.
    int wrongUsage(ParameterException e, String[] args) {
        CommandLine line = e.getCommandLine();
        PrintWriter err = line.getErr();
        err.println("sluice: " + oneLine(usageReason(e)));
        err.println("Try '" + line.getCommandSpec().qualifiedName() + " --help'.");
        trace(e, err);
        return CommandLine.ExitCode.USAGE;
    }

    /// Status 1: the command was understood and failed.
    int failed(Exception e, CommandLine line, ParseResult parsed) {
        PrintWriter err = line.getErr();
        line.getOut().flush();
        err.println("sluice: " + oneLine(reason(e)));
        trace(e, err);
        return CommandLine.ExitCode.SOFTWARE;
    }

    /// Status 1: what the JVM itself could not do.
    int broken(Error e, PrintWriter err) {
        err.println("sluice: " + oneLine(switch (e) {
            case OutOfMemoryError _ -> "out of memory: " + e.getMessage();
            default -> internal(e);
        }));
        trace(e, err);
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static String usageReason(ParameterException e) {
        if (e instanceof UnmatchedArgumentException unmatched) {
            List<String> names = unmatched.getUnmatched();
            String first = names.isEmpty() ? "" : names.getFirst();
            boolean top = e.getCommandLine().getParent() == null;
            if (first.startsWith("-")) {
                return "unknown option '%s'".formatted(first);
            }
            return (top ? "unknown command '%s'" : "unexpected argument '%s'").formatted(first);
        }
        return e.getMessage();
    }

    private static String reason(Throwable e) {
        return switch (e) {
            case CommandFailedException _, PullException _, MalformedModelException _,
                    UnsupportedModelException _, InsufficientMemoryException _,
                    BackendUnavailableException _, DeviceException _,
                    DeviceBudgetException _, GraphRunException _, TemplateException _,
                    RequestRejected _, GenerationFailed _ -> e.getMessage();
            case TemplateRefusedException _ ->
                    "the chat template refuses this: " + e.getMessage();
            case NoSuchFileException missing -> "no such file: " + missing.getFile();
            case AccessDeniedException denied -> "not allowed to read: " + denied.getFile();
            case FileSystemException file -> file.getFile() + ": " + file.getReason();
            case CharacterCodingException _ -> "the text is not UTF-8";
            case UncheckedIOException wrapped -> reason(wrapped.getCause());
            case IOException _ -> "input or output failed: " + e.getMessage();
            default -> internal(e);
        };
    }

    private static String internal(Throwable e) {
        return "internal error, %s: %s (--verbose shows where)"
                .formatted(e.getClass().getSimpleName(), e.getMessage());
    }

    private static String oneLine(String text) {
        return String.join(" ", text.strip().lines().map(String::strip).toList());
    }

    private void trace(Throwable e, PrintWriter err) {
        if (verbose.getAsBoolean()) {
            e.printStackTrace(err);
        }
        err.flush();
    }
}
