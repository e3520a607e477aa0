/// The CUDA backend: NVIDIA devices from Ampere on, through JCuda's driver API, which needs the
/// driver and no toolkit.
module dev.sluice.kernels.cuda {
    requires dev.sluice.kernels.gpu;
    requires jcuda;

    provides dev.sluice.kernels.spi.KernelBackendProvider
            with dev.sluice.kernels.cuda.CudaProvider;
}
