package dev.sluice.runtime.schedule;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/// Programs that arrive over time, in 1/1000 of a quantum; read from the file that
/// `flow_traces.py` made.
///
/// @param arrivals when each program arrives
/// @param lengths  of each program's operations
/// @param errors   of the estimate of each: it is `length * exp(sigma * error)`
record FlowTrace(long[] arrivals, int[][] lengths, double[][] errors) {
    static final int SEEDS = 10;
    static final int PROGRAMS = 400;
    static final int QUANTUM = 1000;

    static List<FlowTrace> all() {
        try (InputStream in = FlowTrace.class.getResourceAsStream("flow-traces.bin")) {
            var bytes = in.readAllBytes();
            var at = new int[1];
            var traces = new ArrayList<FlowTrace>();
            for (int seed = 0; seed < SEEDS; seed++) {
                traces.add(read(bytes, at));
            }
            return traces;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static FlowTrace read(byte[] bytes, int[] at) {
        var trace = new FlowTrace(new long[PROGRAMS], new int[PROGRAMS][], new double[PROGRAMS][]);
        long now = 0;
        for (int i = 0; i < PROGRAMS; i++) {
            now += varint(bytes, at);
            trace.arrivals[i] = now;
            int count = varint(bytes, at);
            trace.lengths[i] = new int[count];
            trace.errors[i] = new double[count];
            for (int k = 0; k < count; k++) {
                trace.lengths[i][k] = varint(bytes, at);
                int zigzag = varint(bytes, at);
                trace.errors[i][k] = (zigzag >>> 1 ^ -(zigzag & 1)) / 1000.0;
            }
        }
        return trace;
    }

    private static int varint(byte[] bytes, int[] at) {
        int value = 0;
        for (int shift = 0;; shift += 7) {
            byte b = bytes[at[0]++];
            value |= (b & 127) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }
}
