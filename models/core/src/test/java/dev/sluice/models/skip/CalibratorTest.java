package dev.sluice.models.skip;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.Kernels;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Goal: a calibration meets its rate, beats plain skipping, repeats itself and refuses what costs
/// too much.
///
/// Method: stories260K on texts that it wrote itself with a fixed seed, and others of another seed
/// to judge on. Five layers of 64 are too few for the quality asked of larger models, so the costs
/// are not tested here; the shipped worker's are, in the module that holds it.
class CalibratorTest {
    private static final Path MODEL =
            Path.of("src/test/resources/stories260K/stories260K.gguf");
    private static final int LENGTH = 96;
    private static final int BOS = 1;

    @Test
    void aForecastIsWorthMoreThanDropping() {
        Calibrator calibrator = calibrator(0.25);
        List<int[]> texts = SampledTexts.of(MODEL, BOS, 80, LENGTH, 7);
        SkipPlan plan = calibrator.draft(texts);
        List<int[]> heldOut = SampledTexts.of(MODEL, BOS, 32, LENGTH, 8);
        SkipFigures informed = calibrator.judge(plan, heldOut);
        SkipFigures plain = calibrator.judge(plan.plain(), heldOut);
        String both = "forecast: " + informed + "\ndropped: " + plain;
        assertEquals(0.25, informed.skipped(), 0.03, both);
        assertTrue(informed.divergence() < 0.9 * plain.divergence(), both);
        assertTrue(informed.agreement() > plain.agreement(), both);
        SkipPlan again = calibrator.draft(texts);
        assertEquals(plan.judged(), again.judged());
        assertArrayEquals(plan.forecasts().getFirst().gate(),
                again.forecasts().getFirst().gate());
    }

    @Test
    void whatCostsTooMuchIsRefused() {
        List<int[]> texts = SampledTexts.of(MODEL, BOS, 40, LENGTH, 9);
        var refused = assertThrows(SkipRateRefusedException.class,
                () -> calibrator(0.7).calibrate(texts));
        assertFalse(refused.figures().acceptable(), refused.getMessage());
        assertTrue(refused.getMessage().contains("70 %"), refused.getMessage());
    }

    private static Calibrator calibrator(double rate) {
        return new Calibrator(MODEL, () -> Kernels.open("vector", BackendOptions.defaults()),
                LENGTH, CalibrationSettings.attention(rate, 32));
    }
}
