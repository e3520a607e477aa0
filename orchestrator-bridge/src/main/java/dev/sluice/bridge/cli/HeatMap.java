package dev.sluice.bridge.cli;

import dev.sluice.router.ExpertSnapshot;
import java.util.Locale;

/// Draws where tokens went: a row for each layer, a column for each expert, the colour its load
/// over the mean of the layer. The scale is the same for every model: blue below the mean, pale
/// at it, red above. Blue and red differ for colour-blind readers too.
final class HeatMap {
    private static final int TOP = 62;
    private static final int LEFT = 58;
    private static final int RIGHT = 74;
    private static final int BOTTOM = 96;
    private static final int ROW = 15;
    private static final int WIDTH_MAX = 1100;
    private static final int LEGEND = 260;
    /// The title and the legend need so much, however few the experts.
    private static final int WIDTH_MIN = 560;
    /// More cells than this would make a file of megabytes by their titles alone.
    private static final int TITLES_MAX = 10_000;
    /// Colours of loads 0, 1/3, 1, 3 and infinitely many times the mean.
    private static final int[] SCALE = {0x1B3A6B, 0x5B8FC9, 0xEEEEEA, 0xE08A4F, 0x8F1D1D};
    /// An expert that no token has visited.
    private static final int NEVER = 0x3A3A3A;

    private final ExpertSnapshot snapshot;
    private final String model;
    private final int experts;
    private final double cell;

    HeatMap(ExpertSnapshot snapshot, String model) {
        this.snapshot = snapshot;
        this.model = model;
        int most = 1;
        for (ExpertSnapshot.Layer layer : snapshot.layers()) {
            most = Math.max(most, layer.spec().experts());
        }
        experts = most;
        cell = Math.clamp((double) WIDTH_MAX / experts, 2, 24);
    }

    int width() {
        return (int) Math.max(WIDTH_MIN, Math.ceil(LEFT + cell * experts + RIGHT));
    }

    int height() { return TOP + ROW * snapshot.layers().size() + BOTTOM; }

    String title() {
        return "Expert load of " + model;
    }

    void draw(Canvas canvas) {
        ExpertSnapshot.Layer first = snapshot.layers().getFirst();
        canvas.text(LEFT, 24, Canvas.Anchor.START, 16, false, title());
        canvas.text(LEFT, 42, Canvas.Anchor.START, 12, true,
                String.format(Locale.ROOT, "%,d tokens, %d experts a layer, %d for each token",
                        snapshot.tokens(), experts, first.spec().topK()));
        double right = LEFT + cell * experts;
        canvas.text(LEFT - 8, TOP - 6, Canvas.Anchor.END, 11, true, "layer");
        canvas.text(right + 8, TOP - 6, Canvas.Anchor.START, 11, true, "MaxVio");
        int rows = snapshot.layers().size();
        for (int i = 0; i < rows; i++) {
            row(canvas, snapshot.layers().get(i), TOP + i * ROW);
        }
        canvas.frame(LEFT, TOP, cell * experts, ROW * rows);
        axis(canvas, TOP + ROW * rows);
        legend(canvas, TOP + ROW * rows + 48);
    }

    private void row(Canvas canvas, ExpertSnapshot.Layer layer, double y) {
        double mean = 0;
        int columns = layer.spec().experts();
        for (int e = 0; e < columns; e++) {
            mean += (double) layer.count(e) / columns;
        }
        boolean titles = experts * snapshot.layers().size() <= TITLES_MAX;
        for (int e = 0; e < columns; e++) {
            double load = mean == 0 ? 0 : layer.count(e) / mean;
            canvas.rectangle(LEFT + e * cell, y, cell, ROW, colour(load), !titles ? ""
                    : String.format(Locale.ROOT, "layer %d, expert %d: %d tokens, %.2f x the mean",
                            layer.layer(), e, layer.count(e), load));
        }
        canvas.text(LEFT - 8, y + 11, Canvas.Anchor.END, 10, true,
                String.valueOf(layer.layer()));
        canvas.text(LEFT + cell * experts + 8, y + 11, Canvas.Anchor.START, 10, true,
                String.format(Locale.ROOT, "%.2f", layer.violation()));
    }

    /// Expert numbers under the columns, every so many that they do not touch.
    private void axis(Canvas canvas, double y) {
        int every = 1;
        while (every * cell < 26) {
            every *= 2;
        }
        for (int e = 0; e < experts; e += every) {
            canvas.text(LEFT + (e + 0.5) * cell, y + 13, Canvas.Anchor.MIDDLE, 10, true,
                    String.valueOf(e));
        }
        canvas.text(LEFT + cell * experts / 2, y + 29, Canvas.Anchor.MIDDLE, 11, true, "expert");
    }

    private void legend(Canvas canvas, double y) {
        for (int i = 0; i < LEGEND; i += 2) {
            double at = (i + 1.0) / LEGEND;
            canvas.rectangle(LEFT + i, y, 2, 12, colour(at / (1 - at)), "");
        }
        canvas.frame(LEFT, y, LEGEND, 12);
        double[] ticks = {0, 1 / 3.0, 1, 3};
        String[] names = {"0", "1/3", "1", "3"};
        for (int i = 0; i < ticks.length; i++) {
            canvas.text(LEFT + LEGEND * ticks[i] / (1 + ticks[i]), y + 25, Canvas.Anchor.MIDDLE,
                    10, true, names[i]);
        }
        canvas.text(LEFT + LEGEND, y + 25, Canvas.Anchor.END, 10, true, "many");
        canvas.text(LEFT + LEGEND + 10, y + 10, Canvas.Anchor.START, 11, true,
                "times the layer's mean");
        canvas.rectangle(LEFT + LEGEND + 150, y, 12, 12, NEVER, "");
        canvas.text(LEFT + LEGEND + 168, y + 10, Canvas.Anchor.START, 11, true, "never");
    }

    /// The scale's position is load / (1 + load): 0, 1/4, 1/2, 3/4 and 1 for its five colours.
    static int colour(double load) {
        if (load == 0) {
            return NEVER;
        }
        double at = Math.min(load / (1 + load), 0.999999) * (SCALE.length - 1);
        int from = SCALE[(int) at];
        int to = SCALE[(int) at + 1];
        double share = at - (int) at;
        return mixed(from >> 16, to >> 16, share) << 16
                | mixed(from >> 8 & 255, to >> 8 & 255, share) << 8
                | mixed(from & 255, to & 255, share);
    }

    private static int mixed(int from, int to, double share) {
        return (int) Math.round(from + (to - from) * share);
    }
}
