package dev.sluice.bridge.mcp;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.ChatPrompt;
import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.ChatRun;
import dev.sluice.bridge.chat.OutputRule;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.runtime.AnswerGroup;
import dev.sluice.runtime.AnswerSummary;
import dev.sluice.runtime.Completion;
import dev.sluice.runtime.EngineVotes;
import dev.sluice.runtime.FirstToAhead;
import dev.sluice.runtime.GenerateRequest;
import dev.sluice.runtime.GenerationFailed;
import dev.sluice.runtime.RedFlags;
import dev.sluice.runtime.RequestRejected;
import dev.sluice.runtime.VoteOutcome;
import dev.sluice.runtime.toolcall.MessageEvent.Content;
import dev.sluice.runtime.toolcall.MessageReader;
import dev.sluice.runtime.toolcall.ToolTypes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The tools that ask a model several times for the price of one prefill. Any thread.
final class VotingTools {
    private static final int ANSWERS_MAX = 64;
    /// Of an answer that nobody limited: several run at once, and each holds pages.
    private static final int TOKENS = 512;

    private final ModelHost host;

    VotingTools(ModelHost host) {
        this.host = host;
    }

    List<ModelTool> all() {
        return List.of(
                new ModelTool("vote", "Vote", "Asks a question again and again until one answer "
                        + "is ahead of every other by so many votes; returns it with the counts. "
                        + "For short answers that can be compared.",
                        ToolSchema.ofModel().messages().sampling()
                                .optional("ahead", "integer", "The lead that decides; 3.")
                                .optional("votes_max", "integer", "Most votes; 15.").build(),
                        this::vote),
                new ModelTool("best_of", "Best of n", "Asks n times and returns the answer that "
                        + "the model itself finds most likely, per token.",
                        several().build(), call -> group(call, true)),
                new ModelTool("sample_n", "Sample n answers", "Asks n times and returns every "
                        + "answer, how often it came, and how much they disagree.",
                        several().build(), call -> group(call, false)));
    }

    private static ToolSchema several() {
        return ToolSchema.ofModel().messages().sampling()
                .optional("n", "integer", "How many answers; 4.");
    }

    /// A conversation that is ready for the engine.
    ///
    /// @param text of the prompt
    private record Ready(HostedModel model, GenerateRequest request, String text) {
        static Ready of(HostedModel model, ChatRequest chat) {
            ChatPrompt prompt = ChatPrompt.of(model, chat);
            ChatRequest.Settings settings = chat.settings();
            int most = settings.maxTokens() == Integer.MAX_VALUE ? TOKENS : settings.maxTokens();
            try {
                return new Ready(model, GenerateRequest.of(
                        prompt.tokenIds(), most, settings.sampling())
                        .withStopStrings(settings.stops())
                        .withHints(settings.hints()), prompt.text());
            } catch (IllegalArgumentException e) {
                throw ApiException.invalid("", e.getMessage());
            }
        }

        /// What an answer says, without its reasoning and the white space around it.
        String content(String answer) {
            MessageReader reader = model.reader(ToolTypes.of(List.of()), text);
            var content = new StringBuilder();
            reader.push(answer, event -> content.append(
                    event instanceof Content(String piece) ? piece : ""));
            reader.finish(event -> content.append(
                    event instanceof Content(String piece) ? piece : ""));
            return content.toString().strip();
        }
    }

    /// Work that waits for the engine and ends when its thread is interrupted.
    private interface Waiting {
        Map<String, Object> run(HostedModel model) throws InterruptedException;
    }

    private Map<String, Object> run(ToolCall call, String name, Waiting work) {
        Thread own = Thread.currentThread();
        try (ModelHost.Lease lease = host.acquire(name)) {
            call.stopsBy(own::interrupt);
            try {
                return work.run(lease.model());
            } finally {
                // The thread is another's afterwards: a late interruption must not reach it.
                call.stopsBy(() -> { });
                Thread.interrupted();
            }
        } catch (InterruptedException e) {
            throw new ApiException(ApiException.Kind.FAILED, "", "cancelled");
        } catch (RequestRejected e) {
            throw ChatRun.refusal(e);
        } catch (GenerationFailed e) {
            throw new ApiException(ApiException.Kind.FAILED, "", e.getMessage());
        }
    }

    private Map<String, Object> vote(ToolCall call) {
        Fields fields = call.arguments();
        int ahead = fields.integer("ahead", 1, ANSWERS_MAX).orElse(3);
        int most = fields.integer("votes_max", 1, ANSWERS_MAX).orElse(Math.max(15, ahead));
        ChatRequest chat = Question.of(call, new OutputRule.Free());
        return run(call, chat.model(), model -> {
            Ready ready = Ready.of(model, chat);
            var counts = new LinkedHashMap<String, Integer>();
            var flags = new RedFlags(ready.request().maxTokens(), answer -> {
                call.progressed(most, 1, "votes");
                String content = ready.content(answer);
                if (content.isEmpty()) {
                    return Optional.empty();
                }
                counts.merge(content, 1, Integer::sum);
                return Optional.of(content);
            });
            return outcome(EngineVotes.decide(model.engine(), ready.request(),
                    new FirstToAhead(ahead), flags, most), counts);
        });
    }

    private static Map<String, Object> outcome(VoteOutcome outcome, Map<String, Integer> counts) {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("decided", outcome instanceof VoteOutcome.Decided);
        fields.put("answer", switch (outcome) {
            case VoteOutcome.Decided decided -> decided.answer();
            case VoteOutcome.Undecided undecided -> undecided.leader();
            case VoteOutcome.Open _ -> "";
        });
        fields.put("counts", counts);
        fields.put("votes", outcome.votes());
        fields.put("flagged", outcome.flagged());
        return fields;
    }

    private Map<String, Object> group(ToolCall call, boolean best) {
        int n = call.arguments().integer("n", 1, ANSWERS_MAX).orElse(4);
        ChatRequest chat = Question.of(call, new OutputRule.Free());
        return run(call, chat.model(), model -> {
            Ready ready = Ready.of(model, chat);
            AnswerGroup group = AnswerGroup.of(model.engine(), ready.request(), n);
            boolean complete = false;
            try {
                Map<String, Object> answer = best ? best(group, ready) : all(group, ready);
                complete = true;
                return answer;
            } finally {
                if (!complete) {
                    group.cancel();
                }
            }
        });
    }

    private static Map<String, Object> best(AnswerGroup group, Ready ready)
            throws InterruptedException {
        Completion best = group.best();
        return Map.of("text", ready.content(best.text()), "choice", best.choice(),
                "mean_logprob", finite(best.meanLogprob()), "of", group.completions().size());
    }

    private static Map<String, Object> all(AnswerGroup group, Ready ready)
            throws InterruptedException {
        AnswerSummary summary = group.summary(ready::content);
        var answers = new ArrayList<Object>();
        for (Completion one : group.completions()) {
            answers.add(Map.of("text", ready.content(one.text()),
                    "mean_logprob", finite(one.meanLogprob()), "tokens", one.tokens()));
        }
        return Map.of("answers", answers, "counts", summary.counts(),
                "most_frequent", summary.mostFrequent(), "agreement", summary.agreement(),
                "entropy_bits", summary.entropy());
    }

    /// JSON has no infinity; an answer without tokens has no mean.
    private static double finite(double value) {
        return Double.isFinite(value) ? value : -1e9;
    }
}
