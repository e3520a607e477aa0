package dev.sluice.bridge.host;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.models.EncoderTask;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/// The models of one process by name: loaded when first asked for, and unloaded, least recently
/// used first, when the memory limit does not allow another. A model in use is never unloaded.
/// Any thread.
public final class ModelHost implements AutoCloseable {
    /// Opens a model; called on the thread of the request that needs it.
    public interface Opener {
        Hosted open();

        /// Bytes that the model will take, known without loading it.
        long bytes();

        /// What it encodes texts for; empty for a model that generates.
        default Optional<EncoderTask> encodes() { return Optional.empty(); }
    }

    /// A model that stays loaded until this is closed.
    public interface Lease extends AutoCloseable {
        Hosted hosted();

        /// The model that generates.
        ///
        /// @throws ApiException if it is an encoder
        default HostedModel model() {
            return switch (hosted()) {
                case HostedModel model -> model;
                case HostedEncoder encoder -> throw unfit(encoder);
            };
        }

        /// The encoder for `task`.
        ///
        /// @throws ApiException if it is none, or another kind
        default HostedEncoder encoder(EncoderTask task) {
            return switch (hosted()) {
                case HostedEncoder encoder when encoder.config().task() == task -> encoder;
                case HostedEncoder encoder -> throw unfit(encoder);
                case HostedModel model -> throw unfit(model);
            };
        }

        private static ApiException unfit(Hosted hosted) {
            return ApiException.invalid("model", "the model '%s' is %s".formatted(
                    hosted.name(), hosted.purpose()));
        }

        @Override
        void close();
    }

    private enum State {
        ABSENT("absent"), LOADING("loading"), LOADED("loaded"), CLOSING("closing");

        private final String text;

        State(String text) {
            this.text = text;
        }
    }

    private static final class Slot {
        private final String name;
        private final Opener opener;
        private State state = State.ABSENT;
        private Optional<Hosted> model = Optional.empty();
        private int users;
        private long lastUse;

        Slot(String name, Opener opener) {
            this.name = name;
            this.opener = opener;
        }
    }

    /// @param state    absent, loading, loaded or closing
    /// @param encodes  empty for a model that generates
    /// @param hosted   what is loaded
    public record Listed(String name, String state, long bytes, int users,
            Optional<EncoderTask> encodes, Optional<Hosted> hosted) {

        /// The loaded model, if it generates.
        public Optional<HostedModel> model() {
            return hosted.flatMap(each -> switch (each) {
                case HostedModel model -> Optional.of(model);
                case HostedEncoder _ -> Optional.empty();
            });
        }

        /// `generator`, `embedding`, `reranker` or `classifier`
        public String kind() {
            return encodes.map(task -> task.name().toLowerCase(Locale.ROOT)).orElse("generator");
        }
    }

    private final Map<String, Slot> slots = new LinkedHashMap<>();
    private final long bytesMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long uses;
    private boolean closed;

    /// @param models   by name; the first is the default
    /// @param bytesMax of all loaded models together
    public ModelHost(Map<String, Opener> models, long bytesMax) {
        if (models.isEmpty()) {
            throw new IllegalArgumentException("no models");
        }
        models.forEach((name, opener) -> slots.put(name, new Slot(name, opener)));
        this.bytesMax = bytesMax;
    }

    /// The first model that generates; the first of all if none does.
    public String defaultName() {
        return first(opener -> opener.encodes().isEmpty())
                .orElseGet(() -> slots.keySet().iterator().next());
    }

    /// The first encoder for `task`, or else the default model, whose refusal says what it is.
    public String defaultName(EncoderTask task) {
        return first(opener -> opener.encodes().stream().anyMatch(task::equals))
                .orElseGet(this::defaultName);
    }

    private Optional<String> first(Predicate<Opener> fits) {
        for (Slot slot : slots.values()) {
            if (fits.test(slot.opener)) {
                return Optional.of(slot.name);
            }
        }
        return Optional.empty();
    }

    /// Most bytes of all loaded models together.
    public long bytesMax() { return bytesMax; }

    public List<Listed> list() {
        lock.lock();
        try {
            var listed = new ArrayList<Listed>();
            for (Slot slot : slots.values()) {
                listed.add(new Listed(slot.name, slot.state.text,
                        slot.opener.bytes(), slot.users, slot.opener.encodes(), slot.model));
            }
            return listed;
        } finally {
            lock.unlock();
        }
    }

