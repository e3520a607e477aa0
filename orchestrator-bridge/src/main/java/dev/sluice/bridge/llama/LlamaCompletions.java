package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.EventStream;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.chat.ChatRun;
import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.bridge.chat.RunningChoices;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.host.TaskSlots;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// `POST /completion`, `POST /completions` and `POST /infill`. Several answers run side by side; a
/// stream brings them one after the other, each event with its index. Any thread.
final class LlamaCompletions {
    private final ModelHost host;

    LlamaCompletions(ModelHost host) {
        this.host = host;
    }

    void complete(Call call) {
        Fields fields = call.fields();
        try (ModelHost.Lease lease = host.acquire(fields.text("model").orElse(""))) {
            var prompts = PromptFields.read(fields, lease.model().tokenizer());
            answer(call, fields, lease.model(), prompts);
        }
    }

    void infill(Call call) {
        Fields fields = call.fields();
        try (ModelHost.Lease lease = host.acquire(fields.text("model").orElse(""))) {
            int[] prompt = InfillPrompt.read(fields, lease.model());
            answer(call, fields, lease.model(),
                    new PromptFields.Prompts(List.of(prompt), false));
        }
    }

    private static void answer(
            Call call, Fields fields, HostedModel model, PromptFields.Prompts prompts) {
        CompletionBody body = CompletionBody.read(fields, call.client(), model);
        fields.end();
        List<CompletionAnswer> answers = start(model, body, prompts.tokenIds());
        boolean several = prompts.several() || answers.size() > 1;
        running(answers).serve(call.exchange(), () -> {
            if (body.shape().stream()) {
                stream(call, answers);
            } else {
                whole(call, answers, several);
            }
        });
    }

    private static List<CompletionAnswer> start(
            HostedModel model, CompletionBody body, List<int[]> prompts) {
        var answers = new ArrayList<CompletionAnswer>();
        boolean started = false;
        try {
            for (int[] prompt : prompts) {
                for (TaskSlots.Task task
                        : ChatRun.submit(model, body.settings(), prompt, body.slot())) {
                    answers.add(new CompletionAnswer(model, body, answers.size(), task));
                }
            }
            started = true;
            return answers;
        } finally {
            if (!started) {
                running(answers).cancel();
            }
        }
    }

    private static RunningChoices running(List<CompletionAnswer> answers) {
        var readers = new ArrayList<ChoiceReader>();
        for (CompletionAnswer answer : answers) {
            readers.add(answer.reader());
        }
        return new RunningChoices(readers);
    }

    private static void whole(Call call, List<CompletionAnswer> answers, boolean several) {
        var results = new ArrayList<Map<String, Object>>();
        for (CompletionAnswer answer : answers) {
            results.add(answer.read(_ -> { }));
        }
        JsonReply.send(call.exchange(), 200, several ? results : results.getFirst());
    }

    private static void stream(Call call, List<CompletionAnswer> answers) {
        try (var events = new EventStream(call.exchange())) {
            try {
                for (CompletionAnswer answer : answers) {
                    events.data(answer.read(events::data));
                }
            } catch (ApiException e) {
                answers.forEach(answer -> answer.reader().cancel());
                events.data(LlamaErrors.body(e));
            }
        }
    }
}
