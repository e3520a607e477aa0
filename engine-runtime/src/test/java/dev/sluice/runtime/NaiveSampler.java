package dev.sluice.runtime;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// The formulas of the samplers in doubles and with full sorts, as slow and as plain as they can
/// be: the judge of [Sampler].
final class NaiveSampler {
    record Token(int id, double z) {}

    private static final Comparator<Token> LIKELY_FIRST =
            Comparator.comparingDouble(Token::z).reversed().thenComparingInt(Token::id);

    private NaiveSampler() {}

    static List<Token> tokens(float[] logits) {
        var tokens = new ArrayList<Token>();
        for (int i = 0; i < logits.length; i++) {
            if (logits[i] > Float.NEGATIVE_INFINITY) {
                tokens.add(new Token(i, logits[i]));
            }
        }
        return tokens;
    }

    static double[] softmax(List<Token> tokens) {
        double max = tokens.stream().mapToDouble(Token::z).max().orElseThrow();
        double[] p = tokens.stream().mapToDouble(t -> Math.exp(t.z() - max)).toArray();
        double sum = 0;
        for (double x : p) {
            sum += x;
        }
        for (int i = 0; i < p.length; i++) {
            p[i] /= sum;
        }
        return p;
    }

    static double entropy(List<Token> tokens) {
        double h = 0;
        for (double p : softmax(tokens)) {
            h -= p > 0 ? p * Math.log(p) : 0;
        }
        return h;
    }

    static List<Token> temperature(List<Token> tokens, double t) {
        return tokens.stream().map(x -> new Token(x.id(), (float) (x.z() / t))).toList();
    }

    static double dynamic(List<Token> tokens, double t, double range, double exponent) {
        double low = Math.max(0, t - range);
        double share = entropy(tokens) / Math.log(tokens.size());
        return (float) (low + (t + range - low) * Math.pow(share, exponent));
    }

    static List<Token> topK(List<Token> tokens, int k) {
        return tokens.stream().sorted(LIKELY_FIRST).limit(k).toList();
    }

    static List<Token> topP(List<Token> tokens, double share) {
        var sorted = tokens.stream().sorted(LIKELY_FIRST).toList();
        double[] p = softmax(sorted);
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            sum += p[i];
            if (sum >= share) {
                return sorted.subList(0, i + 1);
            }
        }
        return sorted;
    }

    static List<Token> minP(List<Token> tokens, double least) {
        double max = tokens.stream().mapToDouble(Token::z).max().orElseThrow();
        return tokens.stream().filter(t -> t.z() >= max + Math.log(least)).toList();
    }

    static List<Token> typical(List<Token> tokens, double share) {
        double h = entropy(tokens);
        double[] p = softmax(tokens);
        var order = new ArrayList<Integer>();
        for (int i = 0; i < p.length; i++) {
            order.add(i);
        }
        order.sort(Comparator.comparingDouble((Integer i) -> Math.abs(-Math.log(p[i]) - h))
                .thenComparingInt(i -> tokens.get(i).id()));
        var kept = new ArrayList<Token>();
        double sum = 0;
        for (int i : order) {
            kept.add(tokens.get(i));
            sum += p[i];
            if (sum > share) {
                break;
            }
        }
        return kept;
    }

    static List<Token> topNSigma(List<Token> tokens, double n) {
        double mean = tokens.stream().mapToDouble(Token::z).average().orElseThrow();
        double squares = 0;
        for (Token t : tokens) {
            squares += (t.z() - mean) * (t.z() - mean);
        }
        double sigma = Math.sqrt(squares / tokens.size());
        double max = tokens.stream().mapToDouble(Token::z).max().orElseThrow();
        return tokens.stream().filter(t -> t.z() >= max - n * sigma).toList();
    }

    static List<Token> xtc(List<Token> tokens, double threshold) {
        var sorted = tokens.stream().sorted(LIKELY_FIRST).toList();
        double[] p = softmax(sorted);
        int likely = 0;
        for (double x : p) {
            likely += x >= threshold ? 1 : 0;
        }
        return likely >= 2 ? sorted.subList(likely - 1, sorted.size()) : sorted;
    }
}
