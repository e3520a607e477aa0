package dev.sluice.bridge.cli;

import dev.sluice.bridge.store.PullObserver;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/// Shows a download: one line that is drawn again on a terminal, a line every few seconds where
/// the output is kept. One thread.
final class ProgressBar implements PullObserver {
    private static final int WIDTH = 24;
    private static final long REDRAW_NANOS = 200_000_000;
    private static final long LINE_NANOS = 5_000_000_000L;

    /// Time over which the rate is averaged: shorter jumps, longer does not notice a change.
    private static final double RATE_SECONDS = 8;

    private final PrintWriter out;
    private final boolean terminal;
    private final LongSupplier nanoTime;
    private String name = "";
    private long total;
    private long done;
    private long measuredDone;
    private long measuredAt;
    private long shownAt;
    private double rate;
    private boolean drawn;

    /// @param terminal whether lines may be drawn over
    /// @param nanoTime a clock
    ProgressBar(PrintWriter out, boolean terminal, LongSupplier nanoTime) {
        this.out = out;
        this.terminal = terminal;
        this.nanoTime = nanoTime;
    }

    @Override
    public void note(String line) {
        clear();
        out.println(line);
        out.flush();
    }

    @Override
    public void begin(String download, long doneBytes, long totalBytes) {
        name = download;
        total = totalBytes;
        done = doneBytes;
        measuredDone = doneBytes;
        measuredAt = nanoTime.getAsLong();
        shownAt = measuredAt;
        rate = 0;
    }

    @Override
    public void progress(String file, long doneBytes) {
        done = doneBytes;
        long now = nanoTime.getAsLong();
        if (now - shownAt < (terminal ? REDRAW_NANOS : LINE_NANOS)) {
            return;
        }
        measure(now);
        show(now);
    }

    private void measure(long now) {
        double seconds = (now - measuredAt) / 1e9;
        double latest = Math.max(0, done - measuredDone) / seconds;
        double weight = rate == 0 ? 1 : 1 - Math.exp(-seconds / RATE_SECONDS);
        rate += weight * (latest - rate);
        measuredAt = now;
        measuredDone = done;
    }

    private void show(long now) {
        shownAt = now;
        String text = text();
        if (terminal) {
            // Back to the line's start, and away with what stood there.
            out.print("\r\u001b[K" + bar() + " " + text);
            drawn = true;
        } else {
            out.println(name + ": " + text);
        }
        out.flush();
    }

    private String bar() {
        int full = total == 0 ? WIDTH : (int) (WIDTH * done / total);
        return "[" + "=".repeat(full) + " ".repeat(WIDTH - full) + "]";
    }

    private String text() {
        String left = rate > 0 ? ", " + time((long) ((total - done) / rate)) + " left" : "";
        return String.format(Locale.ROOT, "%d%%  %s of %s  %s/s%s",
                total == 0 ? 100 : 100 * done / total, ByteSize.text(done), ByteSize.text(total),
                ByteSize.text((long) rate), left);
    }

    /// `45 s`, `3:05 min`, `2:07 h`.
    static String time(long seconds) {
        Duration time = Duration.ofSeconds(seconds);
        if (seconds < 60) {
            return seconds + " s";
        }
        return seconds < 3600
                ? "%d:%02d min".formatted(time.toMinutes(), time.toSecondsPart())
                : "%d:%02d h".formatted(time.toHours(), time.toMinutesPart());
    }

    private void clear() {
        if (drawn) {
            out.print("\r\u001b[K");
            drawn = false;
        }
    }

    @Override
    public void end() {
        clear();
        out.flush();
    }
}
