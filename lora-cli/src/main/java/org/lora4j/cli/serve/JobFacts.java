package org.lora4j.cli.serve;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.job.Job;

/**
 * What the server keeps with a job, beside what the job knows.
 *
 * @param base the model that is trained
 * @param org for whom
 * @param suffix what the client adds to the name; may be empty
 * @param trainingFile the id of the file of rows
 * @param validationFile that of the file of rows that do not train; null for none
 * @param metadata texts of the client, by name
 */
record JobFacts(
        String base,
        String org,
        String suffix,
        String trainingFile,
        @Nullable String validationFile,
        Map<String, String> metadata) {
    private static final String METADATA = "metadata.";

    JobFacts {
        metadata = Map.copyOf(metadata);
    }

    static JobFacts of(Job job) {
        Map<String, String> properties = job.properties();
        Map<String, String> metadata = new TreeMap<>();
        properties.forEach((name, value) -> {
            if (name.startsWith(METADATA)) {
                metadata.put(name.substring(METADATA.length()), value);
            }
        });
        return new JobFacts(
                properties.getOrDefault("base", ""),
                properties.getOrDefault("org", ""),
                properties.getOrDefault("suffix", ""),
                properties.getOrDefault("training_file", ""),
                properties.get("validation_file"),
                metadata);
    }

    /** Returns the texts that are kept with the job. */
    Map<String, String> properties() {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("base", base);
        properties.put("org", org);
        properties.put("suffix", suffix);
        properties.put("training_file", trainingFile);
        if (validationFile != null) {
            properties.put("validation_file", validationFile);
        }
        metadata.forEach((name, value) -> properties.put(METADATA + name, value));
        return properties;
    }

    /** Returns the name under which clients ask for what a job trains. One that no client of the server made has its own. */
    String model(Job job) {
        return base.isEmpty() ? job.adapter() : FineTunedName.of(base, org, suffix, job.id());
    }
}
