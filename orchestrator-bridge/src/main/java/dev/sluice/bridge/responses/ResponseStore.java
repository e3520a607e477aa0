package dev.sluice.bridge.responses;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.models.json.Json;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Responses that were asked to be stored, in memory, within a limit of bytes and of time. Each
/// belongs to the key that asked for it; to others it does not exist. Where there is no room left,
/// the caller that holds most loses what it has not used for longest. Any thread.
public final class ResponseStore {
    /// What a server keeps where nobody says otherwise.
    public static final long BYTES_MAX = 64L << 20;
    public static final Duration KEEP = Duration.ofHours(24);

    private record Key(String client, String id) {}

    private record Stored(String client, byte[] response, Turn turn, long untilMillis) {
        /// Its own, without the turn's.
        long bytes() { return 300 + response.length; }
    }

    private final Clock clock;
    private final long bytesMax;
    private final Duration keep;
    /// By id, the one not used for longest first.
    private final Map<String, Stored> responses = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<Key, Turn> items = new HashMap<>();
    private final Map<String, Long> clientBytes = new HashMap<>();
    private long bytes;
    private long swept;

    public ResponseStore(Clock clock, long bytesMax, Duration keep) {
        this.clock = clock;
        this.bytesMax = bytesMax;
        this.keep = keep;
        swept = clock.millis();
    }

    /// Bytes in use; never above the limit.
    synchronized long bytes() { return bytes; }

    synchronized int size() { return responses.size(); }

    /// Keeps a response. Of what it went on from, it keeps what others keep already.
    ///
    /// @return whether there is room for it
    synchronized boolean keep(String client, ResponseBody body, Map<String, Object> response,
            List<Map<String, Object>> output) {
        sweep();
        Optional<Turn> before = find(client, body.previous()).map(Stored::turn);
        // If the previous response has gone meanwhile, the turn stands for all of them.
        boolean alone = before.isEmpty() && !body.previous().isEmpty();
        var turn = new Turn(client, before, alone ? body.context() : body.input(), output);
        var stored = new Stored(client, JsonReply.bytes(response), turn,
                clock.millis() + keep.toMillis());
        String id = (String) response.get("id");
        use(turn);
        before.ifPresent(Turn::use);
        responses.put(id, stored);
        count(client, stored.bytes());
        while (bytes > bytesMax) {
            remove(leastUsed(heaviest()));
        }
        return responses.containsKey(id);
    }

    /// The conversation up to a response and with it.
    ///
    /// @throws ApiException if there is no such response
    synchronized List<Map<String, Object>> context(String client, String id) {
        return find(client, id).orElseThrow(() -> ApiException.invalid("previous_response_id",
                "there is no stored response '" + id + "'")
                .withCode("previous_response_not_found")).turn.conversation();
    }

    synchronized Optional<Map<String, Object>> item(String client, String id) {
        return Optional.ofNullable(items.get(new Key(client, id)))
                .flatMap(turn -> turn.item(id));
    }

    /// The response as it was sent.
    @SuppressWarnings("unchecked") // It was written from an object.
    synchronized Map<String, Object> response(String client, String id) {
        return (Map<String, Object>) Json.parse(existing(client, id).response);
    }

    /// Every item that the response was generated from, the oldest first.
    synchronized List<Map<String, Object>> input(String client, String id) {
        return existing(client, id).turn.input();
    }

    synchronized void delete(String client, String id) {
        existing(client, id);
        remove(id);
    }

    private Stored existing(String client, String id) {
        return find(client, id).orElseThrow(() -> new ApiException(ApiException.Kind.NOT_FOUND,
                "", "there is no stored response '" + id + "'"));
    }

    private Optional<Stored> find(String client, String id) {
        return Optional.ofNullable(responses.get(id)).filter(stored ->
                stored.client.equals(client) && stored.untilMillis > clock.millis());
    }

    // ---- room --------------------------------------------------------------------------------

    private void use(Turn turn) {
        turn.use();
        count(turn.client(), turn.bytes());
        turn.ids().forEach(id -> items.put(new Key(turn.client(), id), turn));
    }

    private void remove(String id) {
        Stored stored = responses.remove(id);
        count(stored.client, -stored.bytes());
        Optional<Turn> turn = Optional.of(stored.turn);
        while (turn.isPresent() && turn.get().release()) {
            Turn gone = turn.get();
            count(gone.client(), -gone.bytes());
            gone.ids().forEach(item -> items.remove(new Key(gone.client(), item), gone));
            turn = gone.before();
        }
    }

    private void count(String client, long more) {
        bytes += more;
        clientBytes.merge(client, more, Long::sum);
        clientBytes.remove(client, 0L);
    }

    private String heaviest() {
        String heaviest = "";
        for (Map.Entry<String, Long> each : clientBytes.entrySet()) {
            if (each.getValue() > clientBytes.getOrDefault(heaviest, 0L)) {
                heaviest = each.getKey();
            }
        }
        return heaviest;
    }

    private String leastUsed(String client) {
        for (Map.Entry<String, Stored> each : responses.entrySet()) {
            if (each.getValue().client.equals(client)) {
                return each.getKey();
            }
        }
        throw new IllegalStateException("bytes are counted that nobody holds");
    }

    /// Drops what is too old, once a minute: looking at all of it for each request is too much.
    private void sweep() {
        long now = clock.millis();
        if (now - swept < Math.min(60_000, keep.toMillis())) {
            return;
        }
        swept = now;
        var old = new ArrayList<String>();
        responses.forEach((id, stored) -> {
            if (stored.untilMillis <= now) {
                old.add(id);
            }
        });
        old.forEach(this::remove);
    }
}
