package dev.sluice.kernels.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.DType;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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
    @EnumSource(value = DType.class, names = "I32", mode = EnumSource.Mode.EXCLUDE)
    @DisplayName("a fault in one encoding alone is rejected")
    void rejectedInOneEncoding(DType dtype) {
        for (Fault fault : List.of(Fault.MATMUL_IGNORES_LAST_COLUMN, Fault.MATMUL_OTHER_BITS_ALONE,
                Fault.EXPERTS_WITHOUT_LAST)) {
            rejected(fault, dtype);
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(value = DType.class, names = {"F32", "F16", "BF16", "Q8_0"})
    @DisplayName("a fault in pages of one encoding alone is rejected")
    void rejectedInOnePageEncoding(DType dtype) {
        rejected(Fault.ATTENTION_SEES_FUTURE, dtype);
    }

    private static void rejected(Fault fault, DType dtype) {
        try (var broken = new BrokenBackend(fault, EnumSet.of(dtype))) {
            var error = assertThrows(AssertionError.class,
                    () -> fault.rejectedBy().check(broken, SEED),
                    () -> fault + " in " + dtype + " was accepted");
            assertTrue(error.getMessage().contains(dtype.name()), error.getMessage());
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("honest")
    @DisplayName("another honest rounding is accepted")
    void accepted(Fault honest) {
        for (KernelContract check : List.of(KernelContract.MATMUL,
                KernelContract.MATMUL_INVARIANCE, KernelContract.EXPERT_FFN)) {
            try (var rounding = new BrokenBackend(honest)) {
                check.check(rounding, SEED);
            }
        }
    }
}
