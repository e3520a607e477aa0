package dev.sluice.bridge.anthropic;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.OutputRule;
import dev.sluice.bridge.host.HostedModel;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/// Whether the model shall think before it answers, how long, and how that is said to its chat
/// template. Immutable.
///
/// Templates know one of these variables: `enable_thinking` (Qwen, SmolLM, GLM), `thinking`
/// (DeepSeek-V3.1, Granite), `reasoning_effort` (gpt-oss). A model whose template has none of them
/// but the marks of thinking always thinks; one without marks never does. What a model can not do
/// is refused. Without the field `thinking`, a model that has a switch does not think, as in
/// Anthropic's protocol, and one without does what it always does.
///
/// @param budget tokens of thinking, after which it is closed; [#UNBOUNDED] for no limit
/// @param shown  whether the answer has what was thought
/// @param effort of `output_config`; empty where it is not given
record Thinking(Mode mode, int budget, boolean shown, String effort) {
    enum Mode { ABSENT, ENABLED, DISABLED }

    static final int UNBOUNDED = Integer.MAX_VALUE;
    /// Anthropic's least budget.
    private static final int LEAST_BUDGET = 1024;
    private static final Pattern SWITCH = Pattern.compile("\\b(?:if|not|and|or) thinking\\b");

    /// @param maxTokens of the whole answer, which a budget must be below
    /// @param effort    of `output_config`
    static Thinking read(Fields fields, int maxTokens, String effort) {
        return fields.object("thinking").map(given -> {
            Thinking thinking = switch (given.requiredText("type")) {
                case "enabled" -> new Thinking(Mode.ENABLED, budget(given, maxTokens),
                        shown(given), effort);
                case "adaptive" -> new Thinking(Mode.ENABLED, UNBOUNDED, shown(given), effort);
                case "disabled" -> new Thinking(Mode.DISABLED, UNBOUNDED, true, effort);
                default -> throw given.wrong("type", "enabled, adaptive or disabled",
                        given.requiredText("type"));
            };
            given.end();
            return thinking;
        }).orElse(new Thinking(Mode.ABSENT, UNBOUNDED, true, effort));
    }

    private static int budget(Fields given, int maxTokens) {
        int budget = given.integer("budget_tokens", LEAST_BUDGET, Integer.MAX_VALUE)
                .orElseThrow(() -> given.missing("budget_tokens"));
        if (budget >= maxTokens) {
            throw ApiException.invalid(given.path("budget_tokens"),
                    "%s: %d must be less than max_tokens, which is %d".formatted(
                            given.path("budget_tokens"), budget, maxTokens));
        }
        return budget;
    }

    /// Anthropic summarises thinking; here it comes as it is, or not at all.
    private static boolean shown(Fields given) {
        String display = given.text("display").orElse("summarized");
        if (!display.equals("summarized") && !display.equals("omitted")) {
            throw given.wrong("display", "summarized or omitted", display);
        }
        return display.equals("summarized");
    }

    boolean enabled() { return mode == Mode.ENABLED; }

    /// The variables of the template that say so.
    ///
    /// @throws ApiException if the model can not do what was asked
    Map<String, Object> variables(HostedModel model) {
        String source = model.templateSource();
        var variables = new HashMap<String, Object>();
        boolean on = enabled();
        if (source.contains("enable_thinking")) {
            variables.put("enable_thinking", on);
        } else if (SWITCH.matcher(source).find()) {
            variables.put("thinking", on);
        } else if (on && !marks(model)) {
            throw ApiException.invalid("thinking", ("thinking: the model '%s' does not think; its "
                    + "chat template has no switch and no marks for it").formatted(model.name()));
        } else if (mode == Mode.DISABLED && marks(model)) {
            throw ApiException.invalid("thinking", ("thinking: the model '%s' always thinks; its "
                    + "chat template has no switch for it").formatted(model.name()));
        }
        if (source.contains("reasoning_effort") && !effort.isEmpty()) {
            variables.put("reasoning_effort", effort);
        } else if (!effort.isEmpty() && !effort.equals("high")) {
            throw ApiException.invalid("output_config.effort", ("output_config.effort: the chat "
                    + "template of the model '%s' knows no effort, only \"high\" is supported")
                    .formatted(model.name()));
        }
        return variables;
    }

    private static boolean marks(HostedModel model) {
        String open = model.format().reasoning().open();
        return model.toolFormatName().equals("harmony")
                || !open.isEmpty() && model.templateSource().contains(open.strip());
    }

    /// The rule with the budget's end of thinking.
    OutputRule bounded(OutputRule rule) {
        return budget == UNBOUNDED ? rule : new OutputRule.Budgeted(budget, rule);
    }
}
