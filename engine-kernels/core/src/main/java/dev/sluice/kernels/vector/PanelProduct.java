package dev.sluice.kernels.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Products of a panel of decoded weights with a tile of rows of x, register-blocked: 6 (or 2)
/// rows of x times 32 rows of the weight, 12 independent sums at the widest vectors, which covers
/// the latency of two multiply-adds a cycle.
///
/// Codes and q are integers held as floats, and the sum of a block stays below 2^24, so it is
/// exact in any order; what follows is [BlockSums] in floats, with the same roundings. For float
/// weights the scales are 1 and a block's sum is rounded in ascending order of columns.
///
/// Shapes and measured choice of the code as in [CodeDots]; two columns an iteration.
final class PanelProduct {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

    private PanelProduct() {
    }

    /// 6 rows of x, 32 rows of the weight.
    static void rows6(PanelTile tile) {
        float[] panel = tile.panel;
        float[] scales = tile.scales;
        float[] x = tile.x;
        float[] d = tile.d;
        float[] out = tile.out;
        int width = tile.blockColumns;
        int blocks = tile.blocks;
        for (int r = 0; r < 16; r += F.length()) {
            for (int b = 0; b < blocks; b++) {
                FloatVector l0 = FloatVector.zero(F);
                FloatVector h0 = l0;
                FloatVector l1 = FloatVector.zero(F);
                FloatVector h1 = l1;
                FloatVector l2 = FloatVector.zero(F);
                FloatVector h2 = l2;
                FloatVector l3 = FloatVector.zero(F);
                FloatVector h3 = l3;
                FloatVector l4 = FloatVector.zero(F);
                FloatVector h4 = l4;
                FloatVector l5 = FloatVector.zero(F);
                FloatVector h5 = l5;
                int from = b * width;
                int xFrom = tile.xFrom + (from >> 5) * 192 + (from & 31);
                for (int k = 0; k < width; k += 2) {
                    int w = (from + k) * 32 + r;
                    int i = xFrom + k;
                    FloatVector low = fromArray(F, panel, w);
                    FloatVector high = fromArray(F, panel, w + 16);
                    FloatVector v = broadcast(F, x[i]);
                    l0 = low.fma(v, l0);
                    h0 = high.fma(v, h0);
                    v = broadcast(F, x[i + 32]);
                    l1 = low.fma(v, l1);
                    h1 = high.fma(v, h1);
                    v = broadcast(F, x[i + 64]);
                    l2 = low.fma(v, l2);
                    h2 = high.fma(v, h2);
                    v = broadcast(F, x[i + 96]);
                    l3 = low.fma(v, l3);
                    h3 = high.fma(v, h3);
                    v = broadcast(F, x[i + 128]);
                    l4 = low.fma(v, l4);
                    h4 = high.fma(v, h4);
                    v = broadcast(F, x[i + 160]);
                    l5 = low.fma(v, l5);
                    h5 = high.fma(v, h5);
                    low = fromArray(F, panel, w + 32);
                    high = fromArray(F, panel, w + 48);
                    v = broadcast(F, x[i + 1]);
                    l0 = low.fma(v, l0);
                    h0 = high.fma(v, h0);
                    v = broadcast(F, x[i + 33]);
                    l1 = low.fma(v, l1);
                    h1 = high.fma(v, h1);
                    v = broadcast(F, x[i + 65]);
                    l2 = low.fma(v, l2);
                    h2 = high.fma(v, h2);
                    v = broadcast(F, x[i + 97]);
                    l3 = low.fma(v, l3);
                    h3 = high.fma(v, h3);
                    v = broadcast(F, x[i + 129]);
                    l4 = low.fma(v, l4);
                    h4 = high.fma(v, h4);
                    v = broadcast(F, x[i + 161]);
                    l5 = low.fma(v, l5);
                    h5 = high.fma(v, h5);
                }
                int s = b * 32 + r;
                FloatVector sl = fromArray(F, scales, s);
                FloatVector sh = fromArray(F, scales, s + 16);
                int at = tile.dFrom + b * 6;
                int to = tile.outFrom + r;
                FloatVector e;
                e = broadcast(F, d[at]);
                l0.fma(sl.mul(e), fromArray(F, out, to)).intoArray(out, to);
                h0.fma(sh.mul(e), fromArray(F, out, to + 16)).intoArray(out, to + 16);
                e = broadcast(F, d[at + 1]);
                l1.fma(sl.mul(e), fromArray(F, out, to + 32)).intoArray(out, to + 32);
                h1.fma(sh.mul(e), fromArray(F, out, to + 48)).intoArray(out, to + 48);
                e = broadcast(F, d[at + 2]);
                l2.fma(sl.mul(e), fromArray(F, out, to + 64)).intoArray(out, to + 64);
                h2.fma(sh.mul(e), fromArray(F, out, to + 80)).intoArray(out, to + 80);
                e = broadcast(F, d[at + 3]);
                l3.fma(sl.mul(e), fromArray(F, out, to + 96)).intoArray(out, to + 96);
                h3.fma(sh.mul(e), fromArray(F, out, to + 112)).intoArray(out, to + 112);
                e = broadcast(F, d[at + 4]);
                l4.fma(sl.mul(e), fromArray(F, out, to + 128)).intoArray(out, to + 128);
                h4.fma(sh.mul(e), fromArray(F, out, to + 144)).intoArray(out, to + 144);
                e = broadcast(F, d[at + 5]);
                l5.fma(sl.mul(e), fromArray(F, out, to + 160)).intoArray(out, to + 160);
                h5.fma(sh.mul(e), fromArray(F, out, to + 176)).intoArray(out, to + 176);
            }
        }
    }

