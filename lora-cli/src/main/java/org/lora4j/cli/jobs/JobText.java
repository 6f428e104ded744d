package org.lora4j.cli.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;
import org.lora4j.console.report.TextOutput;
import org.lora4j.internal.MessageText;

/** Says in lines what jobs are. */
public final class JobText {
    private JobText() {}

    /** Prints a line for each job. */
    public static void list(TextOutput out, List<JsonNode> jobs) {
        if (jobs.isEmpty()) {
            out.line("no jobs");
        }
        jobs.forEach(job -> line(out, job));
    }

    /** Prints the line of a job: id, state, method, when it was made, the name of its adapter. */
    public static void line(TextOutput out, JsonNode job) {
        String name = text(job, "fine_tuned_model");
        String second = text(job, "serve_as");
        out.line(
                "%-30s  %-16s  %-10s  %s%s%s",
                text(job, "id"),
                text(job, "status"),
                MessageText.line(job.at("/method/type").asText()),
                Instant.ofEpochSecond(job.path("created_at").asLong()),
                name.isEmpty() ? "" : "  " + name,
                second.isEmpty()
                        ? ""
                        : (job.path("promoted").asBoolean() ? "  served as " : "  not served as ") + second);
    }

    /** Returns why a job has no adapter; empty if it has one, or may still get one. */
    public static String problem(JsonNode job) {
        String state = text(job, "status");
        if (state.equals("failed")) {
            return "the job has failed: "
                    + MessageText.line(job.at("/error/message").asText());
        }
        return state.equals("cancelled") ? "the job was cancelled" : "";
    }

    static String text(JsonNode node, String field) {
        String value = node.path(field).textValue();
        return value == null ? "" : MessageText.line(value);
    }
}
