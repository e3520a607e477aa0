/// Token to expert: the block that routes, and what watches it.
module dev.sluice.router {
    requires transitive dev.sluice.kernels;

    exports dev.sluice.router;
}
