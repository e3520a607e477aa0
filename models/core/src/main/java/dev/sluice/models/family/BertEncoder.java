package dev.sluice.models.family;

import dev.sluice.kernels.AttentionSpec;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RowBuffer;
import dev.sluice.kernels.RowMap;
import dev.sluice.models.EncoderBatch;
import dev.sluice.models.EncoderConfig;
import dev.sluice.models.TextEncoder;
import java.util.List;

/// A BERT-family encoder: token, position and segment embeddings, a norm, bidirectional layers,
/// pooling, and a head where it scores. Texts of a batch lie one after another without padding and
/// see only themselves. One thread.
final class BertEncoder implements TextEncoder {
    private final Kernels kernels;
    private final EncoderConfig config;
    private final BertConfig bert;
    private final Built built;
    private final Sizes sizes;
    private final AttentionSpec spec;
    private final TextPooling pooling;
    private final float[] pooled;
    private final RowBuffer hidden;
    private final RowBuffer added;
    private final RowBuffer ids;
    private final RowBuffer segments;
    private final RowBuffer positions;
    private final RowBuffer lastPositions;
    private final RowBuffer texts;
    private final RowBuffer slots;
    private final RowBuffer pageTables;
    private final RowBuffer angles;
    private final HostInts rowInts;
    private final HostInts tableInts;
    private Runnable pause = () -> { };
    private boolean closed;

    record Sizes(int maxRows, int maxTexts) {
        int pages() {
            return DecoderEncoder.pages(maxRows, maxTexts, DecoderLoader.PAGE_SIZE);
        }
    }

    /// What [BertLoader] has built.
    ///
    /// @param tokens     [V,D]
    /// @param positions  [P,D], no rows where positions are rotated
    /// @param segments   [S,D], no rows where the model has none
    /// @param ropes      one, or none
    /// @param closing    frees what the weights are views of
    record Built(Matrix tokens, Matrix positions, Matrix segments, BertLayer.Norm norm,
            List<RopeSpec> ropes, List<BertLayer> layers, ScoreHead head, Runnable closing) { }

    BertEncoder(Kernels kernels, EncoderConfig config, BertConfig bert, Sizes sizes,
            Built built) {
        this.kernels = kernels;
        this.config = config;
        this.bert = bert;
        this.sizes = sizes;
        this.built = built;
        spec = new AttentionSpec(bert.heads(), (float) (1 / Math.sqrt(bert.headDim())), 0, 0,
                Matrix.none(bert.heads()));
        pooling = new TextPooling(config.pooling(), bert.hidden(), sizes.maxRows,
                sizes.maxTexts);
        pooled = new float[sizes.maxTexts * bert.hidden()];
        int rows = sizes.maxRows;
        hidden = new RowBuffer(kernels, DType.F32, rows, bert.hidden());
        added = new RowBuffer(kernels, DType.F32, rows, bert.hidden());
        ids = new RowBuffer(kernels, DType.I32, rows, 1);
        segments = new RowBuffer(kernels, DType.I32, rows, 1);
        positions = new RowBuffer(kernels, DType.I32, rows, 1);
        lastPositions = new RowBuffer(kernels, DType.I32, rows, 1);
        texts = new RowBuffer(kernels, DType.I32, rows, 1);
        slots = new RowBuffer(kernels, DType.I32, rows, 1);
        int tableCols = Math.ceilDiv(bert.contextTokens(), DecoderLoader.PAGE_SIZE);
        pageTables = new RowBuffer(kernels, DType.I32, sizes.maxTexts, tableCols);
        angles = new RowBuffer(kernels, DType.F32, rows,
                built.ropes.isEmpty() ? 1 : built.ropes.getFirst().dims());
        rowInts = new HostInts(rows, 1);
        tableInts = new HostInts(sizes.maxTexts, tableCols);
    }

    @Override
    public EncoderConfig config() { return config; }

    @Override
    public int vocab() { return bert.vocab(); }

    @Override
    public int maxRows() { return sizes.maxRows; }

