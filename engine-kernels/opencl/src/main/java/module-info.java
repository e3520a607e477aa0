/// The OpenCL backend: any device with OpenCL 1.2, through LWJGL.
module dev.sluice.kernels.opencl {
    requires dev.sluice.kernels.gpu;
    requires org.lwjgl;
    requires org.lwjgl.opencl;

    provides dev.sluice.kernels.spi.KernelBackendProvider
            with dev.sluice.kernels.opencl.OpenClProvider;
}
