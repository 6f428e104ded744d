package org.lora4j.spring;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.ServingStats;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.JobState;
import org.lora4j.text.job.TrainingService;
import org.springframework.beans.factory.ObjectProvider;

/**
 * What the health of the service is. The messages of failures can name paths and layers, so only their times and the names of the
 * adapters are shown; the log has the rest.
 */
final class ServingHealth {
    private static final int MOST_FAILURES = 10;

    private final ObjectProvider<LoRAModel> model;
    private final ObjectProvider<AdapterCache> cache;
    private final ObjectProvider<BatchingPredictor> predictor;
    private final ObjectProvider<GenerationService> generation;
    private final ObjectProvider<TrainingService> trainings;

    ServingHealth(
            ObjectProvider<LoRAModel> model,
            ObjectProvider<AdapterCache> cache,
            ObjectProvider<BatchingPredictor> predictor,
            ObjectProvider<GenerationService> generation,
            ObjectProvider<TrainingService> trainings) {
        this.model = model;
        this.cache = cache;
        this.predictor = predictor;
        this.generation = generation;
        this.trainings = trainings;
    }

    private @Nullable Supplier<ServingStats> service() {
        GenerationService answers = generation.getIfUnique();
        if (answers != null) {
            return answers::stats;
        }
        BatchingPredictor batches = predictor.getIfUnique();
        return batches == null ? null : batches::stats;
    }

    /** Whether there are a model and a service. */
    boolean isUp() {
        return model.getIfUnique() != null && service() != null;
    }

    /** What an operator sees. */
    Map<String, Object> details() {
        Map<String, Object> details = new LinkedHashMap<>();
        LoRAModel served = model.getIfUnique();
        Supplier<ServingStats> service = service();
        if (served == null || service == null) {
            details.put("reason", "there must be one model to serve, found none; set lora.model.path");
            return details;
        }
        ServingStats.OfAdapter all = service.get().all();
        details.put("adapters", served.names().size());
        details.put("waiting", all.waiting());
        details.put("running", all.running());
        ServingStats.OfAdapter.Failure last = all.lastFailure();
        if (last != null) {
            details.put("lastFailure", last.time().toString());
        }
        Map<String, Instant> notLoaded = new TreeMap<>();
        cache.ifUnique(adapters -> adapters.failures().entrySet().stream()
                .sorted(Map.Entry.comparingByValue((one, other) -> other.time().compareTo(one.time())))
                .limit(MOST_FAILURES)
                .forEach(entry -> notLoaded.put(entry.getKey(), entry.getValue().time())));
        if (!notLoaded.isEmpty()) {
            Map<String, String> times = new LinkedHashMap<>();
            notLoaded.forEach((name, time) -> times.put(name, time.toString()));
            details.put("notLoaded", times);
        }
        trainings.ifUnique(jobs -> details.put("trainings", states(jobs.jobs())));
        return details;
    }

    /** How many jobs are in each state that is no end, and how many failed. */
    private static Map<String, Long> states(List<Job> jobs) {
        Map<String, Long> counts = new TreeMap<>();
        jobs.stream()
                .map(Job::state)
                .filter(state -> !state.isEnd() || state == JobState.FAILED)
                .forEach(state -> counts.merge(state.text(), 1L, Long::sum));
        return counts;
    }
}
