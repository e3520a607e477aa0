package dev.sluice.runtime;

/// Random numbers that are a function of what they are for, and of nothing else: (seed, choice,
/// position, draw). No state and no call order, so batching, preemption, speculation and retries
/// can not change a draw. Any thread.
///
/// The key is folded in one word at a time with the finaliser of SplitMix64 (Steele, Lea, Flood,
/// "Fast splittable pseudorandom number generators", OOPSLA 2014), with `GAMMA` its increment:
///
///     h = mix(seed + GAMMA);  h = mix((h ^ word) + GAMMA)  for each further word
///
/// All arithmetic wraps modulo 2^64.
public final class CounterRandom {
    private static final long GAMMA = 0x9E3779B97F4A7C15L;

    /// What a draw decides. Fixed numbers, so that a sampler that is off shifts no other draw.
    public enum Draw { TOKEN, XTC }

    private CounterRandom() {}

    /// 64 random bits for a key.
    public static long bits(long seed, int choice, int position, Draw draw) {
        long h = mix(seed + GAMMA);
        h = mix((h ^ choice) + GAMMA);
        h = mix((h ^ position) + GAMMA);
        return mix((h ^ draw.ordinal()) + GAMMA);
    }

    /// A uniform number in [0, 1), a multiple of 2^-53.
    public static double uniform(long seed, int choice, int position, Draw draw) {
        return (bits(seed, choice, position, draw) >>> 11) * 0x1.0p-53;
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
