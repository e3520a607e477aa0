package dev.sluice.router;

/// What balancing may touch while a model serves.
public enum BalanceMode {
    /// Nothing: the bias that training left. DeepSeek-V3 is served so (arXiv 2412.19437, section
    /// 2.1.2: the update speed is 0 at the end of training).
    FROZEN,
    /// Which copy of an expert runs: see [ReplicaBalancer]. Copies hold the same bits, so the
    /// output does not change.
    REPLICA,
    /// The correction bias itself: see [OnlineBalancing]. It chooses other experts, so **the
    /// output changes**; a model is opened for it on purpose, with a limit on the change, and
    /// answers say so.
    ONLINE
}
