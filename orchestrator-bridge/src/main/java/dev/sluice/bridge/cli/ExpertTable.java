package dev.sluice.bridge.cli;

import dev.sluice.models.LoadedModel;
import dev.sluice.router.ExpertAffinity;
import dev.sluice.router.ExpertSnapshot;
import dev.sluice.router.LoadMeasures;
import dev.sluice.router.PairCounts;
import java.io.PrintWriter;
import java.util.Locale;

/// Expert statistics as a table, one line a layer.
///
/// @param affinity  of the same model at the same time
record ExpertTable(ExpertSnapshot snapshot, ExpertAffinity affinity) {

    /// Of everything that a model has routed so far.
    static ExpertTable of(LoadedModel model) {
        return new ExpertTable(model.expertStatistics().snapshot(),
                model.expertStatistics().affinity());
    }

    void print(PrintWriter out) {
        ExpertSnapshot.Layer first = snapshot.layers().getFirst();
        out.println("%d tokens through %d layers of %d experts, %d for each token".formatted(
                snapshot.tokens(), snapshot.layers().size(), first.spec().experts(),
                first.spec().topK()));
        out.println("layer   MaxVio  evenness  busiest expert     unvisited  next layer known");
        double sum = 0;
        for (int i = 0; i < snapshot.layers().size(); i++) {
            ExpertSnapshot.Layer layer = snapshot.layers().get(i);
            sum += layer.violation();
            out.println(line(layer, known(i)));
        }
        out.println(String.format(Locale.ROOT, "mean  %8.3f", sum / snapshot.layers().size()));
        out.println("MaxVio: load of the busiest expert over the mean, less 1. "
                + "Evenness: 1 when all are visited alike.");
        out.println("Next layer known: share of the next expert's uncertainty that this one's "
                + "choice takes away; few tokens make it look larger.");
    }

    private static String line(ExpertSnapshot.Layer layer, String known) {
        int busiest = 0;
        long visits = 0;
        int experts = layer.spec().experts();
        for (int e = 0; e < experts; e++) {
            visits += layer.count(e);
            busiest = layer.count(e) > layer.count(busiest) ? e : busiest;
        }
        return String.format(Locale.ROOT, "%5d %8.3f  %8.3f  %6d (%.2f %%)  %9d  %16s",
                layer.layer(), layer.violation(), layer.evenness(), busiest,
                visits == 0 ? 0 : 100.0 * layer.count(busiest) / visits, layer.unvisited(), known);
    }

    private String known(int index) {
        if (index >= affinity.pairs().size() || affinity.pairs().get(index).sum() == 0) {
            return "-";
        }
        PairCounts pairs = affinity.pairs().get(index);
        var next = new long[pairs.cols()];
        for (int q = 0; q < next.length; q++) {
            next[q] = pairs.colSum(q);
        }
        double uncertain = LoadMeasures.entropy(next);
        return uncertain == 0 ? "-" : String.format(Locale.ROOT, "%.0f %%",
                100 * (1 - pairs.conditionalEntropy() / uncertain));
    }
}
