/// What GPU backends share: the source of the kernels, their launch shapes, and every operation as
/// launches on a [dev.sluice.kernels.gpu.Device].
module dev.sluice.kernels.gpu {
    requires transitive dev.sluice.kernels;

    exports dev.sluice.kernels.gpu;
}
