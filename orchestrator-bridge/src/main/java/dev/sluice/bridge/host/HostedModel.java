package dev.sluice.bridge.host;

import dev.sluice.models.CausalLm;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.MemoryPlan;
import dev.sluice.models.ModelTexts;
import dev.sluice.models.chat.ChatTemplate;
import dev.sluice.models.chat.TemplateException;
import dev.sluice.models.chat.TemplateRefusedException;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.Engine;
import dev.sluice.runtime.EngineOptions;
import dev.sluice.runtime.RequestRejected;
import dev.sluice.runtime.grammar.VocabularyTrie;
import dev.sluice.runtime.toolcall.MessageReader;
import dev.sluice.runtime.toolcall.TemplateArguments;
import dev.sluice.runtime.toolcall.ToolFormat;
import dev.sluice.runtime.toolcall.ToolFormats;
import dev.sluice.runtime.toolcall.ToolTypes;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A loaded model with all that the protocols need of it. Any thread.
public final class HostedModel implements Hosted {
    /// Whoever looks on does not wait for a longer step than this.
    private static final long FIGURES_PATIENCE_MILLIS = 50;

    private final String name;
    private final LoadedModel loaded;
    private final Engine engine;
    private final ModelFacts facts;
    private final TaskSlots slots;
    private final Tokenizer tokenizer;
    private final String templateSource;
    private final Optional<ChatTemplate> template;
    private final Optional<ToolFormat> toolFormat;
    private final boolean harmony;
    private final TemplateArguments arguments;
    private final boolean opensReasoningItself;
    private final MemoryPlan memory;
    private final int parallel;
    private final int vocab;
    private Optional<VocabularyTrie> trie = Optional.empty();
    private Future<?> refresh = CompletableFuture.completedFuture(true);
    private final Clock clock;

    /// Takes the model over: it is closed with this.
    ///
    /// @param options with the number of sequences decoded at once
    public HostedModel(String name, LoadedModel model, EngineOptions options, Clock clock) {
        this(name, model, model.lm(), options, clock);
    }

    /// As above, with another graph in place of the model's own: one that wraps it, or one that
    /// follows a script. It is closed with this.
    public HostedModel(String name, LoadedModel model, CausalLm lm, EngineOptions options,
            Clock clock) {
        this.name = name;
        loaded = model;
        parallel = options.parallel();
        this.clock = clock;
        ModelTexts texts = model.texts();
        tokenizer = texts.tokenizer();
        memory = model.memory();
        facts = ModelFacts.of(model);
        vocab = lm.vocab();
        templateSource = texts.chatTemplate();
        template = templateSource.isEmpty() ? Optional.empty()
                : Optional.of(ChatTemplate.parse(templateSource));
        toolFormat = ToolFormats.of(templateSource);
        harmony = ToolFormats.isHarmony(templateSource);
        arguments = template.map(t -> TemplateArguments.of(t, textVariables(), clock))
                .orElse(TemplateArguments.OBJECT);
        opensReasoningItself = leavesReasoningToTheModel();
        engine = new Engine(lm, tokenizer, options);
        slots = new TaskSlots(engine, Math.max(1, parallel));
    }

    @Override
    public String name() { return name; }

    @Override
    public String purpose() {
        return "a model that generates text: it answers at /v1/chat/completions and has no "
                + "vectors; embeddings and scores come from a model made for them (a BERT, or a "
                + "decoder that says how it is pooled)";
    }

    public Engine engine() { return engine; }

    /// What runs, by the numbers that llama-server's clients know.
    public TaskSlots slots() { return slots; }

    public ModelFacts facts() { return facts; }

    public Tokenizer tokenizer() { return tokenizer; }

    /// Sequences decoded at once.
    public int parallel() { return parallel; }

    @Override
    public MemoryPlan memory() { return memory; }

    public Clock clock() { return clock; }

    /// Jinja source; empty for a model that only continues text.
    public String templateSource() { return templateSource; }

    public Optional<ChatTemplate> template() { return template; }

    /// In which form the template wants past arguments.
    public TemplateArguments arguments() { return arguments; }

    /// Whether the model knows how to call tools.
    public boolean callsTools() { return toolFormat.isPresent() || harmony; }

    /// The name of the format that its calls are read in; empty if it has none.
    public String toolFormatName() {
        return harmony ? "harmony" : toolFormat.map(ToolFormat::name).orElse("");
    }

    /// Variables of the template that are the tokenizer's.
    public Map<String, Object> textVariables() {
        return Map.of("bos_token", tokenizer.bosText(), "eos_token", tokenizer.eosText());
    }

    /// Whether its answers are messages in channels, as gpt-oss's are.
    public boolean writesChannels() { return harmony; }

    /// How its answers are written; without tools only the reasoning is known. Harmony's is not
    /// described by one.
    public ToolFormat format() {
        return harmony ? ToolFormat.REASONING_ONLY.withReasoning(ToolFormat.Marks.NONE)
                : toolFormat.orElse(ToolFormat.REASONING_ONLY);
    }

    /// What it does and has done. In a long step the engine has no time to say, and the figures
    /// are those of the last time.
    public ModelFigures figures() {
        try {
            refresh().get(FIGURES_PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException | CancellationException
                | RequestRejected e) {
            // Busy, or closing: what is known is still true of some moment before.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new ModelFigures(engine.stats(), loaded.expertStatistics().latest(),
                loaded.expertCacheStatistics());
    }

    private synchronized Future<?> refresh() {
        if (refresh.isDone()) {
            refresh = engine.betweenSteps(loaded.expertStatistics()::publish);
        }
        return refresh;
    }

    /// The bytes of its vocabulary, for grammars; made when first asked for.
    public synchronized VocabularyTrie trie() {
        if (trie.isEmpty()) {
            trie = Optional.of(new VocabularyTrie(tokenizer, vocab));
        }
        return trie.get();
    }

    /// Whether a prompt ends inside of reasoning that its template opened.
    public boolean opensReasoning(String prompt) {
        String open = format().reasoning().open();
        return !open.isEmpty() && prompt.stripTrailing().endsWith(open.strip());
    }

    /// Whether an answer to this prompt may begin with reasoning that the model opens by itself.
    public boolean mayOpenReasoning(String prompt) {
        return opensReasoningItself
                && !prompt.stripTrailing().endsWith(format().reasoning().close().strip());
    }

    /// A template that knows the mark, and does not write it where thinking is asked for, leaves
    /// it to the model. Where it does write it, a prompt without it asks for none.
    private boolean leavesReasoningToTheModel() {
        String open = format().reasoning().open().strip();
        if (open.isEmpty() || !templateSource.contains(open)) {
            return false;
        }
        var variables = new HashMap<String, Object>(textVariables());
        variables.put("messages", List.of(Map.of("role", "user", "content", "x")));
        variables.put("add_generation_prompt", true);
        variables.put("enable_thinking", true);
        try {
            return !opensReasoning(template.orElseThrow().render(variables, clock));
        } catch (TemplateRefusedException | TemplateException e) {
            return false;
        }
    }

    /// Takes an answer of this model apart. Without a tool format only `<think>` is known.
    ///
    /// @param prompt the rendered prompt, whose end shows whether it opened the reasoning
    public MessageReader reader(ToolTypes types, String prompt) {
        if (harmony) {
            return MessageReader.harmony();
        }
        ToolFormat format = format();
        if (types.names().isEmpty()) {
            format = ToolFormat.REASONING_ONLY.withReasoning(format.reasoning());
        }
        return MessageReader.of(format, types, opensReasoning(prompt));
    }

    @Override
    public void close() {
        engine.close();
    }
}
