package org.lora4j.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.jobs.ClientKey;
import org.lora4j.cli.jobs.FolderJobs;
import org.lora4j.cli.jobs.JobSource;
import org.lora4j.cli.jobs.JobText;
import org.lora4j.cli.jobs.JobWatch;
import org.lora4j.cli.jobs.ServerJobs;
import org.lora4j.cli.serve.JobChange;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.ProgressOptions;
import org.lora4j.console.command.WorkCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code jobs}: the trainings of a server. */
@Command(
        name = "jobs",
        description =
                "Look at the trainings that clients have given to a server with --train, and change them. A folder can"
                        + " be looked at while a server uses it, and changed while none does.")
public final class JobsCommand extends WorkCommand {
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,100}");

    /** What to do. */
    enum Action {
        LIST,
        WATCH,
        CANCEL,
        PAUSE,
        RESUME,
        PROMOTE,
        ROLLBACK;

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }

        boolean isOfAdapters() {
            return this == PROMOTE || this == ROLLBACK;
        }
    }

    @Parameters(
            index = "0",
            paramLabel = "ACTION",
            description =
                    "list; or for one job: watch it until it has ended, cancel, pause or resume it, promote it (its"
                            + " adapter takes the name of serve_as), rollback (the name goes back to what had it before).")
    @SuppressWarnings("NullAway.Init")
    private Action action;

    @Parameters(index = "1", arity = "0..1", paramLabel = "JOB", description = "The id of the job: ftjob-...")
    private @Nullable String job;

    @Option(
            names = "--server",
            paramLabel = "URL",
            description = "The server, such as http://127.0.0.1:8080. It shows the jobs of the key.")
    private @Nullable String server;

    @Option(
            names = "--api-key-file",
            paramLabel = "FILE",
            description = "A file whose first word is the key for the server; lines that begin with # are comments."
                    + " Default: no key.")
    private @Nullable Path key;

    @Option(
            names = "--train",
            paramLabel = "DIR",
            description =
                    "The folder that a server has as --train, or that a program gave to its TrainingService. It shows"
                            + " all jobs.")
    private @Nullable Path folder;

    @Option(
            names = "--adapters",
            paramLabel = "DIR",
            description = "Where the adapters of this folder are served, for promote and rollback. Default: adapters in"
                    + " --train, as a server without --adapters has them.")
    private @Nullable Path adapters;

    @Mixin
    private final OutputOptions output = new OutputOptions();

    @Mixin
    private final ProgressOptions progress = new ProgressOptions();

    JobsCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.require(
                (server == null) != (folder == null),
                "either --server or --train must be given, found " + (server == null ? "neither" : "both"));
        if (action == Action.LIST) {
            check.require(job == null, "list must be used without the id of a job, found " + job);
        } else {
            check.require(
                    job != null && ID.matcher(job).matches(),
                    action.text() + " must be used with the id of a job, found " + (job == null ? "none" : job));
        }
        check.require(key == null || server != null, "--api-key-file must be used with --server, found --train");
        check.require(
                adapters == null || (folder != null && action.isOfAdapters()),
                "--adapters must be used with --train and promote or rollback, found it without them");
        check.require(
                action == Action.WATCH || !check.isGiven("--no-progress"),
                "--no-progress must be used with watch, found " + action.text());
        if (server != null) {
            try {
                Object unused = ServerJobs.of(server, null);
            } catch (IllegalArgumentException e) {
                check.require(false, String.valueOf(e.getMessage()));
            }
        }
    }

    @Override
    protected boolean computes() {
        return false;
    }

    @Override
    protected String kept() {
        return "the jobs go on";
    }

    @Override
    protected void work() throws IOException {
        JobSource source = source();
        if (action == Action.LIST) {
            List<JsonNode> jobs = source.jobs();
            ObjectNode list = JsonNodeFactory.instance.objectNode().put("object", "list");
            list.putArray("data").addAll(jobs);
            output.show(out(), list, to -> JobText.list(to, jobs));
            return;
        }
        String id = Objects.requireNonNull(job, "the id must be checked");
        if (action == Action.WATCH) {
            watch(source, id);
            return;
        }
        JsonNode changed = source.change(id, JobChange.valueOf(action.name()));
        output.show(out(), changed, to -> JobText.line(to, changed));
    }

    private JobSource source() throws IOException {
        return server != null
                ? ServerJobs.of(server, key == null ? null : ClientKey.read(key))
                : FolderJobs.of(Objects.requireNonNull(folder, "--train must be checked"), adapters);
    }

    /** A job without an adapter is a failure for scripts. */
    private void watch(JobSource source, String id) throws IOException {
        JsonNode end = new JobWatch(source, display(progress, err(), "batches"), output.text(out())).follow(id);
        output.show(out(), end, to -> {});
        String problem = JobText.problem(end);
        if (!problem.isEmpty()) {
            throw new IOException(problem);
        }
    }
}
