package dev.sluice.runtime;

import dev.sluice.kernels.Matrix;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/// Prints the median microseconds per token of some samplers. Run its main with the module's
/// classes, test classes and dependencies on the class path; arguments: vocabulary, rounds.
///
/// The logits are normal with a standard deviation of 3 and have a few likely tokens on top, so
/// that top-p 0.95 keeps some thousands of tokens, more than a language model's logits do.
final class SamplerTiming {
    private SamplerTiming() {}

    public static void main(String[] args) {
        int vocab = args.length > 0 ? Integer.parseInt(args[0]) : 128_000;
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 400;
        var random = new Random(1);
        float[] flat = new float[vocab];
        float[] peaked = new float[vocab];
        for (int i = 0; i < vocab; i++) {
            flat[i] = (float) (3 * random.nextGaussian());
            peaked[i] = (float) (2 * random.nextGaussian()) + (random.nextInt(4000) == 0 ? 12 : 0);
        }
        var base = SamplingParams.defaults().withSeed(1).withTemperature(0.7f);
        var cases = new LinkedHashMap<String, SamplingParams>();
        cases.put("greedy", SamplingParams.greedy());
        cases.put("temperature", base);
        cases.put("top-k 40, top-p 0.95", base.withTopK(40).withTopP(0.95f));
        cases.put("top-p 0.9", base.withTopP(0.9f));
        cases.put("min-p 0.05", base.withMinP(0.05f));
        cases.put("typical 0.9", base.withTypicalP(0.9f));
        cases.put("mirostat 2", base.withMirostat(new SamplingParams.Mirostat(2, 5, 0.1f)));
        for (int repeat = 0; repeat < 2; repeat++) {
            for (Map.Entry<String, SamplingParams> entry : cases.entrySet()) {
                System.out.printf("%d tokens, %-22s %7.0f us peaked  %7.0f us flat%n", vocab,
                        entry.getKey(), median(peaked, entry.getValue(), rounds),
                        median(flat, entry.getValue(), rounds));
            }
        }
    }

    private static double median(float[] logits, SamplingParams params, int rounds) {
        var sampler = new Sampler(logits.length);
        var matrix = Matrix.host(logits, 1, logits.length);
        var state = new SamplingState(
                params, 0, new TokenHistory(new int[] {1}), DryBreakers.NONE);
        long[] nanos = new long[rounds];
        for (int i = 0; i < rounds; i++) {
            long start = System.nanoTime();
            state.history().add(sampler.sample(matrix, 0, state));
            nanos[i] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        return nanos[rounds / 2] / 1000.0;
    }
}
