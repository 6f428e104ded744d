package org.lora4j.example.text.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.example.support.report.ReportFiles;
import org.lora4j.example.support.report.ReportJson;

/**
 * All numbers of a run of {@code tenants}: the content of {@code report.json}, field by field.
 *
 * @param accuracies the accuracy of each tenant's adapter, by its name
 * @param threads the number of threads that sent requests
 * @param services the ways in which the requests were served
 * @param base whether the base is unchanged
 * @param files the files of the run in the output folder, by purpose
 */
public record TenantsReport(
        Map<String, Double> accuracies,
        int threads,
        List<Service> services,
        BaseCheck base,
        Map<String, String> files) {
    /**
     * Copies lists and maps.
     *
     * @param accuracies as in the record
     * @param threads as in the record
     * @param services as in the record
     * @param base as in the record
     * @param files as in the record
     */
    public TenantsReport {
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

    /**
     * Writes the numbers.
     *
     * @param folder the output folder
     * @return the report as written
     * @throws IOException if the file cannot be written
     */
    public TenantsReport write(Path folder) throws IOException {
        Map<String, String> all = new LinkedHashMap<>(files);
        all.put("report", ReportFiles.JSON);
        TenantsReport complete = new TenantsReport(accuracies, threads, services, base, all);
        Files.write(folder.resolve(ReportFiles.JSON), ReportJson.toBytes(complete));
        return complete;
    }
}