    /// 6 rows of x, 32 rows of the weight, with minimums.
    static void rows6WithMinimums(PanelTile tile) {
        float[] panel = tile.panel;
        float[] scales = tile.scales;
        float[] minimums = tile.minimums;
        float[] x = tile.x;
        float[] d = tile.d;
        float[] dsum = tile.dsum;
        float[] out = tile.out;
        int width = tile.blockColumns;
        int blocks = tile.blocks;
        for (int r = 0; r < 16; r += F.length()) {
            for (int b = 0; b < blocks; b++) {
                FloatVector l0 = FloatVector.zero(F);
                FloatVector h0 = l0;
                FloatVector l1 = FloatVector.zero(F);
                FloatVector h1 = l1;
                FloatVector l2 = FloatVector.zero(F);
                FloatVector h2 = l2;
                FloatVector l3 = FloatVector.zero(F);
                FloatVector h3 = l3;
                FloatVector l4 = FloatVector.zero(F);
                FloatVector h4 = l4;
                FloatVector l5 = FloatVector.zero(F);
                FloatVector h5 = l5;
                int from = b * width;
                int xFrom = tile.xFrom + (from >> 5) * 192 + (from & 31);
                for (int k = 0; k < width; k += 2) {
                    int w = (from + k) * 32 + r;
                    int i = xFrom + k;
                    FloatVector low = fromArray(F, panel, w);
                    FloatVector high = fromArray(F, panel, w + 16);
                    FloatVector v = broadcast(F, x[i]);
                    l0 = low.fma(v, l0);
                    h0 = high.fma(v, h0);
                    v = broadcast(F, x[i + 32]);
                    l1 = low.fma(v, l1);
                    h1 = high.fma(v, h1);
                    v = broadcast(F, x[i + 64]);
                    l2 = low.fma(v, l2);
                    h2 = high.fma(v, h2);
                    v = broadcast(F, x[i + 96]);
                    l3 = low.fma(v, l3);
                    h3 = high.fma(v, h3);
                    v = broadcast(F, x[i + 128]);
                    l4 = low.fma(v, l4);
                    h4 = high.fma(v, h4);
                    v = broadcast(F, x[i + 160]);
                    l5 = low.fma(v, l5);
                    h5 = high.fma(v, h5);
                    low = fromArray(F, panel, w + 32);
                    high = fromArray(F, panel, w + 48);
                    v = broadcast(F, x[i + 1]);
                    l0 = low.fma(v, l0);
                    h0 = high.fma(v, h0);
                    v = broadcast(F, x[i + 33]);
                    l1 = low.fma(v, l1);
                    h1 = high.fma(v, h1);
                    v = broadcast(F, x[i + 65]);
                    l2 = low.fma(v, l2);
                    h2 = high.fma(v, h2);
                    v = broadcast(F, x[i + 97]);
                    l3 = low.fma(v, l3);
                    h3 = high.fma(v, h3);
                    v = broadcast(F, x[i + 129]);
                    l4 = low.fma(v, l4);
                    h4 = high.fma(v, h4);
                    v = broadcast(F, x[i + 161]);
                    l5 = low.fma(v, l5);
                    h5 = high.fma(v, h5);
                }
                int s = b * 32 + r;
                FloatVector sl = fromArray(F, scales, s);
                FloatVector sh = fromArray(F, scales, s + 16);
                FloatVector ml = fromArray(F, minimums, s);
                FloatVector mh = fromArray(F, minimums, s + 16);
                int at = tile.dFrom + b * 6;
                int to = tile.outFrom + r;
                FloatVector e;
                FloatVector g;
                e = broadcast(F, d[at]);
                g = broadcast(F, dsum[at]);
                ml.fma(g, l0.fma(sl.mul(e), fromArray(F, out, to)))
                        .intoArray(out, to);
                mh.fma(g, h0.fma(sh.mul(e), fromArray(F, out, to + 16)))
                        .intoArray(out, to + 16);
                e = broadcast(F, d[at + 1]);
                g = broadcast(F, dsum[at + 1]);
                ml.fma(g, l1.fma(sl.mul(e), fromArray(F, out, to + 32)))
                        .intoArray(out, to + 32);
                mh.fma(g, h1.fma(sh.mul(e), fromArray(F, out, to + 48)))
                        .intoArray(out, to + 48);
                e = broadcast(F, d[at + 2]);
                g = broadcast(F, dsum[at + 2]);
                ml.fma(g, l2.fma(sl.mul(e), fromArray(F, out, to + 64)))
                        .intoArray(out, to + 64);
                mh.fma(g, h2.fma(sh.mul(e), fromArray(F, out, to + 80)))
                        .intoArray(out, to + 80);
                e = broadcast(F, d[at + 3]);
                g = broadcast(F, dsum[at + 3]);
                ml.fma(g, l3.fma(sl.mul(e), fromArray(F, out, to + 96)))
                        .intoArray(out, to + 96);
                mh.fma(g, h3.fma(sh.mul(e), fromArray(F, out, to + 112)))
                        .intoArray(out, to + 112);
                e = broadcast(F, d[at + 4]);
                g = broadcast(F, dsum[at + 4]);
                ml.fma(g, l4.fma(sl.mul(e), fromArray(F, out, to + 128)))
                        .intoArray(out, to + 128);
                mh.fma(g, h4.fma(sh.mul(e), fromArray(F, out, to + 144)))
                        .intoArray(out, to + 144);
                e = broadcast(F, d[at + 5]);
                g = broadcast(F, dsum[at + 5]);
                ml.fma(g, l5.fma(sl.mul(e), fromArray(F, out, to + 160)))
                        .intoArray(out, to + 160);
                mh.fma(g, h5.fma(sh.mul(e), fromArray(F, out, to + 176)))
                        .intoArray(out, to + 176);
            }
        }
    }

