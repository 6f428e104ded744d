package org.lora4j.example.mnist.report;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TestResult;

/**
 * All numbers of a run: the content of {@code report.json}, field by field. The fields of the tests and the checks are among
 * those of the report.
 *
 * @param settings the options of the run
 * @param digits the digits of the fine-tuning, which are among the settings too
 * @param seed the seed of all random choices
 * @param parameters the parameters of the network and of one adapter
 * @param training the trainings
 * @param tests the tests of the network, and of it with all adapters of the run
 * @param checks the article's assertions
 * @param files the files of the run in the output folder, by purpose; {@link ReportWriter} adds its own
 * @param results the tests of single adapters and combinations by name; not written if there are none
 */
public record Report(
        Map<String, @Nullable Object> settings,
        @JsonIgnore List<Integer> digits,
        long seed,
        ParameterReport parameters,
        Training training,
        @JsonUnwrapped Tests tests,
        @JsonUnwrapped Checks checks,
        Map<String, String> files,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, TestResult> results) {
    /** The name among {@code results} of the test in which each row of a batch has the adapter of its digit. */
    public static final String PER_ROW = "adapter per row";

    private static final String LORA_ON = "LoRA on";
    private static final String LORA_OFF = "LoRA off";
    private static final String LORA_MERGED = "LoRA merged";

    /**
     * The two trainings of a run.
     *
     * @param base the training of the whole network; null if the base was loaded
     * @param fineTune the training of A and B; with several adapters, their sum
     */
    public record Training(@Nullable Phase base, Phase fineTune) {}

    /**
     * One training.
     *
     * @param iterations the number of batches
     * @param seconds how long it took
     * @param finalLoss the loss of the last batch
     */
    public record Phase(long iterations, double seconds, double finalLoss) {}

    /**
     * The same test before and after the fine-tuning.
     *
     * @param base the test of the network before the fine-tuning
     * @param loraEnabled the test with LoRA on
     * @param loraDisabled the test with LoRA switched off again
     * @param loraMerged the test of the plain network into which the adapters are merged
     */
    public record Tests(TestResult base, TestResult loraEnabled, TestResult loraDisabled, TestResult loraMerged) {
        /** Returns the tests by the names that tables and charts show. */
        public Map<String, TestResult> byName() {
            Map<String, TestResult> tests = new LinkedHashMap<>();
            tests.put("Base", base);
            tests.put(LORA_ON, loraEnabled);
            tests.put(LORA_OFF, loraDisabled);
            tests.put(LORA_MERGED, loraMerged);
            return tests;
        }
    }

    /** Returns all tests by name. */
    public Map<String, TestResult> comparison() {
        Map<String, TestResult> all = tests.byName();
        all.putAll(results);
        return all;
    }

    /** Returns the tests that can differ: LoRA off equals the base, and LoRA merged equals LoRA on. */
    Map<String, TestResult> beforeAndAfter() {
        Map<String, TestResult> some = comparison();
        some.remove(LORA_OFF);
        some.remove(LORA_MERGED);
        if (results.containsKey(PER_ROW)) {
            // The results have it too, as the test of all adapters.
            some.remove(LORA_ON);
        }
        return some;
    }

    /** Returns {@code digit 9} or {@code digits 4 and 9}. */
    public String digitWords() {
        return (digits.size() == 1 ? "digit " : "digits ")
                + ReportText.list(digits.stream().map(String::valueOf).toList());
    }
}
