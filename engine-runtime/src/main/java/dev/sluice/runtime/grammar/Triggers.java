package dev.sluice.runtime.grammar;

import dev.sluice.runtime.grammar.GrammarTrigger.Then;
import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.Rule;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The branches of a [GrammarTrigger], compiled. Equal by identity; immutable.
final class Triggers {
    private final GrammarTrigger trigger;
    private final List<byte[]> texts = new ArrayList<>();
    private final List<byte[]> closings = new ArrayList<>();
    private final List<Rule> rules = new ArrayList<>();
    private final Triggers again;
    private final Triggers never;

    /// @param optional  the same without the need of a trigger, or nothing where this is it
    private Triggers(GrammarTrigger trigger, List<Triggers> optional) {
        this.trigger = trigger;
        again = optional.isEmpty() ? this : optional.get(0);
        never = optional.size() < 2 ? this : optional.get(1);
        for (GrammarTrigger.Branch branch : trigger.branches()) {
            texts.add(branch.text().getBytes(StandardCharsets.UTF_8));
            closings.add(branch.closing().getBytes(StandardCharsets.UTF_8));
            var rule = new Rule(branch.text());
            rule.entries(List.of(((CompiledGrammar) branch.grammar()).start()));
            rules.add(rule);
        }
    }

    static Position start(GrammarTrigger trigger) {
        var never = new Triggers(new GrammarTrigger(List.of(), false, Then.FREE), List.of());
        var again = new Triggers(new GrammarTrigger(trigger.branches(), false, trigger.then()),
                List.of());
        return new FreeText(new Triggers(trigger, List.of(again, never)), FreeText.Matched.NONE);
    }

    /// The branch whose trigger is this text, or a negative number.
    int find(byte[] text) {
        for (int branch = 0; branch < texts.size(); branch++) {
            if (texts.get(branch).length > 0 && Arrays.equals(texts.get(branch), text)) {
                return branch;
            }
        }
        return -1;
    }

    /// The branch whose trigger is this token, or a negative number.
    int find(int tokenId) {
        for (int branch = 0; branch < rules.size(); branch++) {
            GrammarTrigger.Branch each = trigger.branches().get(branch);
            if (each.text().isEmpty() && each.tokenId() == tokenId) {
                return branch;
            }
        }
        return -1;
    }

    boolean begins(byte[] text) {
        for (byte[] each : texts) {
            if (text.length < each.length && Arrays.equals(each, 0, text.length, text, 0,
                    text.length)) {
                return true;
            }
        }
        return false;
    }

    Rule rule(int branch) { return rules.get(branch); }

    byte[] closingText(int branch) { return closings.get(branch); }

    /// Where to go on behind a branch's grammar.
    Position closing(int branch) {
        return closings.get(branch).length == 0 ? afterwards()
                : new FreeText.Closing(this, branch, 0);
    }

    /// Where to go on behind a whole branch.
    Position afterwards() {
        return switch (trigger.then()) {
            case END -> Done.DONE;
            case FREE -> new FreeText(never, FreeText.Matched.NONE);
            case AGAIN -> new FreeText(again, FreeText.Matched.NONE);
        };
    }

    boolean mayEndFree() {
        return !trigger.required();
    }
}
