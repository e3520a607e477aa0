package dev.sluice.models.onnx;

import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import dev.sluice.models.EncoderBatch;
import dev.sluice.models.EncoderConfig;
import dev.sluice.models.MalformedBatchException;
import dev.sluice.models.TextEncoder;
import java.util.Arrays;

/// An ONNX encoder on DJL's ONNX Runtime engine. Texts of a batch run one after another, so that
/// nothing is padded and none changes another. One thread at a time.
final class DjlEncoder implements TextEncoder {
    private final EncoderFolder folder;
    private final ZooModel<NDList, NDList> model;
    private final Predictor<NDList, NDList> predictor;
    private final Runnable closing;
    private final Limits limits;

    /// @param vocab  of the model
    record Limits(int vocab, int maxRows, int maxTexts) { }

    /// @param closing  frees what belongs to the encoder besides the model
    DjlEncoder(EncoderFolder folder, ZooModel<NDList, NDList> model, Limits limits,
            Runnable closing) {
        this.folder = folder;
        this.model = model;
        this.limits = limits;
        this.closing = closing;
        predictor = model.newPredictor();
    }

    @Override
    public EncoderConfig config() { return folder.config(); }

    @Override
    public int vocab() { return limits.vocab; }

    @Override
    public int maxRows() { return limits.maxRows; }

    @Override
    public int maxTexts() { return limits.maxTexts; }

    @Override
    public void encode(EncoderBatch batch, float[] out) {
        for (int text = 0; text < batch.textCount(); text++) {
            check(batch, text);
            encode(batch, text, out);
        }
    }

    private void check(EncoderBatch batch, int text) {
        if (batch.length(text) > config().contextTokens()) {
            throw new MalformedBatchException("a text of %d ids, at most %d fit".formatted(
                    batch.length(text), config().contextTokens()));
        }
        for (int row = batch.start(text); row < batch.start(text) + batch.length(text); row++) {
            if (batch.tokenId(row) < 0 || batch.tokenId(row) >= limits.vocab) {
                throw new MalformedBatchException("token %d of a vocabulary of %d".formatted(
                        batch.tokenId(row), limits.vocab));
            }
        }
    }

    private void encode(EncoderBatch batch, int text, float[] out) {
        int rows = batch.length(text);
        try (NDManager manager = model.getNDManager().newSubManager()) {
            var inputs = new NDList();
            for (GraphFile.Value input : folder.inputs()) {
                var values = new long[1][rows];
                for (int i = 0; i < rows; i++) {
                    values[0][i] = switch (input.name()) {
                        case "input_ids" -> batch.tokenId(batch.start(text) + i);
                        case "token_type_ids" -> batch.segment(batch.start(text) + i);
                        default -> 1;
                    };
                }
                NDArray array = input.type() == OnnxType.INT32
                        ? manager.create(narrow(values[0]), new ai.djl.ndarray.types.Shape(1, rows))
                        : manager.create(values[0], new ai.djl.ndarray.types.Shape(1, rows));
                array.setName(input.name());
                inputs.add(array);
            }
            NDList outputs = predictor.predict(inputs);
            float[] states = outputs.get(folder.output()).toFloatArray();
            outputs.close();
            int width = config().outputs();
            if (folder.pooled()) {
                System.arraycopy(states, 0, out, text * width, width);
            } else {
                pool(states, rows, out, text * width);
            }
            if (config().normalized()) {
                normalize(out, text * width, width);
            }
        } catch (TranslateException e) {
            throw new GraphRunException("DJL, a text of %d ids: %s".formatted(
                    rows, e.getMessage()), e);
        }
    }

    private static int[] narrow(long[] values) {
        return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
    }

    /// out [width] = the pooled rows of states [rows, width]; sums in double.
    private void pool(float[] states, int rows, float[] out, int at) {
        int width = config().outputs();
        switch (config().pooling()) {
            case FIRST -> System.arraycopy(states, 0, out, at, width);
            case LAST -> System.arraycopy(states, (rows - 1) * width, out, at, width);
            case MEAN -> {
                for (int i = 0; i < width; i++) {
                    double sum = 0;
                    for (int row = 0; row < rows; row++) {
                        sum += states[row * width + i];
                    }
                    out[at + i] = (float) (sum / rows);
                }
            }
        }
    }

    private static void normalize(float[] out, int at, int width) {
        double squares = 0;
        for (int i = 0; i < width; i++) {
            squares += (double) out[at + i] * out[at + i];
        }
        double length = Math.max(Math.sqrt(squares), 1e-12);
        for (int i = 0; i < width; i++) {
            out[at + i] = (float) (out[at + i] / length);
        }
    }

    @Override
    public void close() {
        predictor.close();
        model.close();
        closing.run();
    }
}
