package dev.sluice.kernels.cuda;

import dev.sluice.kernels.contract.KernelContract;
import dev.sluice.kernels.contract.RequiredBackend;
import dev.sluice.kernels.spi.KernelBackend;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// The first CUDA device against the contract. There are no tests where there is no device, unless
/// the build says `-Drequire.backend=cuda`: then all fail.
class CudaContractTest {
    private static final long SEED = Long.getLong("contract.seed", 20261121);

    @TestFactory
    List<DynamicTest> contract() {
        return RequiredBackend.isExpected("cuda") ? Arrays.stream(KernelContract.values())
                .map(check -> DynamicTest.dynamicTest(check.name(), () -> {
                    try (KernelBackend subject = RequiredBackend.open("cuda")) {
                        check.check(subject, SEED);
                    }
                })).toList() : List.of();
    }
}