    /// 2 rows of x, 32 rows of the weight.
    static void rows2(PanelTile tile) {
        float[] panel = tile.panel;
        float[] scales = tile.scales;
        float[] x = tile.x;
        float[] d = tile.d;
        float[] out = tile.out;
        int width = tile.blockColumns;
        int blocks = tile.blocks;
        for (int r = 0; r < 16; r += F.length()) {
            for (int b = 0; b < blocks; b++) {
                FloatVector l0 = FloatVector.zero(F);
                FloatVector h0 = l0;
                FloatVector l1 = FloatVector.zero(F);
                FloatVector h1 = l1;
                int from = b * width;
                int xFrom = tile.xFrom + (from >> 5) * 64 + (from & 31);
                for (int k = 0; k < width; k += 2) {
                    int w = (from + k) * 32 + r;
                    int i = xFrom + k;
                    FloatVector low = fromArray(F, panel, w);
                    FloatVector high = fromArray(F, panel, w + 16);
                    FloatVector v = broadcast(F, x[i]);
                    l0 = low.fma(v, l0);
                    h0 = high.fma(v, h0);
                    v = broadcast(F, x[i + 32]);
                    l1 = low.fma(v, l1);
                    h1 = high.fma(v, h1);
                    low = fromArray(F, panel, w + 32);
                    high = fromArray(F, panel, w + 48);
                    v = broadcast(F, x[i + 1]);
                    l0 = low.fma(v, l0);
                    h0 = high.fma(v, h0);
                    v = broadcast(F, x[i + 33]);
                    l1 = low.fma(v, l1);
                    h1 = high.fma(v, h1);
                }
                int s = b * 32 + r;
                FloatVector sl = fromArray(F, scales, s);
                FloatVector sh = fromArray(F, scales, s + 16);
                int at = tile.dFrom + b * 2;
                int to = tile.outFrom + r;
                FloatVector e;
                e = broadcast(F, d[at]);
                l0.fma(sl.mul(e), fromArray(F, out, to)).intoArray(out, to);
                h0.fma(sh.mul(e), fromArray(F, out, to + 16)).intoArray(out, to + 16);
                e = broadcast(F, d[at + 1]);
                l1.fma(sl.mul(e), fromArray(F, out, to + 32)).intoArray(out, to + 32);
                h1.fma(sh.mul(e), fromArray(F, out, to + 48)).intoArray(out, to + 48);
            }
        }
    }

