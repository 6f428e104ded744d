package com.example;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import org.lora4j.LoRAModel;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.AdapterSource;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.lora4j.text.job.Hyperparameters;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.JobMethod;
import org.lora4j.text.job.JobRequest;
import org.lora4j.text.job.JobState;
import org.lora4j.text.job.Promotion;
import org.lora4j.text.job.TrainingService;
import org.lora4j.text.task.Classify;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * One server trains, another one serves the adapter after its next look, and none ever serves half of an upload. Ends with an exception if
 * something is not so.
 *
 * <p>The arguments are the folder of an encoder and a JSONL file with {@code text} and {@code label}.
 */
public final class TwoServers {
    private static final String NAME = "topics";

    private TwoServers() {}

    public static void main(String[] args) throws Exception {
        Path work = Files.createTempDirectory("two-servers");
        List<String> rows = Files.readAllLines(Path.of(args[1]));
        Path some = Files.write(work.resolve("some.jsonl"), rows.subList(0, 100));
        Path more = Files.write(work.resolve("more.jsonl"), rows.subList(0, 140));
        Path first = Files.createDirectories(work.resolve("first"));
        Path second = Files.createDirectories(work.resolve("second"));
        LinkedBlockingQueue<String> changed = new LinkedBlockingQueue<>();
        try (S3Server bucket = new S3Server();
                S3Client s3 = client(bucket);
                TextModel model = TextModel.open(ModelSource.of(Path.of(args[0])), BaseStorage.of(Precision.FLOAT));
                TextService one = TextService.builder(model).adapters(first).build();
                TextService other = TextService.builder(model).adapters(second).build();
                TrainingService trainings = TrainingService.builder(model, work.resolve("jobs"))
                        .adapters(first, name -> {
                            one.refresh(name);
                            changed.add(name); // put into the bucket by a thread that can wait and try again
                        })
                        .build()) {
            SharedAdapters trained = new SharedAdapters(s3, "shop", "tea", first, AdapterSource.of(first));
            SharedAdapters found = new SharedAdapters(s3, "shop", "tea", second, AdapterSource.of(second));
            String text = "Where is my parcel?";

            train(trainings, some);
            publish(trained, changed);
            found.look(other::refresh);
            List<Double> before = scores(one, text);
            check(scores(other, text).equals(before), "both servers must answer the same");

            train(trainings, more);
            List<Double> after = scores(one, text);
            check(!after.equals(before), "the second training must have changed the adapter");
            for (String cut : List.of("PUT tea/adapters/", "PUT tea/files/")) {
                bucket.failIf(request -> request.startsWith(cut));
                refused(() -> trained.publish(NAME));
                bucket.failIf(request -> false);
                found.look(other::refresh);
                check(scores(other, text).equals(before), "half of an upload must not be served");
            }
            publish(trained, changed);
            bucket.failIf(request -> request.startsWith("GET tea/files/"));
            refused(() -> found.look(other::refresh));
            check(scores(other, text).equals(before), "half of a download must not be served");
            bucket.failIf(request -> false);
            spoil(bucket.objects(), () -> refused(() -> found.look(other::refresh)));
            check(scores(other, text).equals(before), "a content that is not what its name says must not be served");
            bucket.objects().put("tea/adapters/../outside", new byte[0]);
            refused(() -> found.look(other::refresh));
            bucket.objects().remove("tea/adapters/../outside");
            check(scores(other, text).equals(after), "the next look must bring what was trained, whatever else is there");
            found.look(name -> {
                throw new IllegalStateException(name + " must not have changed");
            });

            onDemand(s3, work.resolve("third"), first, model, after.size());

            delete(first.resolve(NAME));
            trained.publish(NAME);
            found.look(other::refresh);
            check(!Files.exists(second.resolve(NAME)), "what is gone from the bucket must not be served");
        }
        System.out.println("two servers: one trained, the other one served it; no half of an upload was served");
    }

    /** The address, the region and the keys of a real bucket stand in the environment, and none of these calls is needed. */
    private static S3Client client(S3Server bucket) {
        return S3Client.builder()
                .endpointOverride(bucket.address())
                .region(Region.EU_CENTRAL_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("key", "secret")))
                .httpClient(UrlConnectionHttpClient.create())
                .forcePathStyle(true)
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .serviceConfiguration(settings -> settings.chunkedEncodingEnabled(false))
                .overrideConfiguration(settings -> settings.retryStrategy(retries -> retries.maxAttempts(1)))
                .build();
    }

    private static void train(TrainingService trainings, Path rows) throws Exception {
        Job job = trainings.submit(JobRequest.of(JobMethod.CLASSIFY, "tea", rows)
                .hyperparameters(new Hyperparameters(1, 8, null, null))
                .serveAs(NAME, Promotion.ALWAYS)
                .build());
        check(job.await(Duration.ofMinutes(10)) == JobState.SUCCEEDED, job + ": " + job.error());
    }

    private static void publish(SharedAdapters shared, LinkedBlockingQueue<String> changed) throws Exception {
        List<String> names = new ArrayList<>();
        changed.drainTo(names);
        check(names.contains(NAME), "a job must say that the adapter has changed, found " + names);
        for (String name : names) {
            shared.publish(name);
        }
    }

    private static List<Double> scores(TextService service, String text) throws Exception {
        return service.answer(Classify.class, NAME, List.of(text), RequestOptions.defaults())
                .values()
                .get(0)
                .values();
    }

    /** A server that never looks loads an adapter when the first request needs it. Its model has a classifier of as many classes. */
    private static void onDemand(S3Client s3, Path folder, Path first, TextModel model, int classes) throws Exception {
        Files.createDirectories(folder);
        Network network = model.classifierHead().network(model.model(), classes, 1);
        SharedAdapters shared = new SharedAdapters(s3, "shop", "tea", folder, AdapterSource.of(folder));
        AdapterCache cache = AdapterCache.builder(LoRAModel.of(network), shared).build();
        try (AdapterCache.Pin pin = cache.pin(NAME)) {
            check(cache.isLoaded(NAME), pin + " must hold the adapter");
        }
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json", "task.json")) {
            check(
                    Files.mismatch(folder.resolve(NAME).resolve(file), first.resolve(NAME).resolve(file)) == -1,
                    file + " must be that of the first server");
        }
    }

    /** Another content under the name of one. */
    private static void spoil(Map<String, byte[]> objects, Action meanwhile) throws Exception {
        Map<String, byte[]> right = Map.copyOf(objects);
        objects.replaceAll((key, content) -> {
            byte[] wrong = Arrays.copyOf(content, content.length);
            if (key.startsWith("tea/files/")) {
                wrong[wrong.length / 2] ^= 1;
            }
            return wrong;
        });
        meanwhile.run();
        objects.putAll(right);
    }

    private interface Action {
        void run() throws Exception;
    }

    private static void refused(Action action) throws Exception {
        try {
            action.run();
        } catch (IOException expected) {
            return;
        }
        throw new IllegalStateException("an IOException must be thrown, found none");
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    private static void check(boolean isSo, String must) {
        if (!isSo) {
            throw new IllegalStateException(must);
        }
    }
}
