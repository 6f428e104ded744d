package org.lora4j.example.text.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.example.support.report.TestResult;

/**
 * All numbers of a run of {@code classify}: the content of {@code report.json}, field by field.
 *
 * @param settings the options of the run
 * @param classNames the names of the classes
 * @param texts the numbers of texts
 * @param sizes the sizes of model and adapter
 * @param frozenTraining the training of the classifier on the frozen encoder
 * @param loraTraining the training of adapter and classifier
 * @param frozen the test of the frozen encoder with a trained classifier
 * @param lora the test with the adapter
 * @param merged the test of the plain network into which the adapter is merged
 * @param base whether the base is unchanged
 * @param fixed test passages that are wrong with the frozen encoder and right with the adapter
 * @param broken test passages that are right with the frozen encoder and wrong with the adapter
 * @param references what others reach on the same texts, in sentences; empty for other texts
 * @param seconds the time of the whole run
 * @param files the files of the run in the output folder, by purpose
 */
public record ClassifyReport(
        Map<String, @Nullable Object> settings,
        List<String> classNames,
        Texts texts,
        Sizes sizes,
        Phase frozenTraining,
        Phase loraTraining,
        TestResult frozen,
        TestResult lora,
        TestResult merged,
        BaseCheck base,
        List<Passage> fixed,
        List<Passage> broken,
        List<String> references,
        double seconds,
        Map<String, String> files) {
    /**
     * Copies lists and maps.
     *
     * @param settings as in the record
     * @param classNames as in the record
     * @param texts as in the record
     * @param sizes as in the record
     * @param frozenTraining as in the record
     * @param loraTraining as in the record
     * @param frozen as in the record
     * @param lora as in the record
     * @param merged as in the record
     * @param base as in the record
     * @param fixed as in the record
     * @param broken as in the record
     * @param references as in the record
     * @param seconds as in the record
     * @param files as in the record
     */
    public ClassifyReport {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        classNames = List.copyOf(classNames);
        fixed = List.copyOf(fixed);
        broken = List.copyOf(broken);
        references = List.copyOf(references);
        files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
    }

    /**
     * How many texts there are.
     *
     * @param title their name
     * @param train those for training
     * @param test those for testing
     * @param meanTokens the mean number of tokens of a training text, after the cut
     */
    public record Texts(String title, int train, int test, double meanTokens) {}

    /**
     * A test passage and two predictions for it.
     *
     * @param text the passage
     * @param actual its class
     * @param frozen the class that the frozen encoder predicts
     * @param lora the class that is predicted with LoRA
     */
    public record Passage(String text, int actual, int frozen, int lora) {}

    /** Returns the report with more files. */
    ClassifyReport withFiles(Map<String, String> more) {
        Map<String, String> all = new LinkedHashMap<>(files);
        all.putAll(more);
        return new ClassifyReport(
                settings,
                classNames,
                texts,
                sizes,
                frozenTraining,
                loraTraining,
                frozen,
                lora,
                merged,
                base,
                fixed,
                broken,
                references,
                seconds,
                all);
    }
}
