package org.lora4j.example.mnist.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.console.report.TestResult;
import org.lora4j.example.mnist.data.TestData;
import org.lora4j.example.mnist.report.ChartData.Example;

/** A report with the counts of the article's notebook. */
final class SampleReport {
    private static final int[] IMAGES = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};

    private SampleReport() {}

    static Report report() {
        return report(settings(), training(), Map.of("base", "base.safetensors"), Map.of());
    }

    static Report report(
            Map<String, @Nullable Object> settings,
            Report.Training training,
            Map<String, String> files,
            Map<String, TestResult> results) {
        return report(
                settings, training, new Report.Tests(base(), lora(), base(), lora()), checks(true), files, results);
    }

    static Report report(
            Map<String, @Nullable Object> settings,
            Report.Training training,
            Report.Tests tests,
            Checks checks,
            Map<String, String> files,
            Map<String, TestResult> results) {
        return new Report(
                settings, List.of(9), 7, parameters(), training, tests, checks, new LinkedHashMap<>(files), results);
    }

    static Checks checks(boolean weightUnchanged) {
        return new Checks(
                ordered("linear1.weight", weightUnchanged, "linear1.bias", true),
                ordered("linear1", true),
                ordered("linear1", true));
    }

    static Map<String, @Nullable Object> settings() {
        Map<String, @Nullable Object> settings = new LinkedHashMap<>();
        settings.put("data", null);
        settings.put("digit", 9);
        settings.put("rank", 1);
        settings.put("alpha", 1.0);
        settings.put("lr", 0.001);
        settings.put("init", "gaussian");
        settings.put("replay", 0.0);
        return settings;
    }

    static Report.Training training() {
        return new Report.Training(new Report.Phase(6000, 41.25, 0.0421), new Report.Phase(100, 0.75, 0.00123));
    }

    static ParameterReport parameters() {
        return new ParameterReport(
                List.of(layer("linear1", 1000, 784), layer("linear2", 2000, 1000), layer("linear3", 10, 2000)),
                Map.of(),
                0);
    }

    private static ParameterReport.Layer layer(String path, long out, long in) {
        return new ParameterReport.Layer(path, List.of(out, in), List.of(out), List.of(1L, in), List.of(out, 1L));
    }

    static TestResult base() {
        return result(new int[] {33, 28, 42, 95, 19, 10, 61, 52, 19, 107}, new int[] {4, 7, 3, 8, 1});
    }

    static TestResult lora() {
        return result(new int[] {53, 32, 60, 201, 186, 85, 69, 677, 193, 11}, new int[] {9, 9, 9, 9, 9, 4, 3, 8});
    }

    /** Spreads the wrong predictions for each digit over the given digits. */
    static TestResult result(int[] wrong, int[] mistakenFor) {
        int[][] confusion = new int[10][10];
        for (int digit = 0; digit < 10; digit++) {
            confusion[digit][digit] = IMAGES[digit] - wrong[digit];
            for (int i = 0, left = wrong[digit]; left > 0; i++) {
                int other = mistakenFor[i % mistakenFor.length];
                if (other != digit) {
                    int some = Math.min(left, 1 + left / 3);
                    confusion[digit][other] += some;
                    left -= some;
                }
            }
        }
        return TestResult.of(confusion);
    }

    /** Returns losses that fall. */
    static List<Double> losses(int batches) {
        return IntStream.range(0, batches)
                .mapToObj(i -> 2.3 * Math.exp(-5.0 * i / batches) * (1 + 0.5 * Math.sin(i * 1.7)))
                .toList();
    }

    static Example example(int label, int base, int lora) {
        byte[] pixels = new byte[28 * 28];
        for (int row = 4; row < 24; row++) {
            pixels[row * 28 + 13] = (byte) 255;
            pixels[row * 28 + 14] = (byte) 160;
        }
        return new Example(TestData.data(28, 28, pixels, label), 0, base, lora);
    }

    private static Map<String, Boolean> ordered(Object... keysAndValues) {
        Map<String, Boolean> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], (Boolean) keysAndValues[i + 1]);
        }
        return map;
    }
}
