package dev.sluice.models;

/// How rotary frequencies are stretched for contexts longer than the trained one. Each kind turns
/// theta_m = base^(-2m/dims) into the frequency that is used, and gives a magnitude for cos and
/// sin.
public sealed interface RopeScaling {

    /// Frequencies of pairs 0..dims/2, computed in double and rounded once.
    float[] inverseFrequencies(int dims, double base);

    /// Factor on cos and sin.
    default float magnitude() {
        return 1;
    }

    static double theta(int pair, int dims, double base) {
        return Math.pow(base, -2.0 * pair / dims);
    }

    record None() implements RopeScaling {
        @Override
        public float[] inverseFrequencies(int dims, double base) {
            return new Linear(1).inverseFrequencies(dims, base);
        }
    }

    /// theta / factor
    record Linear(double factor) implements RopeScaling {
        @Override
        public float[] inverseFrequencies(int dims, double base) {
            var out = new float[dims / 2];
            for (int m = 0; m < out.length; m++) {
                out[m] = (float) (theta(m, dims, base) / factor);
            }
            return out;
        }
    }

    /// theta_m / factor_m, with factors stored in the file (`rope_freqs`).
    record Factors(float[] factors) implements RopeScaling {
        @Override
        public float[] inverseFrequencies(int dims, double base) {
            return divided(dims, base, factors);
        }
    }

    /// Llama 3.1: long wavelengths are divided by `factor`, short ones kept, between them a ramp.
    record Llama3(double factor, double lowFactor, double highFactor, double originalContext)
            implements RopeScaling {
        @Override
        public float[] inverseFrequencies(int dims, double base) {
            var out = new float[dims / 2];
            for (int m = 0; m < out.length; m++) {
                double theta = theta(m, dims, base);
                double wavelength = 2 * Math.PI / theta;
                double t = (originalContext / wavelength - lowFactor) / (highFactor - lowFactor);
                double kept = Math.clamp(t, 0, 1);
                out[m] = (float) ((1 - kept) * theta / factor + kept * theta);
            }
            return out;
        }
    }

    /// YaRN (Peng et al. 2023, section 3.2): a ramp between interpolated and kept frequencies over
    /// the pairs whose wavelengths turn betaFast to betaSlow times in the original context.
    ///
    /// @param truncate         whether the ramp's ends are rounded to whole pairs; gpt-oss leaves
    ///                         them
    /// @param scoreMultiplier  DeepSeek's mscale_all_dim, which scales the scores; 0 for others
    record Yarn(double factor, double originalContext, double betaFast, double betaSlow,
            boolean truncate, float magnitude, float scoreMultiplier) implements RopeScaling {
        @Override
        public float[] inverseFrequencies(int dims, double base) {
            double low = turns(betaFast, dims, base);
            double high = turns(betaSlow, dims, base);
            if (truncate) {
                low = Math.floor(low);
                high = Math.ceil(high);
            }
            low = Math.max(low, 0);
            high = Math.min(high, dims - 1);
            double width = Math.max(high - low, 0.001);
            var out = new float[dims / 2];
            for (int m = 0; m < out.length; m++) {
                double theta = theta(m, dims, base);
                double interpolated = Math.clamp((m - low) / width, 0, 1);
                out[m] = (float) (theta / factor * interpolated + theta * (1 - interpolated));
            }
            return out;
        }

        /// Pair whose wavelength fits `rotations` times into the original context.
        private double turns(double rotations, int dims, double base) {
            return dims * Math.log(originalContext / (rotations * 2 * Math.PI))
                    / (2 * Math.log(base));
        }

        /// 0.1 m ln(factor) + 1: the attention temperature of YaRN for multiplier m.
        public static double temperature(double factor, double multiplier) {
            return factor <= 1 ? 1 : 0.1 * multiplier * Math.log(factor) + 1;
        }
    }

    /// LongRoPE (Phi-3): short or long factors, chosen once when the model is opened, because
    /// cached keys rotated by one set can not be used with the other.
    record LongRope(float[] shortFactors, float[] longFactors, boolean useLong, float magnitude)
            implements RopeScaling {
        @Override
        public float[] inverseFrequencies(int dims, double base) {
            return divided(dims, base, useLong ? longFactors : shortFactors);
        }
    }

    private static float[] divided(int dims, double base, float[] factors) {
        if (factors.length != dims / 2) {
            throw new UnsupportedModelException("%d rotary factors for %d rotated elements"
                    .formatted(factors.length, dims));
        }
        var out = new float[dims / 2];
        for (int m = 0; m < out.length; m++) {
            out[m] = (float) (theta(m, dims, base) / factors[m]);
        }
        return out;
    }
}
