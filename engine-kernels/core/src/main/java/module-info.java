/// Arithmetic on matrices: encodings, the checked door, the scalar oracle and the Vector API
/// backend.
module dev.sluice.kernels {
    requires jdk.incubator.vector;

    exports dev.sluice.kernels;
    exports dev.sluice.kernels.spi;

    uses dev.sluice.kernels.spi.KernelBackendProvider;

    provides dev.sluice.kernels.spi.KernelBackendProvider
            with dev.sluice.kernels.reference.ReferenceProvider,
                    dev.sluice.kernels.vector.VectorProvider;
}
