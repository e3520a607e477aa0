package dev.sluice.bridge.observe;

import dev.sluice.bridge.host.ModelHost;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/// Every metric of the process. Labels are bounded: models are those that are hosted, routes those
/// that there are, reasons and states are closed sets. Any thread.
final class Metrics {
    /// Two who look at almost the same time share one answer of the engines.
    private static final long REFRESH_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ModelHost host;
    private final Map<String, ModelMeters> meters = new ConcurrentHashMap<>();
    private final Map<String, WatchedModel> watched = new LinkedHashMap<>();
    private final AtomicInteger active = new AtomicInteger();
    private final ReentrantLock lock = new ReentrantLock();
    private long refreshedNanos = System.nanoTime() - REFRESH_NANOS;

    Metrics(ModelHost host) {
        this.host = host;
        for (ModelHost.Listed model : host.list()) {
            watched.put(model.name(), new WatchedModel(registry, model));
            meters.put(model.name(), new ModelMeters(registry, model.name()));
        }
        Gauge.builder("sluice.http.requests.active", active, AtomicInteger::get)
                .description("Requests being handled.").register(registry);
    }

    ModelMeters of(String model) {
        return meters.computeIfAbsent(model, name -> new ModelMeters(registry, name));
    }

    void began() { active.incrementAndGet(); }

    void done() { active.decrementAndGet(); }

    int active() { return active.get(); }

    /// @param route the pattern, or `none`
    void http(String route, String status) {
        registry.counter("sluice.http.requests", "route", route, "status", status).increment();
    }

    void clientGone(String route) {
        registry.counter("sluice.clients.gone", "route", route).increment();
    }

    /// Every model's figures of this moment, in the host's order.
    List<WatchedModel> refreshed() {
        lock.lock();
        try {
            if (System.nanoTime() - refreshedNanos >= REFRESH_NANOS) {
                for (ModelHost.Listed model : host.list()) {
                    watched.get(model.name()).refresh(model);
                }
                refreshedNanos = System.nanoTime();
            }
            return new ArrayList<>(watched.values());
        } finally {
            lock.unlock();
        }
    }

    /// In Prometheus' text format, version 0.0.4.
    String scrape() {
        refreshed();
        return registry.scrape();
    }
}
