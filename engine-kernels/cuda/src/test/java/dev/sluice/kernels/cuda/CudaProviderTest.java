package dev.sluice.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.BackendUnavailableException;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.spi.KernelBackend;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// Goal: every device is listed, the right one is opened, and what can not be used says why.
/// Method: drivers that are not there, with devices that differ.
class CudaProviderTest {
    private static CudaProvider over(CudaDriver driver) {
        return new CudaProvider(() -> new DriverLookup(Optional.of(driver), ""));
    }

    private static String refused(CudaProvider provider, int device) {
        return assertThrows(BackendUnavailableException.class, () -> provider.open(
                new BackendOptions(device, 1, Long.MAX_VALUE))).getMessage();
    }

    private static FakeCudaDriver three() {
        return new FakeCudaDriver(FakeCudaDriver.device(0), FakeCudaDriver.device(1),
                new DeviceDescription(2, "Pretended T4", 7, 5, 1L << 34, 40));
    }

    @Test
    @DisplayName("doctor's line has every device, its capability and memory, and the driver")
    void listed() {
        CudaProvider provider = over(three());
        assertEquals("", provider.unavailableReason());
        String line = provider.description();
        assertTrue(line.startsWith("cuda:0 Pretended H0, 1,024 MiB, compute capability 9.0, 132 "
                + "multiprocessors | cuda:1 Pretended H1, "), line);
        assertTrue(line.contains("cuda:2 Pretended T4, 16,384 MiB, compute capability 7.5, 40 "
                + "multiprocessors; not usable: compute capability 7.5, the kernels need 8.0"),
                line);
        assertTrue(line.matches(".* \\| driver .*for CUDA 13\\.0"), line);
    }

    @Test
    @DisplayName("cuda:1 is the second device")
    void second() {
        FakeCudaDriver driver = three();
        try (KernelBackend backend = over(driver).open(
                new BackendOptions(1, 1, Long.MAX_VALUE))) {
            assertEquals("cuda", backend.name());
            driver.fail("cuMemcpyHtoDAsync", 1);
            String message = assertThrows(RuntimeException.class,
                    () -> backend.upload(dev.sluice.kernels.Matrix.host(new float[1], 1, 1)))
                    .getMessage();
            assertTrue(message.contains("Pretended H1"), message);
        }
        assertEquals(Map.of(), driver.live());
    }

    @Test
    @DisplayName("a number without a device, and a device that is too old, say so")
    void wrongDevice() {
        String beyond = refused(over(three()), 3);
        assertTrue(beyond.contains("cuda:3: there are 3 devices: cuda:0 Pretended H0"), beyond);
        String old = refused(over(three()), 2);
        assertTrue(old.contains("cuda:2 is unavailable: Pretended T4"), old);
    }

    @Test
    @DisplayName("an old driver: which it is, and which is needed")
    void oldDriver() {
        CudaProvider provider = over(three().version(11080));
        String reason = provider.unavailableReason();
        assertTrue(reason.contains("for CUDA 11.8 is too old, the kernels need CUDA 12.0 "
                + "(driver 525 or newer)"), reason);
        assertTrue(reason.contains("cuda:1 Pretended H1"), reason);
        assertTrue(refused(provider, 0).contains("CUDA 11.8"), refused(provider, 0));
    }

    @Test
    @DisplayName("a driver without devices, and devices that are all too old, are no backend")
    void noDevice() {
        String none = over(new FakeCudaDriver()).unavailableReason();
        assertTrue(none.contains("and no device"), none);
        String old = over(new FakeCudaDriver(new DeviceDescription(0, "Pretended T4", 7, 5,
                1L << 34, 40))).unavailableReason();
        assertTrue(old.contains("cuda:0 Pretended T4") && old.contains("not usable"), old);
    }

    @Test
    @DisplayName("a device that is busy is a reason, not a crash")
    void busy() {
        FakeCudaDriver driver = three();
        driver.fail("cuDevicePrimaryCtxRetain", 46);
        String message = refused(over(driver), 0);
        assertTrue(message.contains("cuda:0, Pretended H0: CUDA: cuDevicePrimaryCtxRetain failed "
                + "with 46"), message);
        over(driver).open(new BackendOptions(0, 1, Long.MAX_VALUE)).allocate(DType.F32, 1, 1);
    }
}
