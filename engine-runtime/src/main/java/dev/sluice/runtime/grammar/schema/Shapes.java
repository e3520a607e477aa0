package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Budget;
import dev.sluice.runtime.grammar.text.PatternAt;
import dev.sluice.runtime.grammar.text.RegexParser;
import dev.sluice.runtime.grammar.text.TextDfa;
import dev.sluice.runtime.grammar.text.TextDfas;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// From what is known of a value to its shape. One thread.
final class Shapes {
    /// Items, and bounds on items that pass a test, when there is such a test.
    private static final int COUNTED_MAX = 1000;
    private static final int CONTAINS_MAX = 3;
    /// Names that a group of properties may have to be listed one by one.
    private static final int FEW_NAMES = 64;

    private final SchemaCompiler compiler;
    private final Budget budget;

    Shapes(SchemaCompiler compiler) {
        this.compiler = compiler;
        budget = compiler.budget();
    }

    List<Shape> of(JsonType type, Facts facts) {
        return switch (type) {
            case NULL -> List.of(new ConstantShape(compiler.notation().word("null")));
            case BOOLEAN -> {
                var words = new ArrayList<Shape>();
                facts.booleans.forEach(b -> words.add(
                        new ConstantShape(compiler.notation().word(b.toString()))));
                yield words;
            }
            case NUMBER -> {
                if (facts.notSteps.size() > 2) {
                    throw budget.rejected("more than two opposites of 'multipleOf' at once");
                }
                yield numbers(new NumberShape(facts.interval, facts.steps, facts.notSteps));
            }
            case STRING -> List.of(TextShape.of(text(facts), facts.leastLength, facts.mostLength,
                    budget));
            case ARRAY -> List.of(array(facts));
            case OBJECT -> List.of(object(facts));
        };
    }

    /// A single number that programs print with a power of ten may also be spelled so.
    private List<Shape> numbers(NumberShape shape) {
        var shapes = new ArrayList<Shape>();
        shapes.add(shape);
        Optional<BigDecimal> single = shape.interval().single();
        String printed = single.isPresent() ? Double.toString(single.get().doubleValue()) : "";
        int power = printed.indexOf('E');
        if (power > 0 && shape.passes(single.get())
                && new BigDecimal(printed).compareTo(single.get()) == 0) {
            String whole = printed.substring(0, power);
            String mantissa = whole.endsWith(".0") ? whole.substring(0, power - 2) : whole;
            String sign = printed.charAt(power + 1) == '-' ? "-" : "\\+?";
            String digits = printed.substring(power + (sign.equals("-") ? 2 : 1));
            String point = mantissa.contains(".") ? "" : "(?:\\.0)?";
            var spelled = RegexParser.parse(mantissa.replace(".", "\\.") + point + "[eE]" + sign
                    + "0?" + digits, budget);
            shapes.add(new SpelledShape(PatternAt.start(spelled, budget, Set.of())));
        }
        return shapes;
    }

    private TextDfa text(Facts facts) {
        return compiler.writable(tested(facts));
    }

    private TextDfa tested(Facts facts) {
        if (facts.notTexts.isEmpty() && facts.texts.size() < 2) {
            return facts.texts.isEmpty() ? TextDfa.ANYTHING : facts.texts.getFirst();
        }
        var all = new ArrayList<>(facts.texts);
        all.addAll(facts.notTexts);
        int wanted = facts.texts.size();
        return TextDfas.product(all, labels -> {
            for (int i = 0; i < labels.length; i++) {
                if (labels[i] >= 0 != i < wanted) {
                    return TextDfa.NO_LABEL;
                }
            }
            return 0;
        }, budget);
    }

    private ArrayShape array(Facts facts) {
        int first = 0;
        for (Facts.Items items : facts.items) {
            first = Math.max(first, items.prefix().size());
        }
        var prefix = new ArrayList<Conjunction>();
        int most = facts.mostItems;
        for (int index = 0; index <= first; index++) {
            var tests = new ArrayList<Literal>();
            for (Facts.Items items : facts.items) {
                tests.add(index < items.prefix().size() ? items.prefix().get(index)
                        : items.rest());
            }
            var item = Conjunction.of(tests);
            prefix.add(item);
            if (item.isNothing()) {
                most = Math.min(most, index);
            }
        }
        Conjunction rest = prefix.removeLast();
        if (facts.unique.isPresent() && most > 1) {
            throw facts.unique.get().rejected("uniqueItems",
                    "which items came before is not kept, unless there is at most one");
        }
        checkCounts(facts, most);
        return new ArrayShape(prefix, rest, facts.leastItems, most, facts.contains);
    }

    private void checkCounts(Facts facts, int most) {
        boolean counts = !facts.contains.isEmpty();
        boolean many = facts.leastItems > COUNTED_MAX
                || most != ArrayShape.UNLIMITED && most > COUNTED_MAX;
        for (ArrayShape.Contains each : facts.contains) {
            many |= each.least() > COUNTED_MAX
                    || each.most() != ArrayShape.UNLIMITED && each.most() > COUNTED_MAX;
        }
        if (counts && (many || facts.contains.size() > CONTAINS_MAX)) {
            throw budget.rejected("'contains' together with bounds over " + COUNTED_MAX
                    + ", or more than " + CONTAINS_MAX + " of them");
        }
    }

    private ObjectShape object(Facts facts) {
        var names = new LinkedHashSet<String>();
        for (Facts.Members members : facts.members) {
            names.addAll(members.named().keySet());
        }
        names.addAll(facts.required);
        Optional<TextDfa> allowed = facts.names.isEmpty() ? Optional.empty()
                : Optional.of(compiler.strings(Conjunction.of(facts.names)));
        var groups = new NameGroups(facts.members, allowed, budget);
        if (groups.isPatterned()) {
            names.addAll(groups.fewNames(names, FEW_NAMES));
        }
        var properties = new ArrayList<ObjectShape.Property>();
        for (String name : names) {
            properties.add(new ObjectShape.Property(name, groups.value(name),
                    facts.required.contains(name)));
        }
        TextDfa dfa = compiler.writable(groups.names(new ArrayList<>(names)));
        var shape = new ObjectShape(properties, groups.groups(), dfa,
                new ObjectShape.Bounds(facts.leastProperties, facts.mostProperties), budget);
        return compiler.notation().quote().isEmpty() ? shape
                : shape.writable(compiler.pattern(Notation.BARE_NAMES), budget);
    }
}
