package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.schema.Branch.Task;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// The keywords about objects. Part of an [Expansion].
final class ObjectKeywords {
    private final Expansion expansion;
    private final SchemaCompiler compiler;

    ObjectKeywords(Expansion expansion, SchemaCompiler compiler) {
        this.expansion = expansion;
        this.compiler = compiler;
    }

    void apply(Task task, Branch branch) {
        SchemaNode node = task.node();
        Facts facts = branch.facts();
        boolean positive = task.positive();
        switch (task.keyword()) {
            case "properties" -> members(node, positive, branch);
            case "required" -> required(node.strings("required"), positive, branch);
            case "minProperties" -> {
                if (positive) {
                    facts.propertiesAtLeast(node.count("minProperties"));
                } else {
                    ValueKeywords.below(node.count("minProperties"), facts::propertiesAtMost,
                            branch);
                }
            }
            case "maxProperties" -> {
                if (positive) {
                    facts.propertiesAtMost(node.count("maxProperties"));
                } else {
                    facts.propertiesAtLeast(node.count("maxProperties") + 1);
                }
            }
            case "propertyNames" -> {
                if (!positive) {
                    throw node.rejected("propertyNames", "its opposite is not supported");
                }
                facts.names.add(Literal.of(node.child("propertyNames")));
            }
            case "unevaluatedProperties" -> unevaluated(node, positive, facts);
            default -> dependent(node, task.keyword(), positive, branch);
        }
    }

    private void members(SchemaNode node, boolean positive, Branch branch) {
        var named = new LinkedHashMap<String, Literal>();
        node.namedChildren("properties").forEach((name, at) -> named.put(name, Literal.of(at)));
        var patterns = new ArrayList<Facts.Patterned>();
        node.namedChildren("patternProperties").forEach((pattern, at) ->
                patterns.add(new Facts.Patterned(compiler.pattern(pattern), Literal.of(at))));
        Literal others = node.has("additionalProperties")
                ? Literal.of(node.child("additionalProperties")) : Literal.TRUE;
        if (positive) {
            branch.facts().members.add(new Facts.Members(named, patterns, others));
            return;
        }
        for (Facts.Patterned pattern : patterns) {
            if (!pattern.test().isTrue()) {
                throw node.rejected("patternProperties", "its opposite is not supported");
            }
        }
        if (!others.isTrue()) {
            throw node.rejected("additionalProperties", "its opposite is not supported");
        }
        var ways = new ArrayList<Consumer<Branch>>();
        named.forEach((name, test) -> ways.add(option -> {
            option.facts().required.add(name);
            option.facts().members.add(Facts.Members.of(name, test.negated()));
        }));
        expansion.split(branch, ways);
    }

    private void required(List<String> names, boolean positive, Branch branch) {
        if (positive) {
            branch.facts().required.addAll(names);
            return;
        }
        var ways = new ArrayList<Consumer<Branch>>();
        for (String name : names) {
            ways.add(option -> option.facts().forbid(name));
        }
        expansion.split(branch, ways);
    }

    private void unevaluated(SchemaNode node, boolean positive, Facts facts) {
        if (!positive) {
            throw node.rejected("unevaluatedProperties", "its opposite is not supported");
        }
        Literal others = Literal.of(node.child("unevaluatedProperties"));
        if (others.isTrue()) {
            return;
        }
        Evaluated evaluated = Evaluated.by(node, "unevaluatedProperties");
        if (!evaluated.allProperties()) {
            var patterns = new ArrayList<Facts.Patterned>();
            for (String pattern : evaluated.patterns()) {
                patterns.add(new Facts.Patterned(compiler.pattern(pattern), Literal.TRUE));
            }
            facts.members.add(new Facts.Members(evaluated.names(), patterns, others));
        }
    }

    /// `dependentRequired`, `dependentSchemas` and draft 7's `dependencies`, which is either.
    private void dependent(SchemaNode node, String keyword, boolean positive, Branch branch) {
        Map<String, Object> all = node.object(keyword);
        var failing = new ArrayList<Consumer<Branch>>();
        for (String name : all.keySet()) {
            boolean names = all.get(name) instanceof List;
            List<String> needed = names ? node.stringsOf(keyword, (List<?>) all.get(name))
                    : List.of();
            Literal test = names ? Literal.TRUE
                    : Literal.of(node.child(keyword, name));
            failing.add(option -> {
                option.facts().required.add(name);
                if (names) {
                    required(needed, false, option);
                } else {
                    expansion.require(option, test.negated());
                }
            });
            if (positive) {
                expansion.split(branch, List.of(option -> option.facts().forbid(name), option -> {
                    option.facts().required.add(name);
                    option.facts().required.addAll(needed);
                    expansion.require(option, test);
                }));
            }
        }
        if (!positive) {
            expansion.split(branch, failing);
        }
    }
}
