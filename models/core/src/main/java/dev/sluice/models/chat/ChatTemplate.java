package dev.sluice.models.chat;

import java.time.Clock;
import java.util.List;
import java.util.Map;

/// A chat template: the part of Jinja2 that the templates of published models use, rendered as
/// Hugging Face's transformers renders them. Blocks are trimmed, loops have `break` and
/// `continue`, `tojson` writes Python's JSON, text is not escaped, and values can not be changed.
///
/// What is not supported is an error that names the construct and its line: when the template
/// is parsed where that can be known, else when it is reached. Jinja2's own rule holds for
/// unknown filters and tests: inside a condition they fail only when reached.
///
/// A rendering reads nothing but the variables and the clock, and steps, memory and depth are
/// bounded, so a template from the internet can be wrong but not harmful. Immutable, any thread.
public final class ChatTemplate {
    /// The longest template we know has some twenty thousand characters.
    private static final int LENGTH_MAX = 1 << 20;

    private final List<Statement> statements;
    private final int length;

    private ChatTemplate(List<Statement> statements, int length) {
        this.statements = statements;
        this.length = length;
    }

    /// Throws `TemplateException` when the source is not a template that this class can render.
    public static ChatTemplate parse(String source) {
        if (source.length() > LENGTH_MAX) {
            throw new TemplateException(1, "the template has " + source.length()
                    + " characters, at most " + LENGTH_MAX + " are allowed");
        }
        return new ChatTemplate(StatementParser.parse(source), source.length());
    }

    /// The text for these variables: `messages`, `tools`, `add_generation_prompt`, `bos_token`
    /// and whatever else the template reads. Values are those of `dev.sluice.models.json.Json`.
    /// `strftime_now` reads the clock in its zone.
    ///
    /// Throws `TemplateRefusedException` when the template calls `raise_exception`, and
    /// `TemplateException` when it fails.
    public String render(Map<String, Object> variables, Clock clock) {
        var door = new Variables();
        Map<String, Object> copied = door.copied(variables);
        var run = new Rendering(clock, length + door.characters());
        Scope scope = Scope.outermost(copied).inner();
        return new Interpreter(run).text(statements, scope);
    }
}
