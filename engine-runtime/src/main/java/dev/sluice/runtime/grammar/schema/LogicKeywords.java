package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.schema.Branch.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// The keywords that combine schemas. Part of an [Expansion].
final class LogicKeywords {
    private final Expansion expansion;
    private final SchemaCompiler compiler;

    LogicKeywords(Expansion expansion, SchemaCompiler compiler) {
        this.expansion = expansion;
        this.compiler = compiler;
    }

    void apply(Task task, Branch branch) {
        SchemaNode node = task.node();
        boolean positive = task.positive();
        switch (task.keyword()) {
            case "$ref" -> expansion.require(branch, new Literal(node.target(), positive));
            case "not" -> expansion.require(branch, new Literal(node.child("not"), !positive));
            case "allOf" -> all(node.children("allOf"), positive, branch);
            case "anyOf" -> any(node.children("anyOf"), positive, branch);
            case "oneOf" -> one(node.children("oneOf"), positive, branch);
            case "if" -> condition(node, positive, branch);
            default -> throw node.rejected(task.keyword(), "not supported");
        }
    }

    private void all(List<SchemaNode> parts, boolean positive, Branch branch) {
        if (positive) {
            for (SchemaNode part : parts) {
                expansion.require(branch, Literal.of(part));
            }
        } else {
            var options = new ArrayList<Consumer<Branch>>();
            for (SchemaNode part : parts) {
                options.add(expansion.requiring(Literal.not(part)));
            }
            expansion.split(branch, options);
        }
    }

    private void any(List<SchemaNode> parts, boolean positive, Branch branch) {
        if (positive) {
            var options = new ArrayList<Consumer<Branch>>();
            for (SchemaNode part : parts) {
                options.add(expansion.requiring(Literal.of(part)));
            }
            expansion.split(branch, options);
        } else {
            for (SchemaNode part : parts) {
                expansion.require(branch, Literal.not(part));
            }
        }
    }

    /// Exactly one: for each part, that part and the opposite of each other that it overlaps.
    /// Parts that are disjoint need no opposite, which often can not be said.
    private void one(List<SchemaNode> parts, boolean positive, Branch branch) {
        var options = new ArrayList<Consumer<Branch>>();
        for (int i = 0; i < parts.size(); i++) {
            var tests = new ArrayList<Literal>();
            tests.add(Literal.of(parts.get(i)));
            for (int j = 0; j < parts.size(); j++) {
                boolean overlap = j != i && compiler.overlap(expansion.type(), parts.get(i),
                        parts.get(j));
                if (positive && overlap) {
                    tests.add(Literal.not(parts.get(j)));
                } else if (!positive && j < i) {
                    options.add(expansion.requiring(Literal.of(parts.get(i)),
                            Literal.of(parts.get(j))));
                }
            }
            if (positive) {
                options.add(expansion.requiring(tests.toArray(new Literal[0])));
            }
        }
        if (!positive) {
            options.add(none -> any(parts, false, none));
        }
        expansion.split(branch, options);
    }

    private void condition(SchemaNode node, boolean positive, Branch branch) {
        if (!node.has("then") && !node.has("else")) {
            if (!positive) {
                branch.die();
            }
            return;
        }
        Literal test = Literal.of(node.child("if"));
        Literal then = node.has("then") ? Literal.of(node.child("then")) : Literal.TRUE;
        Literal otherwise = node.has("else") ? Literal.of(node.child("else")) : Literal.TRUE;
        expansion.split(branch, List.of(
                expansion.requiring(test, positive ? then : then.negated()),
                expansion.requiring(test.negated(), positive ? otherwise : otherwise.negated())));
    }
}
