package dev.sluice.bridge.chat;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.runtime.TokenConstraint;
import dev.sluice.runtime.grammar.Grammar;
import dev.sluice.runtime.grammar.GrammarConstraint;
import dev.sluice.runtime.grammar.GrammarRejected;
import dev.sluice.runtime.grammar.GrammarTrigger;
import dev.sluice.runtime.grammar.GrammarTrigger.Branch;
import dev.sluice.runtime.grammar.Grammars;
import dev.sluice.runtime.toolcall.ToolFormat;
import dev.sluice.runtime.toolcall.ToolFormat.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// From a rule to the constraint that the engine draws under. What can not be held exactly is
/// refused.
final class OutputGrammar {
    private final HostedModel model;
    private final boolean inReasoning;

    /// @param inReasoning whether the prompt ends inside of reasoning, which stays free
    OutputGrammar(HostedModel model, boolean inReasoning) {
        this.model = model;
        this.inReasoning = inReasoning;
    }

    /// @throws ApiException if the rule can not be held
    Supplier<? extends TokenConstraint> constraint(OutputRule rule) {
        try {
            return switch (rule) {
                case OutputRule.Budgeted(int tokens, OutputRule answer) ->
                        budgeted(tokens, constraint(answer));
                case OutputRule.Free() -> () -> TokenConstraint.FREE;
                case OutputRule.JsonObject() -> answer(Grammars.jsonObject());
                case OutputRule.Schema(Object document) -> answer(Grammars.jsonSchema(document));
                case OutputRule.Gbnf(String grammar) -> answer(Grammars.gbnf(grammar));
                case OutputRule.Calls(var tools, boolean parallel) -> of(Grammars.triggered(
                        new GrammarTrigger(branches(tools), true,
                                parallel ? GrammarTrigger.Then.AGAIN : GrammarTrigger.Then.END)));
            };
        } catch (GrammarRejected e) {
            throw ApiException.invalid(rule instanceof OutputRule.Calls ? "tools"
                    : "response_format", e.getMessage());
        }
    }

    private Supplier<TokenConstraint> budgeted(
            int tokens, Supplier<? extends TokenConstraint> answer) {
        ToolFormat.Marks marks = model.format().reasoning();
        if (marks.close().isEmpty()) {
            throw ApiException.invalid("thinking", "thinking: how long the model '%s' thinks can "
                    .formatted(model.name()) + "not be bounded in its format");
        }
        var budget = new ThinkingBudget.Limits(tokens, marks, inReasoning);
        return () -> new ThinkingBudget(answer.get(), budget, model.tokenizer());
    }

    /// The whole answer, after the reasoning if there is one.
    private Supplier<GrammarConstraint> answer(Grammar grammar) {
        if (!inReasoning) {
            return of(grammar);
        }
        String close = model.format().reasoning().close();
        return of(Grammars.triggered(new GrammarTrigger(
                List.of(branch(close, grammar, "")), true, GrammarTrigger.Then.END)));
    }

    private Supplier<GrammarConstraint> of(Grammar grammar) {
        return GrammarConstraint.of(grammar, model.trie());
    }

    // ---- calls -------------------------------------------------------------------------------

    private List<Branch> branches(List<Map<String, Object>> tools) {
        ToolFormat format = model.format();
        List<Step> call = format.call();
        String open = format.section().opens().isEmpty() ? ""
                : format.section().opens().getFirst();
        if (call.size() == 1 && call.getFirst() instanceof Step.CallObject object
                && !open.isEmpty()) {
            return List.of(branch(open, objects(format, object, tools),
                    format.section().close()));
        }
        if (call.size() == 3 && call.get(0) instanceof Step.Name name
                && call.get(1) instanceof Step.Arguments
                && call.get(2) instanceof Step.Literal(String end)) {
            return named(open, name.until().getFirst(), end, tools);
        }
        if (call.size() == 2 && call.get(0) instanceof Step.Name name
                && call.get(1) instanceof Step.Arguments) {
            return named(open, name.until().getFirst(), "", tools);
        }
        throw ApiException.invalid("tool_choice", "tool_choice: calls can not be forced in the "
                + "format of this model, " + model.toolFormatName());
    }

    /// `OPEN{"name": .., "arguments": ..}CLOSE`: the tools are alternatives of one schema.
    private static Grammar objects(
            ToolFormat format, Step.CallObject object, List<Map<String, Object>> tools) {
        String nameKey = object.nameKeys().getFirst();
        String argumentsKey = format.name().equals("llama3") ? "parameters"
                : object.argumentKeys().getFirst();
        var alternatives = new ArrayList<Object>();
        for (Map<String, Object> tool : tools) {
            Map<?, ?> function = (Map<?, ?>) tool.get("function");
            var properties = new LinkedHashMap<String, Object>();
            properties.put(nameKey, Map.of("const", function.get("name")));
            properties.put(argumentsKey, parameters(function));
            alternatives.add(Map.of("type", "object", "properties", properties,
                    "required", List.of(nameKey, argumentsKey), "additionalProperties", false));
        }
        return Grammars.jsonSchema((Object) Map.of("anyOf", alternatives));
    }

    private static List<Branch> named(
            String open, String afterName, String end, List<Map<String, Object>> tools) {
        var branches = new ArrayList<Branch>();
        for (Map<String, Object> tool : tools) {
            Map<?, ?> function = (Map<?, ?>) tool.get("function");
            branches.add(Branch.onText(open + function.get("name") + afterName,
                    Grammars.jsonSchema(parameters(function)), end));
        }
        return branches;
    }

    private static Object parameters(Map<?, ?> function) {
        Object parameters = function.get("parameters");
        return parameters instanceof Map<?, ?> map && !map.isEmpty() ? parameters
                : Map.of("type", "object", "additionalProperties", false);
    }

    /// A marker may be a control token, which has no text to be watched for.
    private Branch branch(String marker, Grammar grammar, String closing) {
        boolean control = model.tokenizer().contains(marker)
                && model.tokenizer().bytes(model.tokenizer().id(marker)).length == 0;
        return control ? Branch.onToken(model.tokenizer().id(marker), grammar, closing)
                : Branch.onText(marker, grammar, closing);
    }
}
