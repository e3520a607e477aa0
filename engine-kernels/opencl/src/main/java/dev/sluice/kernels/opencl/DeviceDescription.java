package dev.sluice.kernels.opencl;

/// An OpenCL device as its driver describes it.
///
/// @param platform      handle
/// @param id            handle
/// @param kind          "GPU", "CPU" or "accelerator"
/// @param integerDot    whether four signed bytes are multiplied and added in one instruction
/// @param fault         why the kernels can not run on it, or an empty string
record DeviceDescription(long platform, long id, String name, String kind, String version,
        String driver, int computeUnits, long memoryBytes, long allocationBytesMax,
        boolean integerDot, String fault) {

    boolean usable() { return fault.isEmpty(); }

    String text() {
        return "%s, %s, %d compute units, %,d MiB, %s, driver %s%s%s".formatted(name, kind,
                computeUnits, memoryBytes >> 20, version, driver,
                integerDot ? ", integer dot product" : "",
                fault.isEmpty() ? "" : "; not usable: " + fault);
    }
}
