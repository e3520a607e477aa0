package dev.sluice.bridge.cli;

import dev.sluice.kernels.BackendUnavailableException;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.spi.KernelBackendProvider;
import java.util.ArrayList;
import java.util.List;

/// Which backend `--backend` means. Only `auto` chooses, and says why not the others.
///
/// @param name what [Kernels#open] takes
/// @param note one line for stderr
record BackendChoice(String name, String note) {
    static final String AUTO = "auto";

    static BackendChoice of(String asked) {
        return asked.equals(AUTO)
                ? best(Kernels.providers())
                : new BackendChoice(asked, "backend " + asked + ", as asked");
    }

    /// The first usable of `providers`, which come in order of preference.
    static BackendChoice best(List<KernelBackendProvider> providers) {
        var refused = new ArrayList<String>();
        KernelBackendProvider chosen = null;
        for (KernelBackendProvider provider : providers) {
            if (provider.preference() < 0) {
                // Not asked whether it could: that may load a driver.
                refused.add(provider.name() + " only when asked for");
                continue;
            }
            String reason = provider.unavailableReason();
            if (!reason.isEmpty()) {
                refused.add(provider.name() + " is unavailable: " + reason);
            } else if (chosen != null) {
                refused.add(provider.name() + " is usable but slower");
            } else {
                chosen = provider;
            }
        }
        if (chosen == null) {
            throw new BackendUnavailableException("no backend is usable: " + join(refused));
        }
        String others = refused.isEmpty() ? "the only one" : join(refused);
        return new BackendChoice(chosen.name(), "backend " + chosen.name() + " (" + others + ")");
    }

    private static String join(List<String> reasons) {
        return String.join("; ", reasons);
    }
}
