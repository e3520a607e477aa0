package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.host.ModelHost;
import java.util.Map;
import java.util.function.Predicate;

/// `POST /models/load` and `POST /models/unload`, as llama-server has them where it serves several
/// models: `{"model": NAME}`, answered by `{"success": true}` when it is done. Where keys are set
/// it takes an administrator's, because others would wait for the model. Any thread.
final class ModelEndpoints {
    private final ModelHost host;
    private final Predicate<String> administrators;

    ModelEndpoints(ModelHost host, Predicate<String> administrators) {
        this.host = host;
        this.administrators = administrators;
    }

    void load(Call call) {
        host.acquire(name(call)).close();
        done(call);
    }

    void unload(Call call) {
        host.unload(name(call));
        done(call);
    }

    private String name(Call call) {
        if (!administrators.test(call.client())) {
            throw new ApiException(ApiException.Kind.FORBIDDEN, "",
                    "models are loaded and unloaded with an administrator's key");
        }
        Fields fields = call.fields();
        String name = fields.requiredText("model");
        fields.end();
        if (name.isEmpty()) {
            throw fields.wrong("model", "the name of a model", name);
        }
        return name;
    }

    private static void done(Call call) {
        JsonReply.send(call.exchange(), 200, Map.of("success", true));
    }
}