    /// The model, loaded if need be. An empty name is the default's.
    ///
    /// @throws ApiException if there is no such model, or no memory for it
    public Lease acquire(String name) {
        Slot slot = slot(name.isEmpty() ? defaultName() : name);
        lock.lock();
        try {
            awaitTurn(slot);
            if (slot.state == State.LOADED) {
                return lease(slot);
            }
            makeRoom(slot);
            slot.state = State.LOADING;
        } finally {
            lock.unlock();
        }
        return load(slot);
    }

    /// Unloads a model that nobody uses; nothing happens if it is not loaded. The next request
    /// that names it loads it again.
    ///
    /// @throws ApiException if there is no such model, or it is in use
    public void unload(String name) {
        Slot slot = slot(name);
        lock.lock();
        try {
            awaitTurn(slot);
            if (slot.users > 0) {
                throw new ApiException(ApiException.Kind.UNAVAILABLE, "model",
                        "the model '%s' is used by %d requests; it can be unloaded when they end"
                                .formatted(name, slot.users));
            }
            if (slot.state == State.LOADED) {
                unload(slot);
            }
        } finally {
            lock.unlock();
        }
    }

    private Slot slot(String name) {
        Slot slot = slots.get(name);
        if (slot == null) {
            throw new ApiException(ApiException.Kind.NOT_FOUND, "model",
                    "the model '%s' does not exist; there are: %s".formatted(
                            name, String.join(", ", slots.keySet())));
        }
        return slot;
    }

    private void awaitTurn(Slot slot) {
        while (slot.state == State.LOADING || slot.state == State.CLOSING) {
            changed.awaitUninterruptibly();
        }
        if (closed) {
            throw new ApiException(ApiException.Kind.UNAVAILABLE, "", "the server is stopping");
        }
    }

    private Lease load(Slot slot) {
        Optional<Hosted> opened = Optional.empty();
        try {
            opened = Optional.of(slot.opener.open());
        } catch (RuntimeException e) {
            throw new ApiException(ApiException.Kind.UNAVAILABLE, "model",
                    "the model '%s' can not be loaded: %s".formatted(slot.name, e.getMessage()));
        } finally {
            lock.lock();
            try {
                slot.model = opened;
                slot.state = opened.isPresent() ? State.LOADED : State.ABSENT;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
        lock.lock();
        try {
            return lease(slot);
        } finally {
            lock.unlock();
        }
    }

    private void makeRoom(Slot wanted) {
        while (loadedBytes() + wanted.opener.bytes() > bytesMax) {
            Slot oldest = oldestIdle(wanted);
            if (oldest == wanted) {
                throw new ApiException(ApiException.Kind.UNAVAILABLE, "model",
                        "the model '%s' takes %,d bytes, and of %,d allowed %,d are in use"
                        .formatted(wanted.name, wanted.opener.bytes(), bytesMax, loadedBytes()));
            }
            unload(oldest);
        }
    }

    private long loadedBytes() {
        long bytes = 0;
        for (Slot slot : slots.values()) {
            bytes += slot.state == State.ABSENT ? 0 : slot.opener.bytes();
        }
        return bytes;
    }

    /// The loaded model that nobody has used for longest; `wanted` if there is none.
    private Slot oldestIdle(Slot wanted) {
        Slot oldest = wanted;
        for (Slot slot : slots.values()) {
            boolean idle = slot.state == State.LOADED && slot.users == 0;
            if (idle && (oldest == wanted || slot.lastUse < oldest.lastUse)) {
                oldest = slot;
            }
        }
        return oldest;
    }

    private void unload(Slot slot) {
        slot.state = State.CLOSING;
        Hosted model = slot.model.orElseThrow();
        slot.model = Optional.empty();
        lock.unlock();
        try {
            model.close();
        } finally {
            lock.lock();
            slot.state = State.ABSENT;
            changed.signalAll();
        }
    }

    private Lease lease(Slot slot) {
        Hosted model = slot.model.orElseThrow();
        slot.users++;
        slot.lastUse = ++uses;
        return new Lease() {
            private boolean returned;

            @Override
            public Hosted hosted() { return model; }

            @Override
            public void close() {
                lock.lock();
                try {
                    if (!returned) {
                        returned = true;
                        slot.users--;
                        changed.signalAll();
                    }
                } finally {
                    lock.unlock();
                }
            }
        };
    }

    /// Closes every model; requests that run end with their engines.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            for (Slot slot : slots.values()) {
                while (slot.state == State.LOADING || slot.state == State.CLOSING) {
                    changed.awaitUninterruptibly();
                }
                if (slot.state == State.LOADED) {
                    unload(slot);
                }
            }
        } finally {
            lock.unlock();
        }
    }
}
