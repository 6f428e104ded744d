package org.lora4j.text.job;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.lora4j.internal.MessageText;

/** How a job trains, and what the rows of its data are. */
public enum JobMethod {
    /** The answers of conversations: {@code messages}, or {@code prompt} and {@code completion}. */
    SUPERVISED,
    /** Preferences between two answers: {@code prompt}, {@code chosen} and {@code rejected}, or OpenAI's {@code preferred_output}. */
    DPO,
    /** Classes of texts: {@code text} and {@code label}; of pairs of texts with {@code text_pair} in all rows, as in the next two. */
    CLASSIFY,
    /** Any number of labels of texts: {@code text} and {@code labels}, a list. */
    LABELS,
    /** A number of each text: {@code text} and {@code number}. */
    NUMBER,
    /** Labels of parts of texts: rows as {@link org.lora4j.text.data.TaggedColumns#DEFAULT} reads them. */
    TAG,
    /** Queries and the texts that belong to them: {@code query}, {@code positive}, and {@code negative} in all rows or in none. */
    EMBED,
    /** How well texts belong to queries: {@code query}, {@code text} and {@code label}, or {@code query}, {@code positive} and {@code negative}. */
    RERANK;

    /**
     * Returns the name that files and requests have.
     *
     * @return the name in small letters
     */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Returns the method of a name.
     *
     * @param text a name as {@link #text} returns it
     * @return the method
     * @throws IllegalArgumentException if there is none of this name
     */
    public static JobMethod of(String text) {
        Objects.requireNonNull(text, "text must not be null");
        for (JobMethod method : values()) {
            if (method.text().equals(text)) {
                return method;
            }
        }
        List<String> known = Arrays.stream(values()).map(JobMethod::text).toList();
        throw new IllegalArgumentException("method must be one of " + known + ", found " + MessageText.quote(text));
    }
}
