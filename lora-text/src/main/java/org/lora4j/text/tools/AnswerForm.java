package org.lora4j.text.tools;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is read from the answers of a model: thoughts, calls and text.
 *
 * <pre>{@code
 * AnswerForm form = template.answerForm(conversation);
 * AnswerReader reader = form.reader();
 * TokenStream stream = tokenizer.stream(form.marks());
 * }</pre>
 *
 * @param thoughts how the model writes what it thinks; null if it thinks nothing
 * @param beginsWithThoughts whether the prompt has begun the thoughts
 * @param calls how it writes calls; null if none are expected
 * @param tools the functions, whose schemas say which arguments are texts
 */
public record AnswerForm(
        @Nullable ThoughtFormat thoughts,
        boolean beginsWithThoughts,
        @Nullable ToolFormat calls,
        List<Tool> tools) {
    /** Answers that are only text. */
    public static final AnswerForm TEXT = new AnswerForm(null, false, null, List.of());

    /**
     * Copies the list.
     *
     * @param thoughts how the model writes what it thinks, or null
     * @param beginsWithThoughts whether the prompt has begun the thoughts
     * @param calls how it writes calls, or null
     * @param tools the functions
     */
    public AnswerForm {
        tools = List.copyOf(Objects.requireNonNull(tools, "tools must not be null"));
    }

    /**
     * Returns the form of answers with calls.
     *
     * @param format how the model writes calls
     * @param functions the functions, whose schemas say which arguments are texts
     * @return the form, with the same thoughts
     */
    public AnswerForm withCalls(ToolFormat format, List<Tool> functions) {
        return new AnswerForm(
                thoughts,
                beginsWithThoughts,
                Objects.requireNonNull(format, "format must not be null"),
                Objects.requireNonNull(functions, "functions must not be null"));
    }

    /**
     * Returns the form of answers that begin outside of thoughts, because a grammar allows none, whatever the prompt has begun.
     *
     * @return the form, with the same calls
     */
    public AnswerForm withoutOpenThoughts() {
        return new AnswerForm(thoughts, false, calls, tools);
    }

    /**
     * Returns the texts that are special tokens in some models, and must stay in the text of an answer.
     *
     * @return the texts, for {@link org.lora4j.text.tokens.Tokenizer#stream(List)}
     */
    public List<String> marks() {
        Set<String> marks = new LinkedHashSet<>();
        if (thoughts != null) {
            marks.addAll(thoughts.marks());
        }
        if (calls != null) {
            marks.addAll(calls.marks());
        }
        return List.copyOf(marks);
    }

    /**
     * Returns a reader for an answer that comes part by part.
     *
     * @return a reader for one answer
     */
    public AnswerReader reader() {
        return new AnswerReader(
                thoughts == null ? null : new ThoughtReader(thoughts, beginsWithThoughts),
                calls == null ? null : calls.reader(tools));
    }

    /**
     * Reads a whole answer.
     *
     * @param answer the answer, with the {@link #marks} in it
     * @return its thoughts, its text and its calls
     */
    public ToolAnswer read(String answer) {
        Objects.requireNonNull(answer, "answer must not be null");
        AnswerReader reader = reader();
        List<AnswerPart> parts = new ArrayList<>(reader.add(answer));
        parts.addAll(reader.end());
        return ToolAnswer.of(parts);
    }
}
