package org.lora4j.text.tools;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a family of models writes what it thinks before it answers. White space around the marks belongs to them, up to 64 characters.
 * Thoughts that do not end are thoughts to the end of the answer.
 */
public enum ThoughtFormat {
    /**
     * gpt-oss: messages of the channel {@code analysis}. The marks of its other messages, but not those of calls, are left out of the text.
     */
    HARMONY(
            List.of("<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|return|>"),
            "<|start|>assistant<|channel|>analysis<|message|>",
            "<|channel|>analysis<|message|>",
            "(?:<\\|start\\|>assistant)?+<\\|channel\\|>analysis\\s{0,8}+<\\|message\\|>",
            "<\\|end\\|>",
            "(?:<\\|start\\|>assistant)?+<\\|channel\\|>(?:final|commentary)\\s{0,8}+<\\|message\\|>|<\\|end\\|>|<\\|return\\|>"),

    /** Gemma 4: {@code <|channel>thought} and {@code <channel|>}. */
    GEMMA4(List.of("<|channel>", "<channel|>"), "<|channel>thought", "<channel|>"),

    /** Magistral and Ministral: {@code [THINK]} and {@code [/THINK]}. */
    MISTRAL(List.of("[THINK]", "[/THINK]"), "[THINK]", "[/THINK]"),

    /** Seed-OSS: {@code <seed:think>} and {@code </seed:think>}. */
    SEED_OSS(List.of("<seed:think>", "</seed:think>"), "<seed:think>", "</seed:think>"),

    /** Qwen3, DeepSeek-R1, GLM, MiniMax, SmolLM3 and many others: {@code <think>} and {@code </think>}. */
    THINK(List.of("<think>", "</think>"), "<think>", "</think>");

    @SuppressWarnings("ImmutableEnumChecker") // a list that nobody can change
    private final List<String> marks;

    private final String open;
    private final String close;
    private final Pattern begin;
    private final Pattern end;
    private final @Nullable Pattern dropped;

    ThoughtFormat(List<String> marks, String open, String close) {
        this(marks, open, close, around(open), around(close), null);
    }

    ThoughtFormat(List<String> marks, String open, String close, String begin, String end, @Nullable String dropped) {
        this.marks = marks;
        this.open = open;
        this.close = close;
        this.begin = Pattern.compile(begin);
        this.end = Pattern.compile(end);
        this.dropped = dropped == null ? null : Pattern.compile(dropped);
    }

    private static String around(String mark) {
        return ToolSyntax.SPACE + Pattern.quote(mark) + ToolSyntax.SPACE;
    }

    /**
     * Returns the format of a chat template.
     *
     * @param template the text of the template
     * @return the format whose marks occur in it; nothing for a template without thoughts
     */
    public static Optional<ThoughtFormat> find(String template) {
        Objects.requireNonNull(template, "template must not be null");
        for (ThoughtFormat format : values()) {
            if (template.contains(format.close)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    /**
     * Returns the texts of this format that are special tokens in some models, and must stay in the text of an answer.
     *
     * @return the texts, for {@link org.lora4j.text.tokens.Tokenizer#stream(List)}
     */
    public List<String> marks() {
        return marks;
    }

    /**
     * Returns whether an answer begins within thoughts, because the prompt ends with the mark of their beginning.
     *
     * @param prompt what a template has written before the answer
     * @return true if the answer only has the mark of their end
     */
    public boolean isOpen(String prompt) {
        Objects.requireNonNull(prompt, "prompt must not be null");
        int last = prompt.lastIndexOf(open);
        return last >= 0 && prompt.substring(last + open.length()).isBlank();
    }

    /**
     * Returns what a prompt has and an answer that was written after it has not: thoughts without a word, or the mark of their
     * beginning.
     *
     * @param rest the end of the prompt
     * @return the same with the mark of their end; nothing if it is something else
     */
    public Optional<String> withoutWords(String rest) {
        String text = Objects.requireNonNull(rest, "rest must not be null").strip();
        if (!text.startsWith(open)) {
            return Optional.empty();
        }
        String inside = text.substring(open.length()).strip();
        if (inside.isEmpty()) {
            return Optional.of(rest.stripTrailing() + "\n\n" + close + "\n\n");
        }
        return Optional.of(rest).filter(same -> inside.equals(close));
    }

    /** The beginning of thoughts. */
    Pattern begin() {
        return begin;
    }

    /** The end of thoughts. */
    Pattern end() {
        return end;
    }

    /** Marks outside of thoughts that are no text; null if thoughts stand only at the beginning of an answer. */
    @Nullable
    Pattern dropped() {
        return dropped;
    }
}
