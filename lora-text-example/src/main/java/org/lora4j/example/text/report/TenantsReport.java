package org.lora4j.example.text.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All numbers of a run of {@code tenants}: the content of {@code report.json}, field by field.
 *
 * @param settings the options of the run
 * @param title the name of the texts
 * @param questions the class that each tenant's adapter recognizes, by the tenant's name
 * @param accuracies the accuracy of each tenant's adapter, by its name
 * @param threads the number of threads that sent requests
 * @param services the ways in which the requests were served
 * @param base whether the base is unchanged
 * @param files the files of the run in the output folder, by purpose
 */
public record TenantsReport(
        Map<String, @Nullable Object> settings,
        String title,
        Map<String, String> questions,
        Map<String, Double> accuracies,
        int threads,
        List<Service> services,
        BaseCheck base,
        Map<String, String> files) {
    /**
     * Copies lists and maps.
     *
     * @param settings as in the record
     * @param title as in the record
     * @param questions as in the record
     * @param accuracies as in the record
     * @param threads as in the record
     * @param services as in the record
     * @param base as in the record
     * @param files as in the record
     */
    public TenantsReport {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        questions = Collections.unmodifiableMap(new LinkedHashMap<>(questions));
        accuracies = Collections.unmodifiableMap(new LinkedHashMap<>(accuracies));
        services = List.copyOf(services);
        files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
    }

    /**
     * A way in which requests were served.
     *
     * @param name what it is
     * @param requests the number of requests
     * @param seconds how long they took
     * @param greatestDifference the greatest difference of an output from that of the first way
     */
    public record Service(String name, int requests, double seconds, double greatestDifference) {
        /**
         * Returns the throughput.
         *
         * @return requests per second
         */
        public double perSecond() {
            return requests / seconds;
        }
    }

    /** Returns the report with more files. */
    TenantsReport withFiles(Map<String, String> more) {
        Map<String, String> all = new LinkedHashMap<>(files);
        all.putAll(more);
        return new TenantsReport(settings, title, questions, accuracies, threads, services, base, all);
    }
}
