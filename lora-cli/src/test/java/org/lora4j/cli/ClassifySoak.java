package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.fixtures.Patience;

/**
 * A server of classifiers with keys. An adapter is exchanged whose versions have other labels, a key is revoked and given back in
 * files with and without mistakes, and one adapter gets as many texts as it may, beside short ones for another.
 */
final class ClassifySoak implements AutoCloseable {
    private static final String CLASSIFY = "/v1/classify";
    private static final String KEPT = "key-that-is-kept-1";
    private static final String REVOKED = "key-that-is-revoked-2";
    private static final int PAUSE_MILLIS = 400;
    private static final double TOLERANCE = 1e-5;

    private final Path folder;
    private final Path keys;
    private final ServerProcess server;
    private final ChangingAdapter changing;

    /** What each version answers. */
    private final List<Scores> versions = new ArrayList<>();

    private final Scores steady;

    ClassifySoak(Path folder) throws Exception {
        this.folder = Files.createDirectories(folder);
        Path bert = SmallModels.bert(folder.resolve("bert"), 1);
        Path adapters = folder.resolve("adapters");
        train(bert, adapters.resolve("steady"), "cats", "ships", 2);
        train(bert, adapters.resolve("flood"), "cats", "ships", 2);
        Path first = train(bert, folder.resolve("first"), "cats", "ships", 3);
        Path second = train(bert, folder.resolve("second"), "Katzen", "Schiffe", 4);
        changing = new ChangingAdapter(adapters.resolve("changing"), folder.resolve("work"), first, second);
        keys = folder.resolve("keys");
        writeKeys(KEPT + " *\n" + REVOKED + " *\n");
        server = ServerProcess.start(
                folder.resolve("log"),
                "512m",
                "--model",
                bert,
                "--adapters",
                adapters,
                "--classify",
                "--reload",
                1,
                "--api-key-file",
                keys,
                "--max-body",
                2000,
                "--timeout",
                120);
        steady = answer("steady");
        versions.add(answer("changing"));
        changing.rename(1);
        Patience.await(() -> !answer("changing").isLike(versions.get(0)));
        versions.add(answer("changing"));
    }

    ServerProcess server() {
        return server;
    }

    private Path train(Path model, Path output, String one, String other, long seed) throws IOException {
        Path texts = SmallTexts.csv(folder.resolve("texts.csv"), 40, seed);
        Files.writeString(
                texts,
                Files.readString(texts).replace(",cats,", "," + one + ",").replace(",ships,", "," + other + ","));
        Cli.good(
                "classify",
                "--model",
                model,
                "--data",
                texts,
                "--output",
                output,
                "--epochs",
                1,
                "--rate",
                0.02,
                "--no-baseline");
        return output;
    }

    private void writeKeys(String text) throws IOException {
        Path next = Files.writeString(folder.resolve("keys.next"), text);
        Files.move(next, keys, StandardCopyOption.ATOMIC_MOVE);
    }

    private HttpResponse<String> ask(String key, String adapter, List<String> texts) throws Exception {
        String input = new ObjectMapper().writeValueAsString(texts);
        return server.send(server.request(CLASSIFY)
                .header("Authorization", "Bearer " + key)
                .POST(HttpRequest.BodyPublishers.ofString("{\"model\":\"" + adapter + "\",\"input\":" + input + "}"))
                .build());
    }

    /** The labels, and the probabilities that belong to them, which batches round in different ways. */
    @SuppressWarnings("ArrayRecordComponent") // It is never compared.
    private record Scores(String labels, String label, double[] values) {
        boolean isLike(Scores other) {
            return labels.equals(other.labels)
                    && label.equals(other.label)
                    && IntStream.range(0, values.length)
                            .allMatch(i -> Math.abs(values[i] - other.values[i]) < TOLERANCE);
        }

        @Override
        public String toString() {
            return labels + " " + Arrays.toString(values) + " " + label;
        }
    }

    private static Scores answer(HttpResponse<String> response) throws IOException {
        JsonNode answer = new ObjectMapper().readTree(response.body());
        return new Scores(
                answer.path("labels").toString(),
                answer.at("/data/0/label").asText(),
                new ObjectMapper().convertValue(answer.at("/data/0/probs"), double[].class));
    }

    private Scores answer(String adapter) throws Exception {
        HttpResponse<String> response = ask(KEPT, adapter, List.of("the ship sails"));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return answer(response);
    }

    void start(SoakClients clients) {
        for (int i = 0; i < 2; i++) {
            clients.honest("honest steady", random -> honest(clients, "honest steady", "steady", List.of(steady)));
            clients.honest(
                    "honest classes changing",
                    random -> honest(clients, "honest classes changing", "changing", versions));
        }
        clients.start("exchange", random -> {
            if (random.nextBoolean()) {
                changing.rename(random.nextInt(2));
            } else {
                changing.replaceFiles(random.nextInt(2));
            }
            clients.count("exchange");
            Thread.sleep(random.nextInt(3 * PAUSE_MILLIS));
        });
        clients.start("revoked", random -> {
            List<String> without =
                    List.of(KEPT + " *\n", KEPT + " *\nshort *\n", "not a line\n" + KEPT + " *\n" + KEPT + "9 a=b=c\n");
            writeKeys(without.get(random.nextInt(without.size())));
            Patience.await(() -> ask(REVOKED, "steady", List.of("a")).statusCode() == 401);
            for (int i = 0; i < 10; i++) {
                assertThat(ask(REVOKED, "steady", List.of("a")).statusCode()).isEqualTo(401);
            }
            writeKeys(KEPT + " *\n" + REVOKED + " *\n");
            Patience.await(() -> ask(REVOKED, "steady", List.of("a")).statusCode() != 401);
            clients.count("revoked");
            Thread.sleep(PAUSE_MILLIS);
        });
        for (int i = 0; i < 4; i++) {
            clients.hostile("flood of texts", random -> {
                List<String> texts = Collections.nCopies(1000, "the ship sails on the sea ".repeat(5));
                int status = ask(KEPT, "flood", texts).statusCode();
                assertThat(status).isIn(200, 429, 503, 504);
                clients.count("flood of texts, " + status);
            });
        }
    }

    private void honest(SoakClients clients, String what, String adapter, List<Scores> expected) throws Exception {
        long begin = System.nanoTime();
        HttpResponse<String> response = ask(KEPT, adapter, List.of("the ship sails"));
        int status = response.statusCode();
        if (status == 200) {
            assertThat(expected).anyMatch(answer(response)::isLike);
            clients.took(what, begin);
            clients.count(what);
        } else {
            // While the folder is away; or the server is busy and says so.
            assertThat(status).as(response.body()).isIn(404, 503, 504);
            assertThat(status == 404 && expected.size() == 1)
                    .as(response.body())
                    .isFalse();
            clients.count(what + ", " + status);
        }
        Thread.sleep(10);
    }

    @Override
    public void close() {
        server.close();
    }
}
