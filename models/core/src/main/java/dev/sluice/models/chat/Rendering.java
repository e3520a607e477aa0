package dev.sluice.models.chat;

import java.time.Clock;

/// The state of one rendering that every operation shares: the current line for errors, the
/// clock, and the limits that end a hostile template. One thread.
///
/// Steps bound time; characters bound the memory of all values made, so that neither doubling a
/// text in a loop nor many large values can fill the heap; depth bounds the stack.
final class Rendering {
    /// A rendering of ten messages takes a few thousand steps; this many take half a second.
    private static final long STEPS = 2_000_000;
    private static final long STEPS_PER_INPUT_CHARACTER = 64;
    private static final long CHARACTERS = 32L << 20;
    private static final long CHARACTERS_PER_INPUT_CHARACTER = 128;
    /// Nested evaluations, of which a macro that walks a JSON schema takes some eight a level.
    /// The worst of them need a kilobyte of stack each before they are compiled.
    private static final int DEPTH_MAX = 400;

    private final Clock clock;
    private final long stepsMax;
    private final long charactersMax;
    private long steps;
    private long characters;
    private int depth;
    private int line = 1;

    /// `inputCharacters` is the size of the template and of its variables.
    Rendering(Clock clock, long inputCharacters) {
        this.clock = clock;
        this.stepsMax = STEPS + STEPS_PER_INPUT_CHARACTER * inputCharacters;
        this.charactersMax = CHARACTERS + CHARACTERS_PER_INPUT_CHARACTER * inputCharacters;
    }

    Clock clock() { return clock; }

    int line() { return line; }

    void at(int newLine) { line = newLine; }

    TemplateException fault(String message) {
        return new TemplateException(line, message);
    }

    void enter() {
        steps(1);
        if (++depth > DEPTH_MAX) {
            throw fault("nested deeper than " + DEPTH_MAX + " evaluations");
        }
    }

    void leave() { depth--; }

    void steps(long count) {
        steps += count;
        if (steps > stepsMax) {
            throw fault("more than " + stepsMax + " steps");
        }
    }

    /// To be called before all characters of a text are read, which costs far less than
    /// making a value of each.
    void reads(long count) {
        steps(count >> 6);
    }

    /// To be called before a text is searched: Java's search may compare all of what is wanted
    /// at every place.
    void searches(String text, String wanted) {
        steps((long) text.length() * wanted.length() >> 8);
        reads(text.length());
    }

    /// To be called before a value of `count` characters, or elements of eight, is made.
    void makes(long count) {
        characters += Math.max(0, count);
        if (characters > charactersMax) {
            throw fault("the values made have more than " + charactersMax + " characters");
        }
    }
}
