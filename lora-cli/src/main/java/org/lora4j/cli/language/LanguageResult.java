package org.lora4j.cli.language;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Judgement;

/**
 * What a training of a language model reaches on the examples that judge.
 *
 * @param kind answers of conversations, or plain text
 * @param judgement the loss of a token beside that of the model alone and of frequencies; null if nothing was measured
 * @param frequencies the frequencies of the tokens alone; null if nothing was measured
 * @param before the model alone; null if nothing was measured
 * @param after the model with the adapter; null if nothing was measured
 * @param samples answers before and after
 * @param divided how many conversations are several examples, one for each answer
 */
public record LanguageResult(
        LanguageTask.Kind kind,
        @Nullable Judgement judgement,
        @Nullable LanguageTest frequencies,
        @Nullable LanguageTest before,
        @Nullable LanguageTest after,
        List<Sample> samples,
        int divided) {
    /**
     * An example that judges, with what the model answers.
     *
     * @param prompt the prompt
     * @param expected the answer of the example
     * @param before what the model alone answers
     * @param after what the model answers with the adapter
     */
    public record Sample(String prompt, String expected, String before, String after) {}
}
