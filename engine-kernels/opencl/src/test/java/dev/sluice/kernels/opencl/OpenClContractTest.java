package dev.sluice.kernels.opencl;

import dev.sluice.kernels.contract.BackendContract;

/// The first OpenCL device against the contract. Skipped where there is none, unless the build
/// says `-Drequire.backend=opencl`.
class OpenClContractTest extends BackendContract {
    @Override
    protected String backendName() {
        return "opencl";
    }
}
