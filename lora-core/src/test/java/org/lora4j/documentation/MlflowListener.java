package org.lora4j.documentation;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.ValidationResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends the losses of a training to MLflow. */
public final class MlflowListener implements TrainingListener {
    private static final Logger log = LoggerFactory.getLogger(MlflowListener.class);
    private static final Pattern RUN = Pattern.compile("\"run_id\": *\"(\\w+)\"");

    private final HttpClient client = HttpClient.newHttpClient();
    private final URI server;
    private final String run;
    private CompletableFuture<HttpResponse<Void>> sent = CompletableFuture.completedFuture(null);

    /** Begins a run of an experiment. The server is such as {@code http://localhost:5000}. */
    public MlflowListener(URI server, String experiment) throws IOException, InterruptedException {
        this.server = server;
        String answer = client.send(
                        request(
                                "create",
                                "{\"experiment_id\": \"%s\", \"start_time\": %s}"
                                        .formatted(experiment, System.currentTimeMillis())),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        Matcher id = RUN.matcher(answer);
        if (!id.find()) {
            throw new IOException("MLflow at " + server + " must answer with the id of a run, found " + answer);
        }
        run = id.group(1);
    }

    private HttpRequest request(String method, String json) {
        return HttpRequest.newBuilder(server.resolve("/api/2.0/mlflow/runs/" + method))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build();
    }

    /** One request after the other; the training does not wait for them. */
    private void send(String method, String json) {
        HttpRequest next = request(method, json);
        sent = sent.thenCompose(before -> client.sendAsync(next, HttpResponse.BodyHandlers.discarding()));
    }

    private void metric(String key, double value, long step) {
        send(
                "log-metric",
                "{\"run_id\": \"%s\", \"key\": \"%s\", \"value\": %s, \"step\": %s, \"timestamp\": %s}"
                        .formatted(run, key, value, step, System.currentTimeMillis()));
    }

    @Override
    public void onEpoch(int epoch, Iteration last) {
        metric("loss", last.runningLoss(), last.iteration());
    }

    @Override
    public void onValidation(ValidationResult result) {
        metric("validation", result.value(), result.iteration());
    }

    @Override
    public void onEnd(TrainingResult result) {
        send(
                "update",
                "{\"run_id\": \"%s\", \"status\": \"FINISHED\", \"end_time\": %s}"
                        .formatted(run, System.currentTimeMillis()));
        sent.exceptionally(e -> {
                    log.warn("MLflow at {} did not get all metrics of run {}", server, run, e);
                    return null;
                })
                .join();
    }
}
