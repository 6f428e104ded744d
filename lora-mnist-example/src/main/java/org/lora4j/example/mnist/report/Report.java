package org.lora4j.example.mnist.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.example.support.report.TestResult;

/**
 * All numbers of a run: the content of {@code report.json}, field by field.
 *
 * @param settings the options of the run; {@code digit} or the list {@code digits}, {@code rank} and {@code alpha} are
 *     required
 * @param seed the seed of all random choices
 * @param parameters the parameters of the network and of one adapter
 * @param training the trainings
 * @param base the test of the network before the fine-tuning
 * @param loraEnabled the test with LoRA on: with all adapters of the run
 * @param loraDisabled the test with LoRA switched off again
 * @param loraMerged the test of the plain network into which the adapters are merged
 * @param frozenUnchanged for each frozen parameter, whether it has the same bits after the fine-tuning as before
 * @param effectiveWeightExact for each layer, whether the weight with LoRA on is exactly {@code W + (α/r)·B·A}
 * @param disabledEqualsOriginal for each layer, whether the weight with LoRA off is exactly {@code W}
 * @param files the files of the run in the output folder, by purpose
 * @param results the tests of single adapters and combinations by name; not written if there are none
 */
public record Report(
        Map<String, @Nullable Object> settings,
        long seed,
        ParameterReport parameters,
        Training training,
        TestResult base,
        TestResult loraEnabled,
        TestResult loraDisabled,
        TestResult loraMerged,
        Map<String, Boolean> frozenUnchanged,
        Map<String, Boolean> effectiveWeightExact,
        Map<String, Boolean> disabledEqualsOriginal,
        Map<String, String> files,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, TestResult> results) {

    /**
     * Copies the maps, and checks the settings that the page needs.
     *
     * @throws IllegalArgumentException if digit, rank or alpha is missing among the settings or out of bounds, a name of
     *     {@code results} is one of the report's own, or a test does not have ten classes
     */
    public Report {
        settings = plain(settings);
        frozenUnchanged = copy(frozenUnchanged);
        effectiveWeightExact = copy(effectiveWeightExact);
        disabledEqualsOriginal = copy(disabledEqualsOriginal);
        files = copy(files);
        // The JSON does not have it if it is empty; it is null then after reading.
        results = results == null ? Map.of() : copy(results);
        for (int digit : digits(settings)) {
            if (digit < 0 || digit >= MnistData.CLASSES) {
                throw new IllegalArgumentException("settings: digit must be in [0, 9], found " + digit);
            }
        }
        if (number(settings, "rank") < 1) {
            throw new IllegalArgumentException("settings: rank must be positive, found " + settings.get("rank"));
        }
        number(settings, "alpha");
        for (String name : results.keySet()) {
            if (List.of(BASE, LORA_ON, LORA_OFF, LORA_MERGED).contains(name)) {
                throw new IllegalArgumentException("results: '" + name + "' is one of the report's own names");
            }
        }
        Stream.concat(Stream.of(base, loraEnabled, loraDisabled, loraMerged), results.values().stream())
                .forEach(Report::requireDigits);
    }

    private static void requireDigits(TestResult result) {
        if (result.classes() != MnistData.CLASSES) {
            throw new IllegalArgumentException(
                    "a test on MNIST must have " + MnistData.CLASSES + " classes, found " + result.classes());
        }
    }

    /** The name among {@code results} of the test in which each row of a batch has the adapter of its digit. */
    public static final String PER_ROW = "adapter per row";

    static final String BASE = "Base";
    static final String LORA_ON = "LoRA on";
    static final String LORA_OFF = "LoRA off";
    static final String LORA_MERGED = "LoRA merged";

    /** Returns the digits of the fine-tuning. */
    public List<Integer> digits() {
        return digits(settings);
    }

    public double rank() {
        return number(settings, "rank");
    }

    public double alpha() {
        return number(settings, "alpha");
    }

    /** Returns all tests by the names that tables and charts show. */
    public Map<String, TestResult> comparison() {
        Map<String, TestResult> all = new LinkedHashMap<>();
        all.put(BASE, base);
        all.put(LORA_ON, loraEnabled);
        all.put(LORA_OFF, loraDisabled);
        all.put(LORA_MERGED, loraMerged);
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

    Report withFiles(Map<String, String> more) {
        Map<String, String> all = new LinkedHashMap<>(files);
        all.putAll(more);
        return new Report(
                settings,
                seed,
                parameters,
                training,
                base,
                loraEnabled,
                loraDisabled,
                loraMerged,
                frozenUnchanged,
                effectiveWeightExact,
                disabledEqualsOriginal,
                all,
                results);
    }

    private static List<Integer> digits(Map<String, @Nullable Object> settings) {
        if (settings.get("digits") instanceof List<?> several && !several.isEmpty()) {
            return several.stream()
                    .map(digit -> (int) asNumber("digits", digit))
                    .toList();
        }
        return List.of((int) number(settings, "digit"));
    }

    private static double number(Map<String, @Nullable Object> settings, String key) {
        return asNumber(key, settings.get(key));
    }

    private static double asNumber(String key, @Nullable Object value) {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        throw new IllegalArgumentException("settings: " + key + " must be a number, found " + value);
    }

    /** Converts settings to the types of JSON, so that a report that is read equals the one that was written. */
    private static Map<String, @Nullable Object> plain(Map<String, @Nullable Object> settings) {
        Map<String, @Nullable Object> plain = new LinkedHashMap<>();
        settings.forEach((key, value) -> plain.put(key, plain(value)));
        return Collections.unmodifiableMap(plain);
    }

    private static @Nullable Object plain(@Nullable Object value) {
        if (value == null || value instanceof Boolean || value instanceof Integer) {
            return value;
        }
        if (value instanceof Long number) {
            return number == number.intValue() ? (Object) number.intValue() : number;
        }
        if (value instanceof Number number) {
            return Double.isFinite(number.doubleValue()) ? number.doubleValue() : null;
        }
        if (value instanceof Collection<?> values) {
            List<@Nullable Object> plain = new ArrayList<>();
            values.forEach(element -> plain.add(plain(element)));
            return Collections.unmodifiableList(plain);
        }
        return value.toString();
    }

    private static <V> Map<String, V> copy(Map<String, V> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }
}
