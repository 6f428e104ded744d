package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.serve.files.FileStore;
import org.lora4j.cli.serve.files.StoreException;
import org.lora4j.internal.MessageText;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.JobCheck;
import org.lora4j.text.job.JobCheckpoint;
import org.lora4j.text.job.JobEvent;
import org.lora4j.text.job.JobLimitException;
import org.lora4j.text.job.JobRequest;
import org.lora4j.text.job.TrainingService;

/** The jobs of the clients, in the form of OpenAI. */
final class JobEndpoints {
    private static final String JOBS = "/v1/fine_tuning/jobs";
    private static final String ONE = JOBS + "/{id}";
    private static final int LONGEST_PAGE = 1_000;
    private static final int JOBS_OF_PAGE = 20;
    private static final int EVENTS_OF_PAGE = 20;
    private static final int CHECKPOINTS_OF_PAGE = 10;

    private final TrainingService trainings;
    private final ServedNames names;
    private final FileStore files;
    private final JobForm form;
    private final JobEventStream streams;
    private final RowChecks checks = new RowChecks();

    /**
     * Creates the endpoints.
     *
     * @param names what clients can ask for
     * @param form reads what a job shall do
     * @param streams sends events as they come
     */
    JobEndpoints(TrainingService trainings, ServedNames names, FileStore files, JobForm form, JobEventStream streams) {
        this.trainings = trainings;
        this.names = names;
        this.files = files;
        this.form = form;
        this.streams = streams;
    }

    void addTo(Router router) {
        router.add("POST", JOBS, new Action.OfJson(this::create));
        router.add("POST", JOBS + "/check", new Action.OfJson(this::check));
        router.add("GET", JOBS, new Action.OfPath((call, body) -> list(call)));
        router.add("GET", ONE, new Action.OfPath((call, body) -> answer(call, require(call))));
        router.add("GET", ONE + "/events", new Action.OfPath((call, body) -> events(call)));
        router.add("GET", ONE + "/checkpoints", new Action.OfPath((call, body) -> checkpoints(call)));
        for (JobChange change : JobChange.values()) {
            router.add("POST", ONE + "/" + change.text(), new Action.OfPath((call, body) -> change(call, change)));
        }
    }

    private static void answer(Call call, Job job) throws IOException {
        call.answer().json(200, JobJson.job(job));
    }

    private void create(Call call, TextBody text) throws IOException {
        JsonBody body = body(call, text);
        answer(call, OnDisk.get(() -> with(call.client(), body, trainings::submit)));
    }

    /** Checks the rows as a job would, so that nobody begins one in vain. */
    private void check(Call call, TextBody text) throws IOException {
        JsonBody body = body(call, text);
        ObjectNode found = checks.of(call, stops -> {
            JobCheck check = OnDisk.get(() -> with(call.client(), body, request -> trainings.check(request, stops)));
            return JobJson.check(check);
        });
        call.answer().json(200, found);
    }

    private static JsonBody body(Call call, TextBody text) {
        call.client().requireTrains();
        JsonBody body = JobForm.parse(text);
        text.free();
        return body;
    }

    /** What is done with a request for a job. */
    private interface Use<T> {
        T of(JobRequest request) throws IOException;
    }

    private <T> T with(Client client, JsonBody body, Use<T> use) throws IOException {
        try {
            String name = body.textOrNull("serve_as");
            if (name != null) {
                names.requireMayTake(client, name);
            }
            files.requireFree(form.bytes(client, body));
            return use.of(form.request(client, body));
        } catch (StoreException e) {
            throw ApiException.of(e);
        } catch (JobLimitException e) {
            throw ApiException.tooMany(String.valueOf(e.getMessage()));
        } catch (NoSuchFileException e) {
            throw ApiException.field("training_file", "a file that is there", "one that was deleted just now");
        } catch (IllegalArgumentException e) {
            throw ApiException.of(400, "invalid_value", String.valueOf(e.getMessage()));
        } catch (IllegalStateException e) {
            throw ApiException.busy("the server stops; ask another one");
        }
    }

    private Job require(Call call) {
        call.client().requireTrains();
        String id = call.path("id");
        return trainings
                .job(id)
                .filter(job -> job.owner().equals(call.client().owner()))
                .orElseThrow(() -> ApiException.notFound("id", "there is no job " + MessageText.quote(id)));
    }

    private void list(Call call) throws IOException {
        call.client().requireTrains();
        Query query = call.query().require(Set.of("after", "limit", "metadata", "metadata["));
        int limit = query.whole("limit", JOBS_OF_PAGE, 1, LONGEST_PAGE);
        Map<String, String> wanted = query.below("metadata");
        boolean hasNone = query.word("metadata", "", Set.of("null")).equals("null");
        List<Job> own = trainings.jobs().stream()
                .filter(job -> job.owner().equals(call.client().owner()))
                .toList();
        List<Job> found = behind(own, query.text("after"), Job::id).stream()
                .filter(job -> {
                    Map<String, String> metadata = JobFacts.of(job).metadata();
                    return metadata.entrySet().containsAll(wanted.entrySet()) && (!hasNone || metadata.isEmpty());
                })
                .toList();
        call.answer().json(200, ListPage.of(found, limit, JobJson::job).json());
    }

    private interface Id<T> {
        String of(T element);
    }

    /** The elements behind the one of an id, or all. */
    private static <T> List<T> behind(List<T> all, @Nullable String after, Id<T> id) {
        if (after == null) {
            return all;
        }
        for (int i = 0; i < all.size(); i++) {
            if (id.of(all.get(i)).equals(after)) {
                return all.subList(i + 1, all.size());
            }
        }
        throw ApiException.field("after", "the id of an element of this list", MessageText.quote(after));
    }

    private void events(Call call) throws IOException {
        Job job = require(call);
        Query query = call.query().require(Set.of("after", "limit", "stream"));
        String after = query.text("after");
        if (query.word("stream", "false", Set.of("true", "false")).equals("true")) {
            streams.send(call, job, after);
            return;
        }
        int limit = query.whole("limit", EVENTS_OF_PAGE, 1, LONGEST_PAGE);
        // One more says whether there are more.
        List<JobEvent> found = JobEventStream.events(job, after, limit + 1);
        call.answer()
                .json(
                        200,
                        ListPage.of(found, limit, event -> JobJson.event(job, event))
                                .json());
    }

    private void checkpoints(Call call) throws IOException {
        Job job = require(call);
        Query query = call.query().require(Set.of("after", "limit"));
        int limit = query.whole("limit", CHECKPOINTS_OF_PAGE, 1, LONGEST_PAGE);
        List<JobCheckpoint> found = behind(job.checkpoints(), query.text("after"), one -> JobJson.id(job, one));
        call.answer()
                .json(
                        200,
                        ListPage.of(found, limit, one -> JobJson.checkpoint(job, one))
                                .jsonWithIds());
    }

    private void change(Call call, JobChange change) throws IOException {
        Job job = require(call);
        try {
            OnDisk.run(() -> change.on(job));
        } catch (IllegalStateException e) {
            throw ApiException.of(400, "invalid_state", String.valueOf(e.getMessage()));
        }
        answer(call, job);
    }
}
