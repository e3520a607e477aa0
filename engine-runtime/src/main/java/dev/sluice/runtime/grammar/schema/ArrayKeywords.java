package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.schema.Branch.Task;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The keywords about arrays. Part of an [Expansion].
final class ArrayKeywords {
    private final Expansion expansion;

    ArrayKeywords(Expansion expansion) {
        this.expansion = expansion;
    }

    void apply(Task task, Branch branch) {
        SchemaNode node = task.node();
        Facts facts = branch.facts();
        boolean positive = task.positive();
        switch (task.keyword()) {
            case "items" -> {
                Facts.Items items = items(node);
                if (positive) {
                    facts.items.add(items);
                } else {
                    expansion.split(branch, failing(items, node));
                }
            }
            case "minItems" -> {
                if (positive) {
                    facts.itemsAtLeast(node.count("minItems"));
                } else {
                    ValueKeywords.below(node.count("minItems"), facts::itemsAtMost, branch);
                }
            }
            case "maxItems" -> {
                if (positive) {
                    facts.itemsAtMost(node.count("maxItems"));
                } else {
                    facts.itemsAtLeast(node.count("maxItems") + 1);
                }
            }
            case "uniqueItems" -> unique(node, positive, branch);
            case "contains" -> contains(node, positive, branch);
            default -> unevaluated(node, positive, facts);
        }
    }

    /// `test` for the item at an index, anything for all others.
    static Facts.Items itemAt(int index, Literal test) {
        var prefix = new ArrayList<>(Collections.nCopies(index, Literal.TRUE));
        prefix.add(test);
        return new Facts.Items(prefix, Literal.TRUE);
    }

    private static Facts.Items items(SchemaNode node) {
        boolean list = node.members().get("items") instanceof List;
        var prefix = new ArrayList<Literal>();
        String firsts = list ? "items" : "prefixItems";
        if (node.has(firsts) && !node.list(firsts).isEmpty()) {
            node.children(firsts).forEach(item -> prefix.add(Literal.of(item)));
        }
        String others = list ? "additionalItems" : "items";
        // Without a list of first items, `additionalItems` says nothing.
        boolean some = node.has(others) && (list || !others.equals("additionalItems"));
        return new Facts.Items(prefix, some ? Literal.of(node.child(others)) : Literal.TRUE);
    }

    private static List<Consumer<Branch>> failing(Facts.Items items, SchemaNode node) {
        var ways = new ArrayList<Consumer<Branch>>();
        for (int i = 0; i < items.prefix().size(); i++) {
            int index = i;
            ways.add(branch -> {
                branch.facts().itemsAtLeast(index + 1);
                branch.facts().items.add(itemAt(index, items.prefix().get(index).negated()));
            });
        }
        int first = items.prefix().size();
        if (items.rest().isFalse()) {
            ways.add(branch -> branch.facts().itemsAtLeast(first + 1));
        } else if (first == 0) {
            ways.add(branch -> branch.facts().contains.add(new ArrayShape.Contains(
                    items.rest().negated(), 1, ArrayShape.UNLIMITED)));
        } else if (!items.rest().isTrue()) {
            throw node.rejected("items", "its opposite behind first items is not supported");
        }
        return ways;
    }

    private void unique(SchemaNode node, boolean positive, Branch branch) {
        boolean wanted = Boolean.TRUE.equals(node.members().get("uniqueItems"));
        if (wanted && !positive) {
            throw node.rejected("uniqueItems", "its opposite is not supported");
        }
        if (wanted) {
            branch.facts().unique = Optional.of(node);
        } else if (!positive) {
            branch.die();
        }
    }

    private void contains(SchemaNode node, boolean positive, Branch branch) {
        Literal test = Literal.of(node.child("contains"));
        int least = node.has("minContains") ? node.count("minContains") : 1;
        int most = node.has("maxContains") ? node.count("maxContains") : ArrayShape.UNLIMITED;
        if (positive) {
            count(branch, test, least, most);
            return;
        }
        var ways = new ArrayList<Consumer<Branch>>();
        if (least > 0) {
            ways.add(option -> count(option, test, 0, least - 1));
        }
        if (most != ArrayShape.UNLIMITED) {
            ways.add(option -> count(option, test, most + 1, ArrayShape.UNLIMITED));
        }
        if (ways.isEmpty()) {
            ways.add(Branch::die);
        }
        expansion.split(branch, ways);
    }

    private static void count(Branch branch, Literal test, int least, int most) {
        if (least > most) {
            branch.die();
        } else if (most == 0) {
            branch.facts().items.add(new Facts.Items(List.of(), test.negated()));
        } else if (least > 0 || most != ArrayShape.UNLIMITED) {
            branch.facts().contains.add(new ArrayShape.Contains(test, least, most));
        }
    }

    private static void unevaluated(SchemaNode node, boolean positive, Facts facts) {
        if (!positive) {
            throw node.rejected("unevaluatedItems", "its opposite is not supported");
        }
        if (Literal.of(node.child("unevaluatedItems")).isTrue()) {
            return;
        }
        Evaluated evaluated = Evaluated.by(node, "unevaluatedItems");
        if (!evaluated.allItems()) {
            var prefix = new ArrayList<Literal>(
                    Collections.nCopies(evaluated.items(), Literal.TRUE));
            facts.items.add(new Facts.Items(prefix, Literal.of(node.child("unevaluatedItems"))));
        }
    }
}