    /// 2 rows of x, 32 rows of the weight, with minimums.
    static void rows2WithMinimums(PanelTile tile) {
        float[] panel = tile.panel;
        float[] scales = tile.scales;
        float[] minimums = tile.minimums;
        float[] x = tile.x;
        float[] d = tile.d;
        float[] dsum = tile.dsum;
        float[] out = tile.out;
        int width = tile.blockColumns;
        int blocks = tile.blocks;
        for (int r = 0; r < 16; r += F.length()) {
            for (int b = 0; b < blocks; b++) {
                FloatVector l0 = FloatVector.zero(F);
                FloatVector h0 = l0;
                FloatVector l1 = FloatVector.zero(F);
                FloatVector h1 = l1;
                int from = b * width;
                int xFrom = tile.xFrom + (from >> 5) * 64 + (from & 31);
                for (int k = 0; k < width; k += 2) {
                    int w = (from + k) * 32 + r;
                    int i = xFrom + k;
                    FloatVector low = fromArray(F, panel, w);
                    FloatVector high = fromArray(F, panel, w + 16);
                    FloatVector v = broadcast(F, x[i]);
                    l0 = low.fma(v, l0);
                    h0 = high.fma(v, h0);
                    v = broadcast(F, x[i + 32]);
                    l1 = low.fma(v, l1);
                    h1 = high.fma(v, h1);
                    low = fromArray(F, panel, w + 32);
                    high = fromArray(F, panel, w + 48);
                    v = broadcast(F, x[i + 1]);
                    l0 = low.fma(v, l0);
                    h0 = high.fma(v, h0);
                    v = broadcast(F, x[i + 33]);
                    l1 = low.fma(v, l1);
                    h1 = high.fma(v, h1);
                }
                int s = b * 32 + r;
                FloatVector sl = fromArray(F, scales, s);
                FloatVector sh = fromArray(F, scales, s + 16);
                FloatVector ml = fromArray(F, minimums, s);
                FloatVector mh = fromArray(F, minimums, s + 16);
                int at = tile.dFrom + b * 2;
                int to = tile.outFrom + r;
                FloatVector e;
                FloatVector g;
                e = broadcast(F, d[at]);
                g = broadcast(F, dsum[at]);
                ml.fma(g, l0.fma(sl.mul(e), fromArray(F, out, to)))
                        .intoArray(out, to);
                mh.fma(g, h0.fma(sh.mul(e), fromArray(F, out, to + 16)))
                        .intoArray(out, to + 16);
                e = broadcast(F, d[at + 1]);
                g = broadcast(F, dsum[at + 1]);
                ml.fma(g, l1.fma(sl.mul(e), fromArray(F, out, to + 32)))
                        .intoArray(out, to + 32);
                mh.fma(g, h1.fma(sh.mul(e), fromArray(F, out, to + 48)))
                        .intoArray(out, to + 48);
            }
        }
    }

