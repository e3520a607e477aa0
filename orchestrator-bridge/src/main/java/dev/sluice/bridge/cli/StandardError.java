package dev.sluice.bridge.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Puts the real standard error back. The JVM writes "Using incubator modules" to stderr before
/// any code runs and has no option against it, so the launcher starts it with descriptor 2 closed
/// off and the real one saved under another number.
final class StandardError {
    private static final int STDERR = 2;
    private static final FunctionDescriptor DUP2 = FunctionDescriptor.of(
            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);

    private StandardError() { }

    /// Makes descriptor 2 what `descriptor` is, with POSIX dup2, for this process and the
    /// libraries in it. Called once, first of all.
    @SuppressWarnings("restricted") // Calling C is what this class is for.
    static void restore(int descriptor) {
        Linker linker = Linker.nativeLinker();
        try {
            MethodHandle dup2 = linker.downcallHandle(
                    linker.defaultLookup().findOrThrow("dup2"), DUP2);
            int result = (int) dup2.invokeExact(descriptor, STDERR);
            if (result != STDERR) {
                throw new IllegalStateException(
                        "dup2(%d, 2) gave %d".formatted(descriptor, result));
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("dup2 failed", e);
        }
    }
}
