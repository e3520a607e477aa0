package dev.sluice.models.chat;

import dev.sluice.models.chat.Statement.Assign;
import dev.sluice.models.chat.Statement.Branch;
import dev.sluice.models.chat.Statement.Loop;
import dev.sluice.models.chat.Statement.MacroBody;
import dev.sluice.models.chat.Statement.Target;
import java.util.ArrayList;
import java.util.List;

/// Runs the statements of one rendering and collects its text. One thread.
final class Interpreter {
    private enum Flow { ON, BREAK, CONTINUE }

    private final Rendering run;
    private final Evaluator evaluator;
    private StringBuilder out = new StringBuilder();

    Interpreter(Rendering run) {
        this.run = run;
        this.evaluator = new Evaluator(run);
    }

    /// The text of the statements in a scope that they may assign to.
    String text(List<Statement> statements, Scope scope) {
        StringBuilder outer = out;
        out = new StringBuilder();
        run(statements, scope);
        String text = out.toString();
        out = outer;
        return text;
    }

    private Flow run(List<Statement> statements, Scope scope) {
        for (Statement statement : statements) {
            run.at(statement.line());
            Flow flow = run(statement, scope);
            if (flow != Flow.ON) {
                return flow;
            }
        }
        return Flow.ON;
    }

    private Flow run(Statement statement, Scope scope) {
        run.enter();
        Flow flow = Flow.ON;
        switch (statement) {
            case Statement.Text(_, String text) -> print(text);
            case Statement.Print(int line, Expression expression) -> {
                Object value = evaluator.evaluate(expression, scope);
                run.at(line);
                print(Printing.text(run, value));
            }
            case Statement.If branches -> flow = branch(branches, scope);
            case Statement.For(_, Loop loop) ->
                    loop(loop, scope, evaluator.evaluate(loop.iterable(), scope), 0);
            case Assign(_, Target target, Expression value) ->
                    assign(target, evaluator.evaluate(value, scope), scope);
            case Statement.AssignBlock block -> assign(block.target(),
                    filtered(block.filters(), block.body(), scope), scope);
            case Statement.Define(_, MacroBody macro) ->
                    scope.assign(macro.name(), new Macro(this, macro, scope));
            case Statement.CallBlock block -> callBlock(block, scope);
            case Statement.FilterBlock block -> print(
                    Printing.text(run, filtered(block.filters(), block.body(), scope)));
            case Statement.With with -> flow = with(with, scope);
            case Statement.Scoped(_, List<Statement> body) -> flow = run(body, scope.inner());
            case Statement.Break _ -> flow = Flow.BREAK;
            case Statement.Continue _ -> flow = Flow.CONTINUE;
        }
        run.leave();
        return flow;
    }

    private void print(String text) {
        run.makes(text.length());
        out.append(text);
    }

    private Flow branch(Statement.If statement, Scope scope) {
        for (Branch branch : statement.branches()) {
            if (Values.truth(evaluator.evaluate(branch.condition(), scope))) {
                return run(branch.body(), scope);
            }
        }
        return run(statement.otherwise(), scope);
    }

    private void loop(Loop loop, Scope scope, Object iterable, int depth) {
        List<Object> elements = kept(loop, scope, Values.elements(run, iterable));
        if (elements.isEmpty()) {
            run(loop.otherwise(), scope.inner());
            return;
        }
        var state = new LoopState(this, loop, scope, elements, depth);
        for (int i = 0; i < elements.size(); i++) {
            state.moveTo(i);
            run.steps(1);
            Scope body = scope.inner();
            body.assign("loop", state);
            assign(loop.target(), elements.get(i), body);
            if (run(loop.body(), body) == Flow.BREAK) {
                return;
            }
        }
    }

    /// The elements for which the loop's condition holds.
    private List<Object> kept(Loop loop, Scope scope, List<Object> elements) {
        if (loop.condition().isEmpty()) {
            return elements;
        }
        var kept = new ArrayList<Object>();
        for (Object element : elements) {
            Scope inner = scope.inner();
            assign(loop.target(), element, inner);
            if (Values.truth(evaluator.evaluate(loop.condition().get(), inner))) {
                kept.add(element);
            }
        }
        return kept;
    }

    String recurse(Loop loop, Scope scope, Object iterable, int depth) {
        StringBuilder outer = out;
        out = new StringBuilder();
        run.enter();
        loop(loop, scope, iterable, depth);
        run.leave();
        String text = out.toString();
        out = outer;
        return text;
    }

    private void assign(Target target, Object value, Scope scope) {
        switch (target) {
            case Target.ToName(String name) -> scope.assign(name, value);
            case Target.ToAttribute(String name, String attribute) -> {
                if (!(scope.find(name) instanceof Namespace namespace)) {
                    throw run.fault("can not assign attribute '" + attribute + "' of '" + name
                            + "', which is not a namespace");
                }
                namespace.attributes().put(attribute, value);
            }
            case Target.ToTuple(List<Target> targets) -> {
                List<Object> values = Values.elements(run, value);
                if (values.size() != targets.size()) {
                    throw run.fault("expected " + targets.size() + " values to unpack, got "
                            + values.size());
                }
                for (int i = 0; i < values.size(); i++) {
                    assign(targets.get(i), values.get(i), scope);
                }
            }
        }
    }

    private Object filtered(List<Expression.Use> filters, List<Statement> body, Scope scope) {
        Scope inner = scope.inner();
        Object value = text(body, inner);
        for (Expression.Use filter : filters) {
            value = evaluator.use(filter, value, inner);
        }
        return value;
    }

    private Flow with(Statement.With with, Scope scope) {
        Scope inner = scope.inner();
        for (int i = 0; i < with.targets().size(); i++) {
            Object value = evaluator.evaluate(with.values().get(i), scope);
            assign(with.targets().get(i), value, inner);
        }
        return run(with.body(), inner);
    }

    private void callBlock(Statement.CallBlock block, Scope scope) {
        var caller = new Macro(this, block.caller(), scope);
        Object value = evaluator.call(block.call(), scope, caller);
        run.at(block.line());
        print(Printing.text(run, value));
    }

    String callMacro(Macro macro, Arguments arguments) {
        int calledFrom = run.line();
        Scope scope = macro.definedIn().inner();
        run.enter();
        MacroInputs.assign(run, evaluator, macro.body(), arguments, scope);
        String text = text(macro.body().body(), scope);
        run.leave();
        run.at(calledFrom);
        return text;
    }
}
