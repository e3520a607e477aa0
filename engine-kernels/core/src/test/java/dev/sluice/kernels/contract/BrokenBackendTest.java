package dev.sluice.kernels.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Goal: the contract can fail. Method: the oracle with one planted fault at a time; the check
/// of that operation must reject it, with the seed in the message.
class BrokenBackendTest {
    private static final long SEED = 42;

    static Set<Fault> planted() {
        return Fault.planted();
    }

    static Set<Fault> honest() {
        return Fault.honest();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("planted")
    @DisplayName("a planted fault is rejected")
    void rejected(Fault fault) {
        try (var broken = new BrokenBackend(fault)) {
            var error = assertThrows(AssertionError.class,
                    () -> fault.rejectedBy().check(broken, SEED), () -> fault + " was accepted");
            assertTrue(error.getMessage().contains("seed=" + SEED), error.getMessage());
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("honest")
    @DisplayName("another honest rounding is accepted")
    void accepted(Fault honest) {
        for (KernelContract check : List.of(KernelContract.MATMUL, KernelContract.MATMUL_INVARIANCE)) {
            try (var rounding = new BrokenBackend(honest)) {
                check.check(rounding, SEED);
            }
        }
    }
}
