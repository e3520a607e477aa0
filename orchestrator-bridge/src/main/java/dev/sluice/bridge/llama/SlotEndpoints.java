package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.host.TaskSlots;
import dev.sluice.bridge.host.TaskSlots.Done;
import dev.sluice.runtime.Branch;
import dev.sluice.runtime.Engine;
import dev.sluice.runtime.RequestRejected;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `GET /slots` and `POST /slots/{id}?action=save|restore|erase`. What a slot is here stands at
/// [TaskSlots]. Erasing forgets the slot's tokens; their pages stay in the prefix tree, which all
/// slots share, until the room is needed. Any thread.
final class SlotEndpoints {
    private static final double NANOS_PER_MILLI = 1e6;

    private final ModelHost host;
    private final SlotFolder folder;

    SlotEndpoints(ModelHost host, SlotFolder folder) {
        this.host = host;
        this.folder = folder;
    }

    // ---- view --------------------------------------------------------------------------------

    void list(Call call) {
        String name = call.exchange().query("model").orElse("");
        try (ModelHost.Lease lease = host.acquire(name)) {
            var slots = new ArrayList<Object>();
            boolean idle = false;
            for (TaskSlots.Slot slot : lease.model().slots().list()) {
                slots.add(view(lease.model(), slot));
                idle |= !slot.processing();
            }
            if (!idle && call.exchange().query("fail_on_no_slot").isPresent()) {
                throw new ApiException(
                        ApiException.Kind.UNAVAILABLE, "", "no slot available");
            }
            JsonReply.send(call.exchange(), 200, slots);
        }
    }

    private static Map<String, Object> view(HostedModel model, TaskSlots.Slot slot) {
        var view = new LinkedHashMap<String, Object>();
        view.put("id", slot.id());
        view.put("n_ctx", model.engine().contextLimit());
        view.put("speculative", false);
        view.put("is_processing", slot.processing());
        slot.last().ifPresent(task -> {
            int prompt = task.request().promptIds().length;
            int cached = task.stream().cachedTokens();
            int decoded = task.stream().produced();
            view.put("id_task", task.id());
            view.put("n_prompt_tokens", prompt);
            view.put("n_prompt_tokens_processed", decoded > 0 ? prompt - cached : 0);
            view.put("n_prompt_tokens_cache", cached);
            view.put("params", GenerationSettings.of(task.request()));
            var next = new LinkedHashMap<String, Object>();
            next.put("has_next_token", !task.stream().done());
            int most = task.request().maxTokens();
            next.put("n_remain", most == Integer.MAX_VALUE ? -1 : most - decoded);
            next.put("n_decoded", decoded);
            view.put("next_token", List.of(next));
        });
        return view;
    }

    // ---- actions -----------------------------------------------------------------------------

    void act(Call call) {
        int id;
        try {
            id = Integer.parseInt(call.part("id"));
        } catch (NumberFormatException e) {
            throw ApiException.invalid("id_slot",
                    "'" + call.part("id") + "' is not the number of a slot");
        }
        String action = call.exchange().query("action").orElse("");
        Fields fields = call.exchange().body().length == 0
                ? Fields.of("", Map.of()) : call.fields();
        String file = fields.text("filename").orElse("");
        String name = fields.text("model").orElse("");
        fields.end();
        try (ModelHost.Lease lease = host.acquire(name)) {
            HostedModel model = lease.model();
            JsonReply.send(call.exchange(), 200, switch (action) {
                case "save" -> save(model, id, file);
                case "restore" -> restore(model, id, file);
                case "erase" -> erase(model, id);
                default -> throw ApiException.invalid("action",
                        "action: save, restore or erase, not '" + action + "'");
            });
        }
    }

    private Map<String, Object> save(HostedModel model, int id, String name) {
        Path file = folder.file(name);
        return model.slots().with(id, branch -> {
            long begin = System.nanoTime();
            int saved = written(model.engine(), branch, file);
            var reply = reply(id, name);
            reply.put("n_saved", saved);
            reply.put("n_written", SlotFolder.size(file));
            reply.put("timings", Map.of(
                    "save_ms", (System.nanoTime() - begin) / NANOS_PER_MILLI));
            return new Done<>(branch, reply);
        });
    }

    private static int written(Engine engine, Branch branch, Path file) {
        try {
            return engine.save(branch, file);
        } catch (RequestRejected e) {
            throw ApiException.invalid("", e.getMessage());
        } catch (IOException e) {
            throw new ApiException(ApiException.Kind.FAILED, "",
                    "the slot can not be written: " + e.getMessage());
        }
    }

    private Map<String, Object> restore(HostedModel model, int id, String name) {
        Path file = folder.existing(name);
        return model.slots().with(id, _ -> {
            long begin = System.nanoTime();
            Branch restored = read(model.engine(), file, name);
            var reply = reply(id, name);
            reply.put("n_restored", model.engine().computed(restored));
            reply.put("n_read", SlotFolder.size(file));
            reply.put("timings", Map.of(
                    "restore_ms", (System.nanoTime() - begin) / NANOS_PER_MILLI));
            return new Done<>(restored, reply);
        });
    }

    private static Branch read(Engine engine, Path file, String name) {
        try {
            return engine.restore(file);
        } catch (RequestRejected | IOException e) {
            throw ApiException.invalid("filename",
                    "the slot can not be restored from '%s', and nothing of it was used: %s"
                    .formatted(name, e.getMessage()));
        }
    }

    private static Map<String, Object> erase(HostedModel model, int id) {
        return model.slots().with(id, branch -> {
            int erased = model.engine().computed(branch);
            var reply = new LinkedHashMap<String, Object>();
            reply.put("id_slot", id);
            reply.put("n_erased", erased);
            return new Done<>(model.engine().branch(), reply);
        });
    }

    private static Map<String, Object> reply(int id, String name) {
        var reply = new LinkedHashMap<String, Object>();
        reply.put("id_slot", id);
        reply.put("filename", name);
        return reply;
    }
}
