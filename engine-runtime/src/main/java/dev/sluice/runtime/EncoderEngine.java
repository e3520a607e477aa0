package dev.sluice.runtime;

import dev.sluice.models.EncoderBatch;
import dev.sluice.models.EncoderConfig;
import dev.sluice.models.EncoderInput;
import dev.sluice.models.LoadedEncoder;
import dev.sluice.runtime.RequestRejected.Reason;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Runs an encoder on one thread of its own. Texts that wait together, whoever asked, form one
/// ragged batch; each text's output is the same bits alone. First come, first served, a text at a
/// time, so that a long list of one caller does not hold its batch's other rows back.
///
/// Any thread may ask, and waits for its answer. The encoder belongs to the engine.
public final class EncoderEngine implements AutoCloseable {

    /// What an encoder has done so far.
    ///
    /// @param waiting  texts that no batch has begun
    public record Stats(long batches, long texts, long tokens, int waiting) { }

    /// One request: its texts and, in the end, their outputs.
    private static final class Job {
        private final List<EncoderInput> inputs;
        private final float[][] outputs;
        private int begun;
        private int left;
        private String failure = "";

        Job(List<EncoderInput> inputs) {
            this.inputs = inputs;
            outputs = new float[inputs.size()][];
            left = inputs.size();
        }
    }

    /// A text of a batch.
    private record Place(Job job, int index) { }

    private final LoadedEncoder loaded;
    private final EncoderBatch batch;
    private final float[] outputs;
    private final int waitingMax;
    private final StepTurns.Turn turn;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final Condition answered = lock.newCondition();
    private final Queue<Job> queue = new ArrayDeque<>();
    private final Thread thread;
    private int waiting;
    private long batches;
    private long texts;
    private long tokens;
    private boolean closed;

    /// An engine that has the processors for itself.
    public EncoderEngine(LoadedEncoder loaded, int waitingMax) {
        this(loaded, waitingMax, new StepTurns().join(1));
    }

    /// @param waitingMax  texts that may wait; a request that would pass it is refused, unless
    ///                    nothing waits
    /// @param turn        when batches may run, where other engines share the processors; closed
    ///                    with this
    public EncoderEngine(LoadedEncoder loaded, int waitingMax, StepTurns.Turn turn) {
        this.loaded = loaded;
        this.waitingMax = waitingMax;
        this.turn = turn;
        loaded.encoder().pauseBetweenLayers(turn::pause);
        batch = new EncoderBatch(loaded.encoder().maxRows(), loaded.encoder().maxTexts());
        outputs = new float[loaded.encoder().maxTexts() * config().outputs()];
        thread = Thread.ofPlatform().name("encoder-loop").daemon().start(this::serve);
    }

    public EncoderConfig config() { return loaded.config(); }

    /// Turns texts into what [#encode] takes. Any thread.
    public dev.sluice.models.EncoderTexts texts() { return loaded.texts(); }

    /// Ids are below this.
    public int vocab() { return loaded.encoder().vocab(); }

    public Stats stats() {
        lock.lock();
        try {
            return new Stats(batches, texts, tokens, waiting);
        } finally {
            lock.unlock();
        }
    }

    /// Encodes texts; output i is that of input i. Waits until all are done. An interrupted caller
    /// takes back what has not begun.
    ///
    /// @throws RequestRejected   if a text is empty, too long or has unknown ids, if too many wait,
    ///                           or if the engine is closed
    /// @throws EncodingFailed    if the encoder failed
    public float[][] encode(List<EncoderInput> inputs) {
        for (int i = 0; i < inputs.size(); i++) {
            check(inputs.get(i), i);
        }
        var job = new Job(List.copyOf(inputs));
        lock.lock();
        try {
            submit(job);
            return await(job);
        } finally {
            lock.unlock();
        }
    }

