package dev.sluice.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/// Several answers to one prompt, for the price of one prefill: to pick the best, or to see what
/// the model thinks, of which one answer is no measurement. Read by one thread; [#cancel] from
/// any.
///
/// ```java
/// var group = AnswerGroup.of(engine, request, 16);
/// AnswerSummary summary = group.summary(String::strip);
/// System.out.printf("%s (%.0f %% agree)%n", summary.mostFrequent(), 100 * summary.agreement());
/// ```
public final class AnswerGroup {
    private final List<TokenStream> streams;
    private final List<Completion> read = new ArrayList<>();

    private AnswerGroup(List<TokenStream> streams) {
        this.streams = streams;
    }

    /// Asks for `choices` answers that differ in their draws only. Log-probabilities come with
    /// them, since [#best] needs them.
    ///
    /// @throws RequestRejected if they can not be served; nothing was queued then
    public static AnswerGroup of(Engine engine, GenerateRequest request, int choices) {
        SamplingParams sampling = request.sampling();
        GenerateRequest asked = sampling.logprobs() ? request
                : request.withSampling(sampling.withLogprobs(0));
        return new AnswerGroup(engine.submit(asked, choices));
    }

    /// The streams, for who wants the tokens as they come; then nothing else here may be called
    /// but [#cancel].
    public List<TokenStream> streams() { return streams; }

    /// All answers, in the order of their choices; waits for them.
    public List<Completion> completions() throws InterruptedException {
        while (read.size() < streams.size()) {
            read.add(Completion.read(streams.get(read.size())));
        }
        return List.copyOf(read);
    }

    /// The answer with the highest mean log-probability per token, the first of equals.
    public Completion best() throws InterruptedException {
        List<Completion> all = completions();
        Completion best = all.getFirst();
        for (Completion one : all) {
            best = one.meanLogprob() > best.meanLogprob() ? one : best;
        }
        return best;
    }

    /// How the answers are distributed.
    ///
    /// @param form  an answer in a form that can be compared
    public AnswerSummary summary(UnaryOperator<String> form) throws InterruptedException {
        return AnswerSummary.of(completions(), form);
    }

    /// Ends all that have not ended.
    public void cancel() {
        streams.forEach(TokenStream::cancel);
    }
}
