package org.lora4j.cli.serve;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.JobState;
import org.lora4j.text.job.TrainingService;

/**
 * Which names a client can give as its model: those of its key, and those of its own jobs. What a job has trained is nobody else's, and has
 * only the name that its job says.
 */
final class ServedNames {
    private final ServedModel model;
    private final @Nullable TrainingService trainings;

    /**
     * Creates the names.
     *
     * @param trainings what has jobs; null for a server that trains nothing
     */
    ServedNames(ServedModel model, @Nullable TrainingService trainings) {
        this.model = model;
        this.trainings = trainings;
    }

    /**
     * Checks that a client may use a model, and that it is served now.
     *
     * @throws ApiException if not; to the client it looks like one that is not there
     */
    void require(Client client, String name) {
        boolean may = FineTunedName.job(name).isPresent()
                ? job(client, name).isPresent()
                : !isHidden(name) && client.access().may(name);
        if (!may) {
            throw ApiException.unknownModel(name);
        }
        model.requireServed(name);
    }

    /** Whether there can be jobs. */
    boolean hasJobs() {
        return trainings != null;
    }

    private boolean isHidden(String name) {
        return trainings != null && FineTunedName.isOfJob(name);
    }

    /** Returns the job of a client that trained what has a name now, whether it is served or not; empty if none of its jobs did. */
    Optional<Job> job(Client client, String name) {
        return trainings == null
                ? Optional.empty()
                : FineTunedName.job(name)
                        .flatMap(trainings::job)
                        .filter(job -> job.owner().equals(client.owner()))
                        .filter(job -> has(job, name));
    }

    private static boolean has(Job job, String name) {
        return JobFacts.of(job).model(job).equals(name)
                || job.checkpoints().stream()
                        .anyMatch(checkpoint -> JobJson.model(job, checkpoint).equals(name));
    }

    /**
     * Returns the names that a client can give, without those after epochs.
     *
     * @return for each when it was changed, in seconds since 1970
     * @throws IOException if the folder of the adapters cannot be read
     */
    Map<String, Long> list(Client client) throws IOException {
        Map<String, Long> served = model.names();
        Map<String, Long> names = new TreeMap<>();
        served.forEach((name, seconds) -> {
            if (!isHidden(name) && client.access().may(name)) {
                names.put(name, seconds);
            }
        });
        if (trainings != null) {
            for (Job job : trainings.jobs()) {
                Long seconds = served.get(job.adapter());
                if (job.owner().equals(client.owner()) && job.state() == JobState.SUCCEEDED && seconds != null) {
                    names.put(JobFacts.of(job).model(job), seconds);
                }
            }
        }
        return names;
    }

    /**
     * Returns when a name was changed.
     *
     * @return seconds since 1970
     * @throws ApiException if the client has no such name
     * @throws IOException if the folder of the adapters cannot be read
     */
    long seconds(Client client, String name) throws IOException {
        require(client, name);
        Long seconds = model.names().get(FineTunedName.adapter(name));
        if (seconds == null) {
            throw ApiException.unknownModel(name);
        }
        return seconds;
    }

    /**
     * Checks that what a job of a client trains may take a name. A key for some names may have these. A key for all may have new names, and
     * those that its own jobs have taken: adapters of others stay what they are.
     *
     * @throws ApiException if it may not
     * @throws IOException if the folder of the adapters cannot be read
     */
    void requireMayTake(Client client, String name) throws IOException {
        boolean may =
                !name.equals(model.name()) && !isHidden(name) && client.access().may(name);
        if (may && trainings != null) {
            may = client.access().all() ? isFreeFor(client, name, trainings) : isAloneInCase(name);
        }
        if (!may) {
            throw ApiException.field(
                    "serve_as",
                    "a new name, one that a job of this key has taken, or one that is named in the line of this key",
                    MessageText.quote(name));
        }
    }

    private boolean isFreeFor(Client client, String name, TrainingService in) throws IOException {
        List<Job> asked = in.jobs().stream()
                .filter(job -> job.serveAs().filter(name::equals).isPresent())
                .toList();
        boolean isOwn = asked.stream().anyMatch(Job::isPromoted);
        return asked.stream().allMatch(job -> job.owner().equals(client.owner()))
                && (isOwn || !model.names().containsKey(name))
                && isAloneInCase(name);
    }

    /** Adapters whose names differ only in case would not be served, neither of them. */
    private boolean isAloneInCase(String name) throws IOException {
        return model.names().keySet().stream().noneMatch(one -> one.equalsIgnoreCase(name) && !one.equals(name));
    }
}
