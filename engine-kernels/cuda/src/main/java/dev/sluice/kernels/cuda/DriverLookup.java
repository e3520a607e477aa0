package dev.sluice.kernels.cuda;

import java.util.Optional;

/// The driver of this machine, or why there is none.
///
/// @param fault  empty when there is a driver
record DriverLookup(Optional<CudaDriver> driver, String fault) { }
