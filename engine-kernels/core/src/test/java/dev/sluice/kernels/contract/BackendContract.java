package dev.sluice.kernels.contract;

import dev.sluice.kernels.spi.KernelBackend;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The contract as JUnit tests. A backend's module adds a class of a few lines:
///
///     class VectorContractTest extends BackendContract {
///         @Override protected String backendName() { return "vector"; }
///     }
public abstract class BackendContract {
    /// Any value will do, and a failure prints it; `-Dcontract.seed=N` tries another.
    private static final long SEED = Long.getLong("contract.seed", 20261121);

    /// The name that `--backend` takes, with a device after a colon where there are several.
    protected abstract String backendName();

    @ParameterizedTest(name = "{0}")
    @EnumSource(KernelContract.class)
    @DisplayName("agrees with the oracle, writes nothing else, and is batch invariant")
    void contract(KernelContract check) {
        try (KernelBackend subject = RequiredBackend.open(backendName())) {
            check.check(subject, SEED);
        }
    }
}
