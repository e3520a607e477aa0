package dev.sluice.kernels.contract;

/// Goal: the oracle meets its own contract, bounds, guards and batch invariance included. Method:
/// the suite with the oracle on both sides.
class ReferenceContractTest extends BackendContract {
    @Override
    protected String backendName() {
        return "reference";
    }
}
