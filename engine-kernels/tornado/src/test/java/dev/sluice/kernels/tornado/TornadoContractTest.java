package dev.sluice.kernels.tornado;

import dev.sluice.kernels.contract.BackendContract;

/// The kernels in Java against the contract: on the threads of the test double in every build, and
/// on the first device of TornadoVM where TORNADOVM_HOME names an SDK.
class TornadoContractTest extends BackendContract {
    @Override
    protected String backendName() {
        return "tornado";
    }
}
