package org.lora4j.example.text.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All numbers of a run of {@code embed}: the content of {@code report.json}, field by field.
 *
 * @param settings the options of the run
 * @param title the name of the texts
 * @param trainPairs the number of pairs for training
 * @param sizes the sizes of model and adapter
 * @param training the training of the adapter
 * @param before the test of the model as it is
 * @param after the test with the adapter
 * @param better the number of test texts whose rank is better with the adapter
 * @param worse the number of test texts whose rank is worse with the adapter
 * @param base whether the base is unchanged
 * @param references what others reach on the same texts, in sentences; empty for other texts
 * @param seconds the time of the whole run
 * @param files the files of the run in the output folder, by purpose
 */
public record EmbedReport(
        Map<String, @Nullable Object> settings,
        String title,
        int trainPairs,
        Sizes sizes,
        Phase training,
        Retrieval before,
        Retrieval after,
        int better,
        int worse,
        BaseCheck base,
        List<String> references,
        double seconds,
        Map<String, String> files) {
    /**
     * Copies lists and maps.
     *
     * @param settings as in the record
     * @param title as in the record
     * @param trainPairs as in the record
     * @param sizes as in the record
     * @param training as in the record
     * @param before as in the record
     * @param after as in the record
     * @param better as in the record
     * @param worse as in the record
     * @param base as in the record
     * @param references as in the record
     * @param seconds as in the record
     * @param files as in the record
     */
    public EmbedReport {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        references = List.copyOf(references);
        files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
    }

    /** Returns the report with more files. */
    EmbedReport withFiles(Map<String, String> more) {
        Map<String, String> all = new LinkedHashMap<>(files);
        all.putAll(more);
        return new EmbedReport(
                settings,
                title,
                trainPairs,
                sizes,
                training,
                before,
                after,
                better,
                worse,
                base,
                references,
                seconds,
                all);
    }
}
