package dev.sluice.kernels.spi;

import dev.sluice.kernels.BackendOptions;

/// Found by ServiceLoader; declare it in `module-info.java` and in `META-INF/services`. Must be
/// cheap and must not load native code, nor classes of an optional module, before [#open] or
/// [#unavailableReason].
public interface KernelBackendProvider {
    /// The name that `--backend` takes.
    String name();

    /// Larger is preferred by `--backend auto`; negative is never chosen by it.
    int preference();

    /// Why this backend can not run here, or an empty string if it can.
    String unavailableReason();

    /// One line for `doctor`: device, widths, driver.
    String description();

    KernelBackend open(BackendOptions options);
}
