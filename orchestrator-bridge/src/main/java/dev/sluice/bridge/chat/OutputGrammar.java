package dev.sluice.bridge.chat;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.runtime.TokenConstraint;
import dev.sluice.runtime.grammar.CallGrammars;
import dev.sluice.runtime.grammar.Grammar;
import dev.sluice.runtime.grammar.GrammarConstraint;
import dev.sluice.runtime.grammar.GrammarRejected;
import dev.sluice.runtime.grammar.GrammarStart;
import dev.sluice.runtime.grammar.GrammarTrigger;
import dev.sluice.runtime.grammar.GrammarTrigger.Branch;
import dev.sluice.runtime.grammar.Grammars;
import dev.sluice.runtime.toolcall.ToolFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// From a rule to the constraint that the engine draws under. What can not be held exactly is
/// refused.
final class OutputGrammar {
    private final HostedModel model;
    private final Thoughts thoughts;

    /// Whether an answer begins with reasoning, which stays free.
    enum Thoughts {
        /// It does not; what is generated is the answer.
        NONE,
        /// The model may open it by itself.
        POSSIBLE,
        /// The prompt ends inside of it.
        OPEN
    }

    OutputGrammar(HostedModel model, Thoughts thoughts) {
        this.model = model;
        this.thoughts = thoughts;
    }

    /// @throws ApiException if the rule can not be held
    Supplier<? extends TokenConstraint> constraint(OutputRule rule) {
        try {
            return switch (rule) {
                case OutputRule.Free() -> () -> TokenConstraint.FREE;
                case OutputRule.Budgeted(int tokens, OutputRule answer) ->
                        budgeted(tokens, constraint(answer));
                case OutputRule.Calls calls when !calls.required() -> of(Grammars.triggered(
                        new GrammarTrigger(branches(calls), false, repeats(calls)
                                ? GrammarTrigger.Then.AGAIN : GrammarTrigger.Then.END)));
                case OutputRule.Calls calls ->
                        answer(branches(calls), List.of(), repeats(calls));
                case OutputRule.CallsOrForm(var calls, var form) -> answer(branches(calls),
                        calls.required() ? List.of() : List.of(form(form)), repeats(calls));
                case OutputRule.JsonObject _, OutputRule.Schema _, OutputRule.Gbnf _ ->
                        answer(List.of(), List.of(form(rule)), false);
            };
        } catch (GrammarRejected e) {
            throw ApiException.invalid("response_format", e.getMessage());
        }
    }

    private static Grammar form(OutputRule rule) {
        return switch (rule) {
            case OutputRule.JsonObject() -> Grammars.jsonObject();
            case OutputRule.Schema(Object document) -> Grammars.jsonSchema(document);
            case OutputRule.Gbnf(String grammar) -> Grammars.gbnf(grammar);
            case OutputRule.Free _, OutputRule.Calls _, OutputRule.CallsOrForm _,
                    OutputRule.Budgeted _ ->
                    throw new IllegalArgumentException("no form of content: " + rule);
        };
    }

    private Supplier<TokenConstraint> budgeted(
            int tokens, Supplier<? extends TokenConstraint> answer) {
        ToolFormat.Marks marks = model.format().reasoning();
        if (marks.close().isEmpty()) {
            throw ApiException.invalid("thinking", "thinking: how long the model '%s' thinks can "
                    .formatted(model.name()) + "not be bounded in its format");
        }
        var budget = new ThinkingBudget.Limits(tokens, marks, thoughts == Thoughts.OPEN);
        return () -> new ThinkingBudget(answer.get(), budget, model.tokenizer());
    }

    /// The whole answer: one of these, after the reasoning if there is any.
    ///
    ///     OPEN:      thought CLOSE answer
    ///     POSSIBLE:  answer | OPEN thought CLOSE answer
    private Supplier<GrammarConstraint> answer(
            List<Branch> calls, List<Grammar> forms, boolean again) {
        Grammar answer = calls.isEmpty() ? forms.getFirst()
                : Grammars.starting(new GrammarStart(calls, forms, again));
        if (thoughts == Thoughts.NONE) {
            return of(answer);
        }
        ToolFormat.Marks marks = model.format().reasoning();
        Grammar thought = Grammars.triggered(new GrammarTrigger(
                List.of(branch(marks.close(), answer, "")), true, GrammarTrigger.Then.END));
        if (thoughts == Thoughts.OPEN) {
            return of(thought);
        }
        var branches = new ArrayList<>(calls);
        branches.add(branch(marks.open(), thought, ""));
        return of(Grammars.starting(new GrammarStart(branches, forms, again)));
    }

    private Supplier<GrammarConstraint> of(Grammar grammar) {
        return GrammarConstraint.of(grammar, model.trie());
    }

    // ---- calls -------------------------------------------------------------------------------

    private List<Branch> branches(OutputRule.Calls calls) {
        try {
            return List.of(model.writesChannels()
                    ? CallGrammars.channels(calls.tools(), calls.required(), model.tokenizer())
                    : CallGrammars.branch(model.format(), calls.tools(), calls.parallel(),
                            model.tokenizer()));
        } catch (GrammarRejected e) {
            throw ApiException.invalid("tools", e.getMessage());
        }
    }

    /// Whether further sections of calls may follow. A turn in channels ends with its call.
    private boolean repeats(OutputRule.Calls calls) {
        return calls.parallel() && !model.writesChannels();
    }

    /// A marker may be a control token, which has no text to be watched for.
    private Branch branch(String marker, Grammar grammar, String closing) {
        boolean control = model.tokenizer().contains(marker)
                && model.tokenizer().bytes(model.tokenizer().id(marker)).length == 0;
        return control ? Branch.onToken(model.tokenizer().id(marker), grammar, closing)
                : Branch.onText(marker, grammar, closing);
    }
}
