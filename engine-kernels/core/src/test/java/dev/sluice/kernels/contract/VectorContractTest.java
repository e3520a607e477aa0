package dev.sluice.kernels.contract;

/// The vector backend against the contract.
class VectorContractTest extends BackendContract {
    @Override
    protected String backendName() {
        return "vector";
    }
}
