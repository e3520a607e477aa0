/// The TornadoVM backend: kernels in Java, and the device that runs them as task graphs. The API
/// it compiles against is the test double or the SDK's; at run time it is the SDK's or missing.
module dev.sluice.kernels.tornado {
    requires dev.sluice.kernels.gpu;
    requires static tornado.api;

    provides dev.sluice.kernels.spi.KernelBackendProvider
            with dev.sluice.kernels.tornado.TornadoProvider;
}
