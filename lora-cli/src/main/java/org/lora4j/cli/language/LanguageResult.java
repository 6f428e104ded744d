package org.lora4j.cli.language;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a training of a language model reaches on the examples of the validation.
 *
 * @param kind answers of conversations, or plain text
 * @param before the model alone; null without a validation
 * @param after the model with the adapter; null without a validation
 * @param samples answers before and after
 * @param divided how many conversations are several examples, one for each answer
 */
public record LanguageResult(
        LanguageTask.Kind kind,
        @Nullable LanguageTest before,
        @Nullable LanguageTest after,
        List<Sample> samples,
        int divided) {
    /**
     * An example of the validation, with what the model answers.
     *
     * @param prompt the prompt
     * @param expected the answer of the example
     * @param before what the model alone answers
     * @param after what the model answers with the adapter
     */
    public record Sample(String prompt, String expected, String before, String after) {}
}
