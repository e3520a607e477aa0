package dev.sluice.models.chat;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The tree of a template's statements. Immutable.
sealed interface Statement {
    int line();

    record Text(int line, String text) implements Statement { }

    record Print(int line, Expression value) implements Statement { }

    record If(int line, List<Branch> branches, List<Statement> otherwise) implements Statement { }

    record For(int line, Loop loop) implements Statement { }

    record Assign(int line, Target target, Expression value) implements Statement { }

    record AssignBlock(int line, Target target, List<Expression.Use> filters,
                       List<Statement> body) implements Statement { }

    record Define(int line, MacroBody macro) implements Statement { }

    /// `{% call(parameters) macro(inputs) %}`: the body is the macro `caller`.
    record CallBlock(int line, MacroBody caller, Expression.Call call) implements Statement { }

    record FilterBlock(int line, List<Expression.Use> filters, List<Statement> body)
            implements Statement { }

    record With(int line, List<Target> targets, List<Expression> values, List<Statement> body)
            implements Statement { }

    /// A body with a scope of its own and no other effect: `{% generation %}`.
    record Scoped(int line, List<Statement> body) implements Statement { }

    record Break(int line) implements Statement { }

    record Continue(int line) implements Statement { }

    record Branch(Expression condition, List<Statement> body) { }

    record Loop(Target target, Expression iterable, Optional<Expression> condition,
                List<Statement> body, List<Statement> otherwise, boolean recursive) { }

    /// Parameters without a default come first; `defaults` belong to the last ones. A macro
    /// that reads `caller`, `varargs` or `kwargs` gets these, any other refuses them.
    record MacroBody(String name, List<String> parameters, List<Expression> defaults,
                     List<Statement> body, Set<String> namesRead) { }

    /// What `set` and `for` assign to.
    sealed interface Target {
        record ToName(String name) implements Target { }

        record ToAttribute(String namespace, String attribute) implements Target { }

        record ToTuple(List<Target> targets) implements Target { }
    }
}
