package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.sluice.runtime.SamplingParams.Dry;
import dev.sluice.runtime.SamplingParams.Mirostat;
import dev.sluice.runtime.SamplingParams.Penalties;
import dev.sluice.runtime.SamplingParams.Scope;
import dev.sluice.runtime.SamplingParams.Xtc;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// Goal: a value that can not be honoured is refused, naming field, value and range.
class SamplingParamsTest {
    private static final SamplingParams BASE = SamplingParams.defaults();

    private static void refused(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
    }

    @Test
    void rangesAreNamed() {
        refused("temperature=-1, allowed: 0 to 100", () -> BASE.withTemperature(-1));
        refused("temperature=NaN, allowed: 0 to 100", () -> BASE.withTemperature(Float.NaN));
        refused("topK=-1, allowed: 0 to 2147483647", () -> BASE.withTopK(-1));
        refused("topP=1.5, allowed: 0 to 1", () -> BASE.withTopP(1.5f));
        refused("minP=2, allowed: 0 to 1", () -> BASE.withMinP(2));
        refused("typicalP=-0.5, allowed: 0 to 1", () -> BASE.withTypicalP(-0.5f));
        refused("topNSigma=-1, allowed: 0 to 1000", () -> BASE.withTopNSigma(-1));
        refused("minTokens=-1, allowed: 0 to 2147483647", () -> BASE.withMinTokens(-1));
        refused("topLogprobs=21, allowed: 0 to 20", () -> BASE.withLogprobs(21));
        refused("xtc.probability=2, allowed: 0 to 1", () -> new Xtc(2, 0.1f));
        refused("mirostat.version=3, allowed: 0 to 2", () -> new Mirostat(3, 5, 0.1f));
        refused("penalties.repetition=0, allowed: 0.01 to 100",
                () -> new Penalties(0, 0, 0, Scope.OUTPUT, 0));
        refused("penalties.frequency=3, allowed: -2 to 2",
                () -> new Penalties(1, 3, 0, Scope.OUTPUT, 0));
        refused("dry.base=0.5, allowed: 1 to 100", () -> new Dry(1, 0.5f, 2, 0, List.of()));
        refused("logitBias[7]=101.0, allowed: token ids from 0, values -100 to 100 or -Infinity",
                () -> BASE.withLogitBias(Map.of(7, 101f)));
    }

    @Test
    void whatWouldNotRunIsRefused() {
        refused("order=[TOP_P] lacks TOP_K, which is on",
                () -> BASE.withTopK(40).withOrder(List.of(SamplerStep.TOP_P)));
        refused("order=[TOP_P, TOP_P], TOP_P comes twice",
                () -> BASE.withOrder(List.of(SamplerStep.TOP_P, SamplerStep.TOP_P)));
        refused("mirostat.version=2 takes the place of truncation, but TOP_K is on",
                () -> BASE.withTopK(40).withMirostat(new Mirostat(2, 5, 0.1f)));
    }

    @Test
    void everyFieldIsKept() {
        var params = BASE.withSeed(3).withTopK(4).withTopP(0.5f).withMinTokens(6).withLogprobs(2)
                .withIgnoreEos(true).withLogitBias(Map.of(1, -100f))
                .withOrder(SamplerStep.LLAMA_CPP_ORDER);
        assertEquals(3, params.seed());
        assertEquals(4, params.topK());
        assertEquals(0.5f, params.topP());
        assertEquals(6, params.minTokens());
        assertEquals(2, params.topLogprobs());
        assertEquals(Map.of(1, -100f), params.logitBias());
        assertEquals(SamplerStep.LLAMA_CPP_ORDER, params.order());
    }
}
