package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.schema.Branch.Task;
import dev.sluice.runtime.grammar.text.TextDfa;
import dev.sluice.runtime.grammar.text.TextDfas;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// The keywords about types, single values, numbers and strings. Part of an [Expansion].
final class ValueKeywords {
    private static final Set<String> TYPES = Set.of("null", "boolean", "number", "integer",
            "string", "array", "object");

    private final Expansion expansion;
    private final SchemaCompiler compiler;

    ValueKeywords(Expansion expansion, SchemaCompiler compiler) {
        this.expansion = expansion;
        this.compiler = compiler;
    }

    void type(Task task, Branch branch) {
        SchemaNode node = task.node();
        List<String> types = node.members().get("type") instanceof String one ? List.of(one)
                : node.strings("type");
        for (String each : types) {
            if (!TYPES.contains(each)) {
                throw node.rejected("type", "unknown type " + each);
            }
        }
        boolean listed = types.contains(expansion.type().name().toLowerCase(java.util.Locale.ROOT));
        boolean integers = expansion.type() == JsonType.NUMBER && !listed
                && types.contains("integer");
        if (integers) {
            var steps = task.positive() ? branch.facts().steps : branch.facts().notSteps;
            steps.add(BigDecimal.ONE);
        } else if (listed != task.positive()) {
            branch.die();
        }
    }

    void exactly(Object normal, boolean positive, Branch branch) {
        values(List.of(normal), positive, branch);
    }

    void oneOfValues(List<?> list, boolean positive, Branch branch) {
        var normal = new ArrayList<Object>();
        for (Object item : list) {
            normal.add(JsonValues.normal(item));
        }
        values(normal, positive, branch);
    }

    /// One of some values, or none of them.
    private void values(List<Object> normal, boolean positive, Branch branch) {
        compiler.budget().spend(normal.size());
        var own = new LinkedHashSet<Object>();
        for (Object each : normal) {
            if (JsonValues.type(each) == expansion.type()) {
                own.add(each);
            }
        }
        if (own.isEmpty()) {
            if (positive) {
                branch.die();
            }
            return;
        }
        switch (expansion.type()) {
            case NULL -> {
                if (!positive) {
                    branch.die();
                }
            }
            case BOOLEAN -> branch.facts().booleans.removeIf(b -> own.contains(b) != positive);
            case STRING -> {
                var words = new ArrayList<String>();
                own.forEach(word -> words.add((String) word));
                (positive ? branch.facts().texts : branch.facts().notTexts)
                        .add(TextDfas.words(words, compiler.budget()));
            }
            case NUMBER, ARRAY, OBJECT -> each(own, positive, branch);
        }
    }

    private void each(Set<Object> own, boolean positive, Branch branch) {
        if (positive) {
            var options = new ArrayList<Consumer<Branch>>();
            for (Object value : own) {
                options.add(option -> equalTo(value, option));
            }
            expansion.split(branch, options);
        } else {
            for (Object value : own) {
                expansion.split(branch, unequal(value));
            }
        }
    }

    private void equalTo(Object value, Branch branch) {
        Facts facts = branch.facts();
        switch (value) {
            case BigDecimal number -> within(branch, Interval.point(number));
            case List<?> list -> {
                facts.itemsAtLeast(list.size());
                facts.itemsAtMost(list.size());
                var prefix = new ArrayList<Literal>();
                list.forEach(item -> prefix.add(Literal.exactly(item)));
                facts.items.add(new Facts.Items(prefix, Literal.FALSE));
            }
            case Map<?, ?> map -> {
                var named = new LinkedHashMap<String, Literal>();
                map.forEach((name, item) -> named.put((String) name, Literal.exactly(item)));
                facts.required.addAll(named.keySet());
                facts.members.add(new Facts.Members(named, List.of(), Literal.FALSE));
            }
            default -> branch.die();
        }
    }

    private void within(Branch branch, Interval interval) {
        Facts facts = branch.facts();
        facts.interval = facts.interval.and(interval);
        if (facts.interval.isEmpty()) {
            branch.die();
        }
    }

