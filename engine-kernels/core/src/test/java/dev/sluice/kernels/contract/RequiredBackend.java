package dev.sluice.kernels.contract;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.BackendUnavailableException;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.KernelBackendProvider;
import org.junit.jupiter.api.Assumptions;

/// Opens a backend for a test. Where it can not run, the test is skipped with the reason, unless
/// the build says `-Drequire.backend=NAME`: then the test fails, so that a machine that is there
/// to test a device can not go green without it.
public final class RequiredBackend {
    /// The system property that names the backend which must answer.
    public static final String PROPERTY = "require.backend";

    private RequiredBackend() { }

    /// The backend of that name (`name` or `name:device`), which the caller closes.
    public static KernelBackend open(String name) {
        return open(name, System.getProperty(PROPERTY, ""));
    }

    /// Whether tests of a backend that most machines can not run should exist: where it can run,
    /// and where the build requires it. They are no skipped tests elsewhere, where they say
    /// nothing.
    public static boolean isExpected(String name) {
        return System.getProperty(PROPERTY, "").replaceFirst(":.*", "").equals(name)
                || Kernels.providers().stream().anyMatch(provider ->
                        provider.name().equals(name) && provider.unavailableReason().isEmpty());
    }

    static KernelBackend open(String name, String required) {
        String plain = name.replaceFirst(":.*", "");
        int device = plain.equals(name) ? 0 : Integer.parseInt(name.substring(plain.length() + 1));
        var options = new BackendOptions(
                device, Runtime.getRuntime().availableProcessors(), Long.MAX_VALUE);
        String reason = "no provider of that name on the class path";
        for (KernelBackendProvider provider : Kernels.providers()) {
            if (provider.name().equals(plain)) {
                reason = provider.unavailableReason();
                if (reason.isEmpty()) {
                    return provider.open(options);
                }
            }
        }
        String message = "backend " + plain + ": " + reason;
        if (required.replaceFirst(":.*", "").equals(plain)) {
            throw new AssertionError(PROPERTY + "=" + required + ", but " + message);
        }
        Assumptions.abort(message);
        throw new BackendUnavailableException(message);
    }
}