    private void check(EncoderInput input, int index) {
        if (input.length() == 0) {
            throw new RequestRejected(Reason.INVALID_REQUEST, "text " + index + " has no token");
        }
        int most = config().contextTokens();
        if (input.length() > most) {
            throw new RequestRejected(Reason.CONTEXT_LENGTH_EXCEEDED,
                    "text %d has %d tokens, and this model reads at most %d".formatted(
                            index, input.length(), most));
        }
        for (int id : input.ids()) {
            if (id < 0 || id >= vocab()) {
                throw new RequestRejected(Reason.INVALID_REQUEST,
                        "text %d has token %d of a vocabulary of %d".formatted(
                                index, id, vocab()));
            }
        }
    }

    private void submit(Job job) {
        int more = job.inputs.size();
        if (closed) {
            throw new RequestRejected(Reason.ENGINE_STOPPED, "the encoder is closed");
        }
        if (waiting > 0 && waiting + more > waitingMax) {
            throw new RequestRejected(Reason.OVERLOADED, "%d texts wait, at most %d may"
                    .formatted(waiting, waitingMax));
        }
        if (more > 0) {
            waiting += more;
            queue.add(job);
            arrived.signal();
        }
    }

    private float[][] await(Job job) {
        while (job.left > 0 && job.failure.isEmpty()) {
            try {
                answered.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                if (queue.remove(job)) {
                    waiting -= job.inputs.size() - job.begun;
                }
                throw new EncodingFailed("interrupted while texts were waiting");
            }
        }
        if (!job.failure.isEmpty()) {
            throw new EncodingFailed(job.failure);
        }
        return job.outputs;
    }

    // ---- the encoder's thread -----------------------------------------------------------

    private void serve() {
        var places = new ArrayList<Place>();
        try {
            while (take(places)) {
                answer(places, encode());
            }
        } finally {
            turn.close();
            loaded.close();
        }
    }

    /// Runs the batch; what went wrong, or an empty text.
    private String encode() {
        turn.begin();
        try {
            loaded.encoder().encode(batch, outputs);
            return "";
        } catch (RuntimeException e) {
            return "the encoder failed: " + e.getMessage();
        } finally {
            turn.end(false);
        }
    }

    /// Fills the batch with as many waiting texts as fit; false when the engine is closed.
    private boolean take(List<Place> places) {
        places.clear();
        batch.clear();
        lock.lock();
        try {
            while (queue.isEmpty() && !closed) {
                arrived.awaitUninterruptibly();
            }
            if (closed) {
                return false;
            }
            while (!queue.isEmpty()
                    && batch.hasRoom(queue.peek().inputs.get(queue.peek().begun).length())) {
                begin(queue.remove(), places);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Takes the job's next text; a job with more of them goes to the end of the queue.
    private void begin(Job job, List<Place> places) {
        batch.add(job.inputs.get(job.begun));
        places.add(new Place(job, job.begun));
        job.begun++;
        waiting--;
        if (job.begun < job.inputs.size()) {
            queue.add(job);
        }
    }

    private void answer(List<Place> places, String failure) {
        int width = config().outputs();
        lock.lock();
        try {
            batches++;
            texts += places.size();
            tokens += batch.rowCount();
            for (int i = 0; i < places.size(); i++) {
                Job job = places.get(i).job;
                job.outputs[places.get(i).index] =
                        Arrays.copyOfRange(outputs, i * width, (i + 1) * width);
                job.left--;
                if (!failure.isEmpty()) {
                    fail(job, failure);
                }
            }
            answered.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void fail(Job job, String failure) {
        job.failure = failure;
        if (queue.remove(job)) {
            waiting -= job.inputs.size() - job.begun;
        }
    }

    /// Lets the batch at hand end, fails what waits, and closes the encoder.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            for (Job job : queue) {
                job.failure = "the encoder is closed";
            }
            queue.clear();
            waiting = 0;
            arrived.signalAll();
            answered.signalAll();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
