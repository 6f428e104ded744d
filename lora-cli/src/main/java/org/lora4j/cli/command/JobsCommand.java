package org.lora4j.cli.command;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.jobs.JobLine;
import org.lora4j.cli.jobs.JobWatch;
import org.lora4j.cli.jobs.JobsClient;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.ProgressOptions;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.console.report.TextOutput;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code jobs}: the jobs that a server trains. */
@Command(
        name = "jobs",
        description =
                "List and watch the jobs of a server that trains ('lora serve --train'), stop them, or let their adapters be"
                        + " served.")
public final class JobsCommand extends WorkCommand {
    /** What to do. */
    enum What {
        LIST,
        WATCH,
        CANCEL,
        PAUSE,
        RESUME,
        PROMOTE,
        ROLLBACK
    }

    @Parameters(
            index = "0",
            paramLabel = "WHAT",
            arity = "0..1",
            description = "list, watch, cancel, pause, resume, promote or rollback. Default: ${DEFAULT-VALUE}.")
    private What what = What.LIST;

    @Parameters(index = "1", paramLabel = "JOB", arity = "0..1", description = "The job, such as ftjob-abc123.")
    private @Nullable String job;

    @Option(
            names = "--server",
            paramLabel = "URL",
            description = "The address of the server. Default: ${DEFAULT-VALUE}.")
    private URI server = URI.create("http://127.0.0.1:8080");

    @Option(
            names = "--key-file",
            paramLabel = "FILE",
            description = "A file with the key of the client and nothing else. A server without keys needs none.")
    private @Nullable Path keyFile;

    @Mixin
    private final OutputOptions output = new OutputOptions();

    @Mixin
    private final ProgressOptions progress = new ProgressOptions();

    JobsCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.require(
                (what == What.LIST) == (job == null),
                what == What.LIST
                        ? "list must be used without a job, found " + job
                        : "the name of a job must follow " + word()
                                + ", such as ftjob-abc123; 'lora jobs list' shows them");
        check.require(
                List.of("http", "https").contains(String.valueOf(server.getScheme())) && server.getHost() != null,
                "--server must be an address such as http://127.0.0.1:8080, found " + server);
    }

    private String word() {
        return what.name().toLowerCase(Locale.ROOT);
    }

    /**
     * The jobs, as JSON.
     *
     * @param jobs the newest first
     */
    record Jobs(List<JobLine> jobs) {}

    @Override
    protected void work() throws IOException {
        try {
            JobsClient client = new JobsClient(server, keyFile == null ? null : key(keyFile));
            String id = job;
            if (id == null) {
                Jobs all = new Jobs(client.jobs());
                output.show(out(), all, to -> print(to, all));
                return;
            }
            JobLine end = what == What.WATCH
                    ? new JobWatch(client, id, output.text(out()), display(progress, out(), "steps")).awaitEnd()
                    : client.change(id, word());
            output.show(out(), end, to -> print(to, end));
            if (what == What.WATCH && !end.status().equals("succeeded")) {
                throw new IOException("the job " + id + " must succeed, found that it is " + end.status()
                        + (end.error() == null ? "" : ": " + end.error()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static String key(Path file) throws IOException {
        String key = Files.readString(file).strip();
        if (key.isEmpty() || key.chars().anyMatch(c -> c <= ' ' || c > '~')) {
            throw new IOException(file + ": must have one key and nothing else, found "
                    + (key.isEmpty() ? "nothing" : "other characters too"));
        }
        return key;
    }

    private static void print(TextOutput out, Jobs all) {
        if (all.jobs().isEmpty()) {
            out.line("no jobs");
        }
        for (JobLine job : all.jobs()) {
            out.line(
                    "%-30s  %-16s  %-10s  %s  %s",
                    job.id(), job.status(), job.method(), job.created(), job.model() == null ? "" : job.model());
        }
    }

    private static void print(TextOutput out, JobLine job) {
        out.line("%s: %s", job.id(), job.status());
        if (job.model() != null) {
            out.fact("model %s", job.model());
        }
        if (job.serveAs() != null) {
            out.fact("%s %s", job.promoted() ? "served as" : "not served as", job.serveAs());
        }
        for (String comparison : job.comparisons()) {
            out.fact("%s", comparison);
        }
        if (job.error() != null) {
            out.fact("%s", job.error());
        }
    }
}
