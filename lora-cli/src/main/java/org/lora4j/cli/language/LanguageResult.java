package org.lora4j.cli.language;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;

/**
 * What a training of a language model reaches on the examples that judge.
 *
 * @param kind answers of conversations, or plain text
 * @param judgement the loss of a token beside that of the model alone and of frequencies; null if nothing was measured
 * @param frequencies the frequencies of the tokens alone; null if nothing was measured
 * @param before the model alone; null if nothing was measured
 * @param after the model with the adapter; null if nothing was measured
 * @param forgetting what the adapter costs on other texts; null if none were given
 * @param samples answers before and after
 * @param divided how many conversations are several examples, one for each answer
 */
public record LanguageResult(
        LanguageTask.Kind kind,
        @Nullable Judgement judgement,
        @Nullable LanguageTest frequencies,
        @Nullable LanguageTest before,
        @Nullable LanguageTest after,
        @Nullable Forgetting forgetting,
        List<Sample> samples,
        int divided)
        implements TaskResult {
    /**
     * An example that judges, with what the model answers.
     *
     * @param prompt the prompt
     * @param expected the answer of the example
     * @param before what the model alone answers
     * @param after what the model answers with the adapter
     */
    public record Sample(String prompt, String expected, String before, String after) {}

    @Override
    public Map<String, String> numbers() {
        Map<String, String> numbers = new LinkedHashMap<>();
        if (before != null && after != null) {
            numbers.put("perplexity of the model alone", ReportText.fixed(before.perplexity(), 3));
            numbers.put("perplexity with the adapter", ReportText.fixed(after.perplexity(), 3));
        }
        if (forgetting != null) {
            numbers.putAll(forgetting.numbers());
        }
        return numbers;
    }

    @Override
    public void print(TextOutput out) {
        if (before != null && after != null) {
            out.fact("perplexity %.3f alone, %.3f with the adapter", before.perplexity(), after.perplexity());
        }
        if (frequencies != null) {
            out.fact("perplexity %.3f of the frequencies of tokens alone", frequencies.perplexity());
        }
        if (forgetting != null) {
            forgetting.print(out);
        }
        if (divided > 0) {
            out.fact(
                    "%s learned answer by answer: the chat template writes an answer in another way when others follow",
                    ReportText.count(divided, "conversation") + (divided == 1 ? " was" : " were"));
        }
    }
}