    /// 1 row of x, 32 rows of the weight.
    static void rows1(PanelTile tile) {
        float[] panel = tile.panel;
        float[] scales = tile.scales;
        float[] x = tile.x;
        float[] d = tile.d;
        float[] out = tile.out;
        int width = tile.blockColumns;
        int blocks = tile.blocks;
        for (int r = 0; r < 16; r += F.length()) {
            for (int b = 0; b < blocks; b++) {
                FloatVector l0 = FloatVector.zero(F);
                FloatVector h0 = l0;
                int from = b * width;
                int xFrom = tile.xFrom + (from >> 5) * 32 + (from & 31);
                for (int k = 0; k < width; k += 2) {
                    int w = (from + k) * 32 + r;
                    int i = xFrom + k;
                    FloatVector low = fromArray(F, panel, w);
                    FloatVector high = fromArray(F, panel, w + 16);
                    FloatVector v = broadcast(F, x[i]);
                    l0 = low.fma(v, l0);
                    h0 = high.fma(v, h0);
                    low = fromArray(F, panel, w + 32);
                    high = fromArray(F, panel, w + 48);
                    v = broadcast(F, x[i + 1]);
                    l0 = low.fma(v, l0);
                    h0 = high.fma(v, h0);
                }
                int s = b * 32 + r;
                FloatVector sl = fromArray(F, scales, s);
                FloatVector sh = fromArray(F, scales, s + 16);
                int at = tile.dFrom + b * 1;
                int to = tile.outFrom + r;
                FloatVector e;
                e = broadcast(F, d[at]);
                l0.fma(sl.mul(e), fromArray(F, out, to)).intoArray(out, to);
                h0.fma(sh.mul(e), fromArray(F, out, to + 16)).intoArray(out, to + 16);
            }
        }
    }

    /// 1 row of x, 32 rows of the weight, with minimums.
    static void rows1WithMinimums(PanelTile tile) {
        float[] panel = tile.panel;
        float[] scales = tile.scales;
        float[] minimums = tile.minimums;
        float[] x = tile.x;
        float[] d = tile.d;
        float[] dsum = tile.dsum;
        float[] out = tile.out;
        int width = tile.blockColumns;
        int blocks = tile.blocks;
        for (int r = 0; r < 16; r += F.length()) {
            for (int b = 0; b < blocks; b++) {
                FloatVector l0 = FloatVector.zero(F);
                FloatVector h0 = l0;
                int from = b * width;
                int xFrom = tile.xFrom + (from >> 5) * 32 + (from & 31);
                for (int k = 0; k < width; k += 2) {
                    int w = (from + k) * 32 + r;
                    int i = xFrom + k;
                    FloatVector low = fromArray(F, panel, w);
                    FloatVector high = fromArray(F, panel, w + 16);
                    FloatVector v = broadcast(F, x[i]);
                    l0 = low.fma(v, l0);
                    h0 = high.fma(v, h0);
                    low = fromArray(F, panel, w + 32);
                    high = fromArray(F, panel, w + 48);
                    v = broadcast(F, x[i + 1]);
                    l0 = low.fma(v, l0);
                    h0 = high.fma(v, h0);
                }
                int s = b * 32 + r;
                FloatVector sl = fromArray(F, scales, s);
                FloatVector sh = fromArray(F, scales, s + 16);
                FloatVector ml = fromArray(F, minimums, s);
                FloatVector mh = fromArray(F, minimums, s + 16);
                int at = tile.dFrom + b * 1;
                int to = tile.outFrom + r;
                FloatVector e;
                FloatVector g;
                e = broadcast(F, d[at]);
                g = broadcast(F, dsum[at]);
                ml.fma(g, l0.fma(sl.mul(e), fromArray(F, out, to)))
                        .intoArray(out, to);
                mh.fma(g, h0.fma(sh.mul(e), fromArray(F, out, to + 16)))
                        .intoArray(out, to + 16);
            }
        }
    }
}
