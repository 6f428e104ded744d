package org.lora4j.cli.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A job, as far as a list shows it.
 *
 * @param id its name
 * @param status where it is
 * @param method what it trains
 * @param created when it was created
 * @param model the name of its adapter for requests; null unless it has succeeded
 * @param serveAs the second name of the adapter; null for none
 * @param promoted whether the adapter has the second name
 * @param finish about when it ends, or when it ended; null if nobody knows
 * @param error why it failed; null if it did not
 * @param comparisons how the adapter compares with others, in sentences
 */
public record JobLine(
        String id,
        String status,
        String method,
        String created,
        @Nullable String model,
        @Nullable String serveAs,
        boolean promoted,
        @Nullable String finish,
        @Nullable String error,
        List<String> comparisons) {
    private static final Set<String> ENDS = Set.of("succeeded", "failed", "cancelled");

    static JobLine of(JsonNode job) {
        List<String> comparisons = new ArrayList<>();
        for (JsonNode one : job.path("comparisons")) {
            comparisons.add("%s %s beside %s of %s: better by %s (%s to %s)"
                    .formatted(
                            one.path("metric").asText(),
                            number(one.path("adapter")),
                            number(one.path("other")),
                            one.path("with").asText(),
                            number(one.path("better_by")),
                            number(one.path("low")),
                            number(one.path("high"))));
        }
        return new JobLine(
                job.path("id").asText(),
                job.path("status").asText(),
                job.at("/method/type").asText(),
                Instant.ofEpochSecond(job.path("created_at").asLong()).toString(),
                text(job.path("fine_tuned_model")),
                text(job.path("serve_as")),
                job.path("promoted").asBoolean(),
                time(job.path(job.path("finished_at").isNumber() ? "finished_at" : "estimated_finish")),
                text(job.at("/error/message")),
                comparisons);
    }

    private static @Nullable String text(JsonNode node) {
        return node.isTextual() ? node.asText() : null;
    }

    private static @Nullable String time(JsonNode node) {
        return node.isNumber() ? Instant.ofEpochSecond(node.asLong()).toString() : null;
    }

    private static String number(JsonNode node) {
        return String.format(Locale.ROOT, "%.4f", node.asDouble());
    }

    /**
     * Returns whether the job has ended.
     *
     * @return true if nothing happens any more
     */
    public boolean hasEnded() {
        return ENDS.contains(status);
    }
}
