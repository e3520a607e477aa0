package dev.sluice.kernels.cuda;

/// A CUDA device as its driver describes it.
///
/// @param major            of its compute capability
/// @param minor            of its compute capability
/// @param multiprocessors  how many groups at least run at once
record DeviceDescription(int index, String name, int major, int minor, long memoryBytes,
        int multiprocessors) {
    /// The oldest that the shipped kernels are compiled for: Ampere, 8.0.
    static final int MAJOR_MIN = 8;

    /// Why the kernels can not run on it, or an empty string.
    String fault() {
        return major >= MAJOR_MIN ? ""
                : "compute capability %d.%d, the kernels need %d.0 (Ampere) or newer"
                        .formatted(major, minor, MAJOR_MIN);
    }

    String text() {
        return "%s, %,d MiB, compute capability %d.%d, %d multiprocessors%s".formatted(name,
                memoryBytes >> 20, major, minor, multiprocessors,
                fault().isEmpty() ? "" : "; not usable: " + fault());
    }
}
