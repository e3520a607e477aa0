package dev.sluice.runtime.grammar;

import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.Rule;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The branches of a [GrammarTrigger] or of a [GrammarStart], compiled. Equal by identity; made
/// in one piece, then immutable.
final class Triggers {
    private final List<GrammarTrigger.Branch> branches;
    private final boolean required;
    private final List<byte[]> texts = new ArrayList<>();
    private final List<byte[]> closings = new ArrayList<>();
    private final List<Rule> rules = new ArrayList<>();
    private final List<Rule> others = new ArrayList<>();
    private Position afterwards = Done.DONE;

    private Triggers(List<GrammarTrigger.Branch> branches, boolean required) {
        this.branches = branches;
        this.required = required;
        for (GrammarTrigger.Branch branch : branches) {
            texts.add(branch.text().getBytes(StandardCharsets.UTF_8));
            closings.add(branch.closing().getBytes(StandardCharsets.UTF_8));
            rules.add(rule(branch.text(), branch.grammar()));
        }
    }

    private static Rule rule(String name, Grammar grammar) {
        var rule = new Rule(name);
        rule.entries(List.of(((CompiledGrammar) grammar).start()));
        return rule;
    }

    static Position start(GrammarTrigger trigger) {
        var first = new Triggers(trigger.branches(), trigger.required());
        first.afterwards = switch (trigger.then()) {
            case END -> Done.DONE;
            case FREE -> new FreeText(new Triggers(List.of(), false), FreeText.Matched.NONE);
            case AGAIN -> {
                var again = new Triggers(trigger.branches(), false);
                again.afterwards = new FreeText(again, FreeText.Matched.NONE);
                yield again.afterwards;
            }
        };
        return new FreeText(first, FreeText.Matched.NONE);
    }

    static Position start(GrammarStart start) {
        var first = new Triggers(start.branches(), true);
        for (Grammar other : start.others()) {
            first.others.add(rule("other", other));
        }
        if (start.again()) {
            var again = new Triggers(start.branches(), false);
            again.afterwards = new Opening(again, FreeText.Matched.NONE, 0);
            first.afterwards = again.afterwards;
        }
        return new Opening(first, FreeText.Matched.NONE, 0);
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
            GrammarTrigger.Branch each = branches.get(branch);
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

    /// What the text may be instead, where that is decided at its beginning.
    List<Rule> others() { return others; }

    Rule rule(int branch) { return rules.get(branch); }

    byte[] closingText(int branch) { return closings.get(branch); }

    /// Where to go on behind a branch's grammar.
    Position closing(int branch) {
        return closings.get(branch).length == 0 ? afterwards()
                : new FreeText.Closing(this, branch, 0);
    }

    /// Where to go on behind a whole branch.
    Position afterwards() { return afterwards; }

    boolean mayEndFree() { return !required; }
}