    /// The ways to differ from a value of the same type.
    private List<Consumer<Branch>> unequal(Object value) {
        var ways = new ArrayList<Consumer<Branch>>();
        switch (value) {
            case BigDecimal number -> {
                ways.add(branch -> within(branch, Interval.ALL.atMost(number, true)));
                ways.add(branch -> within(branch, Interval.ALL.atLeast(number, true)));
            }
            case List<?> list -> {
                if (!list.isEmpty()) {
                    ways.add(branch -> branch.facts().itemsAtMost(list.size() - 1));
                }
                ways.add(branch -> branch.facts().itemsAtLeast(list.size() + 1));
                for (int i = 0; i < list.size(); i++) {
                    int index = i;
                    ways.add(branch -> itemDiffers(branch.facts(), index, list.get(index)));
                }
            }
            case Map<?, ?> map -> {
                ways.add(branch -> branch.facts().propertiesAtLeast(map.size() + 1));
                map.forEach((name, member) -> {
                    ways.add(branch -> branch.facts().forbid((String) name));
                    ways.add(branch -> {
                        branch.facts().required.add((String) name);
                        branch.facts().members.add(Facts.Members.of((String) name,
                                Literal.exactly(member).negated()));
                    });
                });
            }
            default -> ways.add(Branch::die);
        }
        return ways;
    }

    private static void itemDiffers(Facts facts, int index, Object item) {
        facts.itemsAtLeast(index + 1);
        facts.items.add(ArrayKeywords.itemAt(index, Literal.exactly(item).negated()));
    }

    void number(Task task, Branch branch) {
        BigDecimal bound = task.node().number(task.keyword());
        boolean positive = task.positive();
        switch (task.keyword()) {
            case "multipleOf" -> {
                if (bound.signum() <= 0) {
                    throw task.node().rejected("multipleOf", "must be more than 0");
                }
                (positive ? branch.facts().steps : branch.facts().notSteps).add(bound);
            }
            case "minimum" -> within(branch, positive ? Interval.ALL.atLeast(bound, false)
                    : Interval.ALL.atMost(bound, true));
            case "exclusiveMinimum" -> within(branch, positive ? Interval.ALL.atLeast(bound, true)
                    : Interval.ALL.atMost(bound, false));
            case "maximum" -> within(branch, positive ? Interval.ALL.atMost(bound, false)
                    : Interval.ALL.atLeast(bound, true));
            default -> within(branch, positive ? Interval.ALL.atMost(bound, true)
                    : Interval.ALL.atLeast(bound, false));
        }
    }

    void string(Task task, Branch branch) {
        SchemaNode node = task.node();
        Facts facts = branch.facts();
        boolean positive = task.positive();
        switch (task.keyword()) {
            case "minLength" -> {
                int length = node.count("minLength");
                if (positive) {
                    facts.lengthAtLeast(length);
                } else {
                    below(length, facts::lengthAtMost, branch);
                }
            }
            case "maxLength" -> {
                int length = node.count("maxLength");
                if (positive) {
                    facts.lengthAtMost(length);
                } else {
                    facts.lengthAtLeast(length + 1);
                }
            }
            case "pattern" -> (positive ? facts.texts : facts.notTexts)
                    .add(compiler.pattern(node.string("pattern")));
            default -> format(node, positive, branch);
        }
    }

    private void format(SchemaNode node, boolean positive, Branch branch) {
        Facts facts = branch.facts();
        Optional<TextDfa> texts = compiler.format(node);
        int longest = Formats.longest(node.string("format"));
        if (texts.isEmpty()) {
            if (!positive) {
                branch.die();
            }
        } else if (positive) {
            facts.texts.add(texts.get());
            facts.lengthAtMost(longest);
        } else {
            // Too long is another way to fail; without it the opposite would be too narrow.
            expansion.split(branch, List.of(option -> option.facts().notTexts.add(texts.get()),
                    option -> ValueKeywords.above(longest, option)));
        }
    }

    private static void above(int longest, Branch branch) {
        if (longest == Integer.MAX_VALUE) {
            branch.die();
        } else {
            branch.facts().lengthAtLeast(longest + 1);
        }
    }

    /// Fewer than `count`, which nothing is when that is 0.
    static void below(int count, java.util.function.IntConsumer atMost, Branch branch) {
        if (count == 0) {
            branch.die();
        } else {
            atMost.accept(count - 1);
        }
    }
}
