package dev.sluice.bridge.cli;

import dev.sluice.runtime.AnswerOptions;
import dev.sluice.runtime.SamplingParams;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// How answers are drawn and when they end.
final class SamplingOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    /// For models that the user brings; those that ship are meant to be right, not varied.
    private static final float TEMPERATURE = 0.8f;

    @Option(names = "--temp", paramLabel = "T",
            description = "Temperature; 0 takes the most likely token "
                    + "(default: 0.8, and 0 for the model that ships).")
    private Optional<Float> temperature;

    @Option(names = "--seed", paramLabel = "S",
            description = "Seed of the draws (default: a new one, which is printed).")
    private Optional<Long> seed;

    @Option(names = {"-n", "--max-tokens"}, paramLabel = "N",
            description = "Most tokens to generate (default: until the model or the context ends).")
    private Optional<Integer> maxTokens;

    @Option(names = "--top-k", paramLabel = "K", defaultValue = "0",
            description = "Keep the K most likely tokens; 0 keeps all (default).")
    private int topK;

    @Option(names = "--top-p", paramLabel = "P", defaultValue = "1",
            description = "Keep the most likely tokens up to this mass (default: all).")
    private float topP;

    @Option(names = "--min-p", paramLabel = "P", defaultValue = "0.05",
            description = "Drop tokens below this share of the most likely one's probability "
                    + "(default: ${DEFAULT-VALUE}).")
    private float minP;

    @Option(names = "--repeat-penalty", paramLabel = "R", defaultValue = "1",
            description = "Divide the logits of tokens seen before by this (default: off).")
    private float repeatPenalty;

    @Option(names = "--stop", paramLabel = "TEXT",
            description = "End the answer before this text; may be given several times.")
    private List<String> stops = List.of();

    /// Whether answers of `model` are drawn, not the most likely ones.
    boolean drawn(ModelOptions model) { return temperature(model) > 0; }

    private float temperature(ModelOptions model) {
        return temperature.orElse(model.isGiven() ? TEMPERATURE : 0);
    }

    AnswerOptions answerOptions(ModelOptions model) {
        try {
            SamplingParams params = SamplingParams.defaults()
                    .withTemperature(temperature(model)).withTopK(topK).withTopP(topP)
                    .withMinP(minP);
            if (repeatPenalty != 1) {
                params = params.withPenalties(new SamplingParams.Penalties(
                        repeatPenalty, 0, 0, SamplingParams.Penalties.OFF.scope(), 0));
            }
            // A random one is short, so that it can be typed again.
            params = params.withSeed(
                    seed.orElseGet(() -> (long) ThreadLocalRandom.current().nextInt(1 << 30)));
            return AnswerOptions.defaults().withSampling(params).withStopStrings(stops)
                    .withMaxTokens(maxTokens.orElse(Integer.MAX_VALUE));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }
}
