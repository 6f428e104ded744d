package org.lora4j.text.task;

import java.util.Objects;
import java.util.OptionalInt;
import org.lora4j.text.tokens.Prompts;

/**
 * What a program asks of a task, in place of what the files say.
 *
 * @param maxTokens where texts are cut; empty for where the files say
 * @param dimensions the length of embeddings; empty for what the files say
 * @param prompts prompts in place of those of the same names, or beside them
 */
public record TaskSettings(OptionalInt maxTokens, OptionalInt dimensions, Prompts prompts) {
    private static final TaskSettings NONE = new TaskSettings(OptionalInt.empty(), OptionalInt.empty(), Prompts.none());

    /**
     * Checks that nothing is missing.
     *
     * @param maxTokens where texts are cut
     * @param dimensions the length of embeddings
     * @param prompts the prompts
     */
    public TaskSettings {
        Objects.requireNonNull(maxTokens, "maxTokens must not be null");
        Objects.requireNonNull(dimensions, "dimensions must not be null");
        Objects.requireNonNull(prompts, "prompts must not be null");
    }

    /**
     * Returns settings that ask for nothing.
     *
     * @return what the files say holds
     */
    public static TaskSettings none() {
        return NONE;
    }

    /**
     * Returns settings that only say where texts are cut.
     *
     * @param maxTokens the most tokens of a text; empty for where the files say
     * @return the settings
     */
    public static TaskSettings ofMaxTokens(OptionalInt maxTokens) {
        return new TaskSettings(maxTokens, OptionalInt.empty(), Prompts.none());
    }

    /** Returns the limit that is asked for, or else the other one. */
    OptionalInt maxTokensOr(OptionalInt other) {
        return maxTokens.isPresent() ? maxTokens : other;
    }

    /** Refuses what only embeddings have. */
    void requireNoneOfEmbeddings(Task task) {
        if (dimensions.isPresent() || !prompts.texts().isEmpty()) {
            throw new IllegalArgumentException((dimensions.isPresent() ? "dimensions" : "prompts")
                    + " must not be set for a model that " + task.does() + ", found "
                    + (dimensions.isPresent() ? dimensions.getAsInt() : prompts.texts())
                    + "; they are for embeddings");
        }
    }
}
