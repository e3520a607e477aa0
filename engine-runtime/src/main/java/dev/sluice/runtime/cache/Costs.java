package dev.sluice.runtime.cache;

/// What computing tokens again and moving pages costs, as measured: moving averages that forget
/// with each new measurement by an eighth. Engine thread only.
final class Costs {
    /// Before anything is measured: a small model on one core.
    private static final double PREFILL_NANOS_PER_TOKEN = 1e6;
    private static final double HOST_NANOS_PER_BYTE = 0.5;
    private static final double DISK_NANOS_PER_BYTE = 5;
    private static final double WEIGHT = 0.125;

    private double prefillNanosPerToken = PREFILL_NANOS_PER_TOKEN;
    private double hostNanosPerByte = HOST_NANOS_PER_BYTE;
    private double diskNanosPerByte = DISK_NANOS_PER_BYTE;
    private boolean prefillKnown;

    void prefill(int tokens, long nanos) {
        double each = (double) nanos / tokens;
        prefillNanosPerToken = prefillKnown ? mix(prefillNanosPerToken, each) : each;
        prefillKnown = true;
    }

    void host(long bytes, long nanos) {
        hostNanosPerByte = mix(hostNanosPerByte, (double) nanos / bytes);
    }

    void disk(long bytes, long nanos) {
        diskNanosPerByte = mix(diskNanosPerByte, (double) nanos / bytes);
    }

    private static double mix(double old, double measured) {
        return old + WEIGHT * (measured - old);
    }

    double recomputeNanos(int tokens) {
        return tokens * prefillNanosPerToken;
    }

    double loadNanos(long hostBytes, long diskBytes) {
        return (hostBytes + diskBytes) * hostNanosPerByte + diskBytes * diskNanosPerByte;
    }
}
