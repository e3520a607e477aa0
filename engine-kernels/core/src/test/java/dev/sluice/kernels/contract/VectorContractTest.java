package dev.sluice.kernels.contract;

/// Goal: the Vector API backend meets the contract. Method: the suite against the oracle.
class VectorContractTest extends BackendContract {
    @Override
    protected String backendName() {
        return "vector";
    }
}