    @Override
    public int maxTexts() { return sizes.maxTexts; }

    @Override
    public void encode(EncoderBatch batch, float[] out) {
        EncoderChecks.require(this, batch, out);
        Matrix x = embed(batch);
        var rows = new BertLayer.Texts(place(batch), angles(batch.rowCount()));
        for (BertLayer layer : built.layers) {
            layer.forward(rows, spec, x);
            pause.run();
        }
        pooling.begin(batch);
        pooling.add(kernels, batch, 0, 0, x);
        switch (config.task()) {
            case EMBEDDING -> pooling.finish(batch, config.normalized(), out);
            case RERANKER, CLASSIFIER -> {
                pooling.finish(batch, false, pooled);
                built.head.forward(pooled, batch.textCount(), out);
            }
        }
    }

    @Override
    public void pauseBetweenLayers(Runnable action) {
        pause = action;
    }

    /// x [T,D] = norm(token + position + segment)
    private Matrix embed(EncoderBatch batch) {
        int rows = batch.rowCount();
        Matrix x = hidden.rows(rows);
        Matrix more = added.rows(rows);
        for (int r = 0; r < rows; r++) {
            rowInts.set(r, batch.tokenId(r));
        }
        rowInts.send(kernels, ids.rows(rows));
        kernels.embed(built.tokens, ids.rows(rows), 1, x);
        if (built.segments.rows() > 0) {
            for (int r = 0; r < rows; r++) {
                rowInts.set(r, Math.min(batch.segment(r), built.segments.rows() - 1));
            }
            rowInts.send(kernels, segments.rows(rows));
            kernels.embed(built.segments, segments.rows(rows), 1, more);
            kernels.add(x, more, 1);
        }
        fillPositions(batch);
        if (built.positions.rows() > 0) {
            kernels.embed(built.positions, positions.rows(rows), 1, more);
            kernels.add(x, more, 1);
        }
        built.norm.forward(kernels, x, x);
        return x;
    }

    private void fillPositions(EncoderBatch batch) {
        for (int text = 0; text < batch.textCount(); text++) {
            for (int i = 0; i < batch.length(text); i++) {
                rowInts.set(batch.start(text) + i, i + bert.positionOffset());
            }
        }
        rowInts.send(kernels, positions.rows(batch.rowCount()));
    }

    private Matrix angles(int rows) {
        if (built.ropes.isEmpty()) {
            return Matrix.none(0);
        }
        Matrix out = angles.rows(rows);
        kernels.rotaryAngles(built.ropes.getFirst(), positions.rows(rows), out);
        return out;
    }

    /// Pages of its own for each text, and all of its rows at its last position.
    private RowMap place(EncoderBatch batch) {
        int rows = batch.rowCount();
        for (int text = 0; text < batch.textCount(); text++) {
            for (int i = 0; i < batch.length(text); i++) {
                rowInts.set(batch.start(text) + i, batch.length(text) - 1);
            }
        }
        rowInts.send(kernels, lastPositions.rows(rows));
        for (int text = 0; text < batch.textCount(); text++) {
            for (int i = 0; i < batch.length(text); i++) {
                rowInts.set(batch.start(text) + i, text);
            }
        }
        rowInts.send(kernels, texts.rows(rows));
        int page = 0;
        for (int text = 0; text < batch.textCount(); text++) {
            var own = new int[Math.ceilDiv(batch.length(text), DecoderLoader.PAGE_SIZE)];
            for (int i = 0; i < batch.length(text); i++) {
                rowInts.set(batch.start(text) + i, page * DecoderLoader.PAGE_SIZE + i);
            }
            for (int i = 0; i < own.length; i++) {
                own[i] = page++;
            }
            tableInts.setRow(text, own);
        }
        rowInts.send(kernels, slots.rows(rows));
        tableInts.send(kernels, pageTables.rows(batch.textCount()));
        return new RowMap(lastPositions.rows(rows), texts.rows(rows), slots.rows(rows),
                pageTables.rows(batch.textCount()));
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            kernels.close();
            built.closing.run();
        }
    }
}
