package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileObject;
import com.openai.models.files.FilePurpose;
import com.openai.models.finetuning.jobs.FineTuningJob;
import com.openai.models.finetuning.jobs.FineTuningJobEvent;
import com.openai.models.finetuning.jobs.JobCreateParams;
import com.openai.models.models.Model;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;

/** Trainings of clients, from their file to the adapter that answers. */
@Tag("slow")
@MustEnd
class ServeJobsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String JOBS = "/v1/fine_tuning/jobs";
    private static final String ONE = "key-of-the-first-one";
    private static final String TWO = "key-of-the-second-one";
    private static final String NAMED = "key-for-one-name-only";
    private static final Set<String> ENDS = Set.of("succeeded", "failed", "cancelled");

    @TempDir
    private static Path temp;

    private static Path model;
    private static Path keys;
    private static RunningServer server;

    @BeforeAll
    static void start() throws Exception {
        model = SmallModels.llama(temp.resolve("llama"), 1);
        RandomAdapters.write(temp.resolve("adapters/style"), "model.layers", "self_attn.q_proj", 1);
        keys = Files.writeString(
                temp.resolve("keys"),
                ONE + " name=one train=yes *\n" + TWO + " name=two train=yes *\n" + NAMED + " train=yes mine style\n");
        server = RunningServer.start(options(temp.resolve("training")));
    }

    @AfterAll
    static void stop() {
        assertThat(server.stop()).isZero();
        assertThat(server.err()).isEmpty();
    }

    private static Object[] options(Path folder) {
        return new Object[] {
            "--model",
            model,
            "--adapters",
            temp.resolve("adapters"),
            "--allow-base",
            "--train",
            folder,
            "--api-key-file",
            keys,
            "--max-jobs",
            6,
            "--grace",
            1
        };
    }

    private static String chats(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> "{\"messages\":[{\"role\":\"user\",\"content\":\"Where is " + i
                        + "?\"},{\"role\":\"assistant\",\"content\":\"Blue heron.\"}]}\n")
                .collect(Collectors.joining());
    }

    private static HttpResponse<String> send(String key, String method, String path, String body) throws Exception {
        HttpRequest.BodyPublisher content =
                body.isEmpty() ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        return server.send(server.request(path)
                .header("Authorization", "Bearer " + key)
                .method(method, content)
                .build());
    }

    private static JsonNode good(String key, String method, String path, String body) throws Exception {
        HttpResponse<String> response = send(key, method, path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return RunningServer.json(response);
    }

    private static JsonNode get(String key, String path) throws Exception {
        return good(key, "GET", path, "");
    }

    private static void assertRefused(HttpResponse<String> response, int status, String about) throws IOException {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        JsonNode error = RunningServer.json(response).path("error");
        assertThat(error.path("message").asText() + " " + error.path("param").asText())
                .contains(about);
    }

    private static String upload(String key, String text) throws Exception {
        return upload(server, key, "rows.jsonl", text);
    }

    private static String upload(RunningServer to, String key, String name, String text) throws Exception {
        String body =
                "--e\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n--e\r\nContent-Disposition:"
                        + " form-data; name=\"file\"; filename=\"" + name + "\"\r\n\r\n" + text + "\r\n--e--\r\n";
        HttpResponse<String> response = to.send(to.request("/v1/files")
                .setHeader("Content-Type", "multipart/form-data; boundary=e")
                .header("Authorization", "Bearer " + key)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return RunningServer.json(response).path("id").asText();
    }

    private static String body(String file, String more) {
        return "{\"model\":\"llama\",\"training_file\":\"" + file + "\"" + (more.isEmpty() ? "" : "," + more) + "}";
    }

    private static String epochs(int count) {
        return "\"hyperparameters\":{\"n_epochs\":" + count + ",\"batch_size\":1}";
    }

    private static JsonNode submit(String key, String body) throws Exception {
        return good(key, "POST", JOBS, body);
    }

    private static JsonNode await(String key, JsonNode job, Set<String> states) throws Exception {
        String id = job.path("id").asText();
        List<JsonNode> last = new ArrayList<>();
        Patience.await(() -> {
            last.clear();
            last.add(get(key, JOBS + "/" + id));
            return states.contains(last.get(0).path("status").asText());
        });
        return last.get(0);
    }

    private static JsonNode trained(String key, String body) throws Exception {
        JsonNode job = await(key, submit(key, body), ENDS);
        assertThat(job.path("status").asText()).as(job.toString()).isEqualTo("succeeded");
        return job;
    }

    private static HttpResponse<String> chat(String key, String name) throws Exception {
        return send(
                key,
                "POST",
                "/v1/chat/completions",
                "{\"model\":\"" + name
                        + "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"max_tokens\":2,\"temperature\":0}");
    }

    /** The types of this client throw where a field that must be there is missing. */
    @Test
    void openAisOwnClientFinishesItsCalls() throws Exception {
        OpenAIClient client = server.openAi().withOptions(options -> options.apiKey(ONE));
        FileObject file = client.files()
                .create(FileCreateParams.builder()
                        .file(Files.writeString(temp.resolve("chats.jsonl"), chats(6)))
                        .purpose(FilePurpose.FINE_TUNE)
                        .build());
        FineTuningJob job = client.fineTuning()
                .jobs()
                .create(JobCreateParams.builder()
                        .model("llama")
                        .trainingFile(file.id())
                        .validationFile(file.id())
                        .suffix("parcels")
                        .seed(7)
                        .build());
        job.validate();
        assertThat(job.fineTunedModel()).isEmpty();
        Patience.await(
                () -> client.fineTuning().jobs().retrieve(job.id()).status().equals(FineTuningJob.Status.SUCCEEDED));
        FineTuningJob end = client.fineTuning().jobs().retrieve(job.id());
        end.validate();
        String name = end.fineTunedModel().orElseThrow();
        assertThat(name).matches("ft:llama:one:parcels:[0-9a-f]{24}");
        assertThat(end.seed()).isEqualTo(7);
        assertThat(end.trainedTokens().orElseThrow()).isPositive();
        List<FineTuningJobEvent> events = client.fineTuning().jobs().listEvents(job.id()).autoPager().stream()
                .toList();
        events.forEach(FineTuningJobEvent::validate);
        assertThat(events).extracting(FineTuningJobEvent::message).contains("New fine-tuned model created: " + name);
        assertThat(client.fineTuning().jobs().checkpoints().list(job.id()).items())
                .isNotEmpty()
                .allSatisfy(one -> one.validate());
        try (com.openai.core.http.HttpResponse content =
                client.files().content(end.resultFiles().get(0))) {
            String csv = new String(content.body().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(csv).startsWith("step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,");
        }
        assertThat(client.models().list().items()).extracting(Model::id).contains(name);
        assertThat(client.models().retrieve(name).id()).isEqualTo(name);
        assertThat(client.models().delete(name).deleted()).isTrue();
        assertThat(client.models().list().items()).extracting(Model::id).doesNotContain(name);
    }

    @Test
    void whatAJobTrainedAnswersUnderItsNameUntilItIsDeleted() throws Exception {
        JsonNode job = trained(ONE, body(upload(ONE, chats(4)), epochs(2)));
        String name = job.path("fine_tuned_model").asText();
        HttpResponse<String> answer = chat(ONE, name);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(RunningServer.json(answer).path("model").asText()).isEqualTo(name);
        String path = "/v1/models/" + name.replace(":", "%3A");
        assertThat(get(ONE, path).path("task").asText()).isEqualTo("generate");
        JsonNode points = get(ONE, JOBS + "/" + job.path("id").asText() + "/checkpoints");
        assertThat(points.path("data")).hasSize(2);
        String point = points.at("/data/1/fine_tuned_model_checkpoint").asText();
        assertThat(point).isEqualTo(name + ":ckpt-step-4");
        assertThat(chat(ONE, point).statusCode()).isEqualTo(200);
        assertThat(get(ONE, "/v1/models/" + point).path("id").asText()).isEqualTo(point);

        // Others have no name for it.
        String folder = job.path("id").asText();
        for (String key : List.of(TWO, NAMED)) {
            for (String other : List.of(name, point, folder)) {
                assertRefused(chat(key, other), 404, "there is no adapter");
                assertRefused(send(key, "GET", "/v1/models/" + other, ""), 404, "there is no adapter");
                assertRefused(send(key, "DELETE", "/v1/models/" + other, ""), 404, "there is no adapter");
            }
            assertThat(get(key, "/v1/models").toString()).doesNotContain(folder, name);
        }
        assertRefused(chat(ONE, folder), 404, "there is no adapter");
        assertRefused(chat(ONE, name.replace(":one:", ":two:")), 404, "there is no adapter");
        assertRefused(send(ONE, "DELETE", "/v1/models/style", ""), 403, "a job of this key");
        assertThat(good(ONE, "DELETE", path, "").toString())
                .isEqualTo("{\"id\":\"" + name + "\",\"object\":\"model\",\"deleted\":true}");
        assertRefused(chat(ONE, name), 404, "there is no adapter");
        assertRefused(send(ONE, "DELETE", path, ""), 404, "there is no adapter");
        assertThat(chat(ONE, "style").statusCode()).isEqualTo(200);
        assertThat(temp.resolve("adapters").resolve(folder)).doesNotExist();
    }

    @Test
    void theMetricsOfAJobAreAFileOfItsOwner() throws Exception {
        JsonNode job = trained(ONE, body(upload(ONE, chats(3)), epochs(1)));
        String id = job.at("/result_files/0").asText();
        JsonNode file = get(ONE, "/v1/files/" + id);
        assertThat(file.path("purpose").asText()).isEqualTo("fine-tune-results");
        assertThat(get(ONE, "/v1/files?purpose=fine-tune-results").path("data")).contains(file);
        String content = send(ONE, "GET", "/v1/files/" + id + "/content", "").body();
        assertThat(content.lines()).hasSize(4);
        assertThat(file.path("bytes").asInt()).isEqualTo(content.length());
        assertRefused(send(TWO, "GET", "/v1/files/" + id, ""), 404, "there is no file");
        assertRefused(send(ONE, "DELETE", "/v1/files/" + id, ""), 400, "metrics of a job");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"model\":\"other\" | model",
                "\"suffix\":\"a:b\" | suffix",
                "\"suffix\":\"../evil\" | suffix",
                "\"suffix\":\"\" | suffix",
                "\"seed\":-1 | seed",
                "\"seed\":2147483648 | seed",
                "\"metadata\":{\"a\":1} | metadata",
                "\"metadata\":[] | metadata",
                "\"integrations\":[{\"type\":\"wandb\"}] | integrations",
                "\"n_epochs\":3 | n_epochs",
                "\"user\":\"a\" | user",
                "\"method\":\"dpo\" | method",
                "\"method\":{\"type\":\"reinforcement\"} | reinforcement",
                "\"method\":{\"type\":\"dpo\",\"supervised\":{}} | method.supervised",
                "\"method\":{\"type\":\"supervised\",\"supervised\":{\"grader\":{}}} | grader",
                "\"method\":{\"type\":\"supervised\",\"supervised\":{\"hyperparameters\":{\"beta\":0.1}}} | beta",
                "\"method\":{\"type\":\"dpo\",\"dpo\":{\"hyperparameters\":{\"beta\":3}}} | beta",
                "\"hyperparameters\":{\"n_epochs\":51} | n_epochs",
                "\"hyperparameters\":{\"n_epochs\":1.5} | n_epochs",
                "\"hyperparameters\":{\"batch_size\":257} | batch_size",
                "\"hyperparameters\":{\"learning_rate_multiplier\":0} | learning_rate_multiplier",
                "\"hyperparameters\":{\"compute_multiplier\":1} | compute_multiplier",
                "\"hyperparameters\":{\"n_epochs\":1},\"method\":{\"type\":\"supervised\",\"supervised\":{\"hyperparameters\":"
                        + "{\"n_epochs\":2}}} | hyperparameters",
                "\"promote\":\"always\" | promote",
                "\"serve_as\":\"mine\",\"promote\":\"sometimes\" | promote",
                "\"serve_as\":\"../mine\" | serve_as",
                "\"serve_as\":\"llama\" | serve_as",
                "\"serve_as\":\"style\" | serve_as",
                "\"serve_as\":\"STYLE\" | serve_as",
                "\"serve_as\":\"ftjob-a\" | serve_as",
                "\"validation_file\":\"file-none\" | validation_file",
                "\"training_file\":\"../rows\" | training_file"
            })
    void aFieldThatIsWrongOrNotSupportedIsRefusedByItsName(String field, String name) throws Exception {
        String file = upload(ONE, chats(2));
        String body = body(file, field);
        if (field.startsWith("\"model\"") || field.startsWith("\"training_file\"")) {
            String other = field.startsWith("\"model\"") ? "\"training_file\":\"" + file + "\"" : "\"model\":\"llama\"";
            body = "{" + other + "," + field + "}";
        }
        assertRefused(send(ONE, "POST", JOBS, body), 400, name);
        good(ONE, "DELETE", "/v1/files/" + file, "");
    }

    /** So a person sees what is wrong before anything trains, and all of it at once. */
    @Test
    void rowsAreCheckedWithoutAJob() throws Exception {
        String before = get(TWO, JOBS).toString();
        String wrong = "{\"messages\":[]}\n" + chats(2) + "{\"prompt\":\"<b>\\u0000\",\"completion\":7}\n";
        String training = upload(server, TWO, "a<b>.jsonl", wrong);
        JsonNode found = good(TWO, "POST", JOBS + "/check", body(training, "\"validation_file\":\"" + training + "\""));
        assertThat(found.path("object").asText()).isEqualTo("fine_tuning.check");
        assertThat(found.path("ok").asBoolean()).isFalse();
        assertThat(found.path("problem").isNull()).isTrue();
        assertThat(found.path("repeated_rows").asInt()).isEqualTo(2);
        for (String file : List.of("training_file", "validation_file")) {
            JsonNode rows = found.path(file);
            assertThat(rows.path("filename").asText()).isEqualTo("a<b>.jsonl");
            assertThat(rows.path("good_rows").asInt()).isEqualTo(2);
            assertThat(rows.path("wrong_rows").asInt()).isEqualTo(2);
            assertThat(rows.path("wrong").findValuesAsText("line")).containsExactly("1", "4");
            assertThat(rows.at("/wrong/1/message").asText()).contains("completion must be a list of objects, found 7");
            assertThat(rows.at("/good/0/line").asInt()).isEqualTo(2);
            assertThat(rows.at("/good/0/row").asText()).startsWith("{\"messages\":[{\"role\":\"user\"");
        }
        assertThat(good(TWO, "POST", JOBS + "/check", body(upload(TWO, chats(2)), ""))
                        .path("ok")
                        .asBoolean())
                .isTrue();
        assertRefused(send(ONE, "POST", JOBS + "/check", body(training, "")), 400, "training_file");
        assertRefused(send(TWO, "POST", JOBS + "/check", body(training, "\"x\":1")), 400, "x");
        String table = upload(server, TWO, "table.xlsx", "PK");
        assertRefused(send(TWO, "POST", JOBS + "/check", body(table, "")), 400, ".csv");
        assertThat(get(TWO, JOBS)).hasToString(before);
    }

    /** Without OpenAI's word auto, and with null for what is not said. */
    @Test
    void whatIsNullOrAutoIsNotSaid() throws Exception {
        JsonNode job = submit(
                ONE,
                body(
                        upload(ONE, chats(2)),
                        "\"suffix\":null,\"seed\":null,\"metadata\":null,\"integrations\":null,\"validation_file\":null,"
                                + "\"method\":{\"type\":\"supervised\",\"dpo\":null,\"supervised\":{\"hyperparameters\":"
                                + "{\"n_epochs\":\"auto\",\"batch_size\":\"auto\",\"learning_rate_multiplier\":\"auto\"}}}"));
        assertThat(job.path("seed").isIntegralNumber()).isTrue();
        assertThat(job.path("metadata")).isEmpty();
        good(ONE, "POST", JOBS + "/" + job.path("id").asText() + "/cancel", "");
        JsonNode end = await(ONE, job, ENDS);
        assertThat(end.at("/hyperparameters/n_epochs").isIntegralNumber()
                        || end.at("/hyperparameters/n_epochs").asText().equals("auto"))
                .isTrue();
    }

    @Test
    void aJobIsPausedResumedAndCancelled() throws Exception {
        JsonNode job = submit(ONE, body(upload(ONE, chats(200)), epochs(50)));
        String path = JOBS + "/" + job.path("id").asText();
        await(ONE, job, Set.of("running"));
        good(ONE, "POST", path + "/pause", "");
        await(ONE, job, Set.of("paused"));
        assertRefused(send(ONE, "POST", path + "/pause", ""), 400, "paused");
        assertThat(good(ONE, "POST", path + "/resume", "").path("status").asText())
                .isIn("queued", "running");
        assertRefused(send(ONE, "POST", path + "/resume", ""), 400, "can be resumed");
        assertRefused(send(ONE, "POST", path + "/promote", ""), 400, "promoted");
        // Browsers send requests without a body for any page without asking.
        HttpResponse<String> page = server.send(server.request(path + "/cancel")
                .header("Authorization", "Bearer " + ONE)
                .header("Origin", "https://evil.example")
                .POST(HttpRequest.BodyPublishers.noBody())
                .build());
        assertRefused(page, 403, "Origin must be this server");
        good(ONE, "POST", path + "/cancel", "");
        JsonNode end = await(ONE, job, ENDS);
        assertThat(end.path("status").asText()).isEqualTo("cancelled");
        assertThat(end.path("fine_tuned_model").isNull()).isTrue();
        assertThat(end.path("error").isNull()).isTrue();
        assertThat(end.path("result_files")).isEmpty();
        assertRefused(send(ONE, "POST", path + "/cancel", ""), 400, "cancelled");
        for (String change : List.of("cancel", "pause", "resume", "promote", "rollback")) {
            assertRefused(send(TWO, "POST", path + "/" + change, ""), 404, "there is no job");
        }
        assertThat(send(ONE, "GET", path + "/cancel", "").headers().firstValue("Allow"))
                .hasValue("POST");
    }

    @Test
    void pagesAndMetadataOfJobs() throws Exception {
        String file = upload(TWO, chats(1));
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            String metadata = i == 0 ? "" : ",\"metadata\":{\"team\":\"" + (i % 2 == 0 ? "even" : "odd") + "\"}";
            ids.add(0, submit(TWO, body(file, epochs(1) + metadata)).path("id").asText());
        }
        JsonNode page = get(TWO, JOBS + "?limit=2");
        assertThat(page.path("data").findValuesAsText("id").subList(0, 2)).isEqualTo(ids.subList(0, 2));
        assertThat(page.path("has_more").asBoolean()).isTrue();
        JsonNode next = get(TWO, JOBS + "?limit=2&after=" + ids.get(1));
        assertThat(next.path("data").findValuesAsText("id")).isEqualTo(ids.subList(2, 4));
        assertThat(next.path("has_more").asBoolean()).isFalse();
        assertThat(get(TWO, JOBS + "?metadata%5Bteam%5D=odd").path("data").findValuesAsText("id"))
                .containsExactly(ids.get(0), ids.get(2));
        assertThat(get(TWO, JOBS + "?metadata=null").path("data").findValuesAsText("id"))
                .containsExactly(ids.get(3));
        assertRefused(send(TWO, "GET", JOBS + "?after=ftjob-none", ""), 400, "after");
        assertRefused(send(TWO, "GET", JOBS + "?state=x", ""), 400, "state");
        assertRefused(send(TWO, "GET", JOBS + "/" + ids.get(0) + "/events?after=x", ""), 400, "after");
        assertThat(get(ONE, JOBS + "?limit=1000").toString()).doesNotContain(ids.get(0));
        assertRefused(send(ONE, "GET", JOBS + "/" + ids.get(0), ""), 404, "there is no job");
        for (String id : ids) {
            await(TWO, get(TWO, JOBS + "/" + id), ENDS);
        }
    }

    @Test
    void eventsComeAsAStreamAndNoneIsLost() throws Exception {
        JsonNode job = submit(ONE, body(upload(ONE, chats(30)), epochs(2)));
        String path = JOBS + "/" + job.path("id").asText() + "/events";
        HttpResponse<String> stream = send(ONE, "GET", path + "?stream=true", "");
        assertThat(stream.headers().firstValue("Content-Type")).hasValue("text/event-stream; charset=utf-8");
        assertThat(stream.body()).endsWith("data: [DONE]\n\n");
        List<String> ids = stream.body()
                .lines()
                .filter(line -> line.startsWith("id: "))
                .map(line -> line.substring("id: ".length()))
                .toList();
        assertThat(new HashSet<>(ids)).hasSameSizeAs(ids);
        JsonNode all = get(ONE, path + "?limit=1000").path("data");
        List<String> listed = new ArrayList<>(all.findValuesAsText("id"));
        java.util.Collections.reverse(listed);
        assertThat(ids).isEqualTo(listed).hasSizeGreaterThan(60);
        JsonNode last = JSON.readTree(stream.body()
                .lines()
                .filter(line -> line.startsWith("data: {"))
                .reduce((a, b) -> b)
                .orElseThrow()
                .substring("data: ".length()));
        assertThat(last).isEqualTo(all.get(0));
        HttpResponse<String> rest = send(ONE, "GET", path + "?stream=true&after=" + ids.get(ids.size() - 3), "");
        assertThat(rest.body().lines().filter(line -> line.startsWith("id: ")))
                .containsExactly("id: " + ids.get(ids.size() - 2), "id: " + ids.get(ids.size() - 1));
        assertRefused(send(ONE, "GET", path + "?stream=true&after=x", ""), 400, "after");
    }

    @Test
    void aNameIsTakenAndGivenBack() throws Exception {
        String file = upload(ONE, chats(3));
        String always = "\"serve_as\":\"parcels\",\"promote\":\"always\"," + epochs(1);
        JsonNode first = trained(ONE, body(file, always));
        assertThat(first.path("promoted").asBoolean()).isTrue();
        assertThat(chat(ONE, "parcels").statusCode()).isEqualTo(200);
        // Another key for all adapters may use it, but not replace it.
        assertThat(chat(TWO, "parcels").statusCode()).isEqualTo(200);
        assertRefused(send(TWO, "POST", JOBS, body(upload(TWO, chats(2)), always)), 400, "serve_as");
        assertRefused(
                send(TWO, "POST", JOBS, body(upload(TWO, chats(2)), always.replace("parcels", "Parcels"))),
                400,
                "serve_as");
        JsonNode second = trained(ONE, body(file, always));
        String path = JOBS + "/" + second.path("id").asText();
        assertThat(good(ONE, "POST", path + "/rollback", "").path("promoted").asBoolean())
                .isFalse();
        assertRefused(send(ONE, "POST", path + "/rollback", ""), 400, "second name");
        assertThat(good(ONE, "POST", path + "/promote", "").path("promoted").asBoolean())
                .isTrue();
        // Nothing says that it is better.
        JsonNode third = trained(ONE, body(file, "\"serve_as\":\"parcels\"," + epochs(1)));
        assertThat(third.path("promote").asText()).isEqualTo("if_better");
        assertThat(third.path("promoted").asBoolean()).isFalse();
        // A key with names of its own may have these, also if they are there.
        trained(NAMED, body(upload(NAMED, chats(2)), "\"serve_as\":\"mine\",\"promote\":\"always\"," + epochs(1)));
        assertThat(chat(NAMED, "mine").statusCode()).isEqualTo(200);
        assertRefused(send(NAMED, "POST", JOBS, body(upload(NAMED, chats(2)), always)), 400, "serve_as");
    }

    @Test
    void jobsOfAKeyAreBounded() throws Exception {
        String file = upload(NAMED, chats(100));
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            ids.add(submit(NAMED, body(file, epochs(50))).path("id").asText());
        }
        assertRefused(send(NAMED, "POST", JOBS, body(file, epochs(1))), 429, "at most 6 jobs");
        // Another one has its turn.
        JsonNode other = submit(TWO, body(upload(TWO, chats(1)), epochs(1)));
        for (String id : ids) {
            good(NAMED, "POST", JOBS + "/" + id + "/cancel", "");
        }
        assertThat(await(TWO, other, ENDS).path("status").asText()).isEqualTo("succeeded");
        for (String id : ids) {
            await(NAMED, get(NAMED, JOBS + "/" + id), ENDS);
        }
    }

    @Test
    void adaptersAreLoadedAndUnloadedByName() throws Exception {
        String load = "/v1/load_lora_adapter";
        String unload = "/v1/unload_lora_adapter";
        HttpResponse<String> unused = send(ONE, "POST", unload, "{\"lora_name\":\"style\"}");
        HttpResponse<String> loaded = send(ONE, "POST", load, "{\"lora_name\":\"style\",\"lora_path\":\"style\"}");
        assertThat(loaded.statusCode()).as(loaded.body()).isEqualTo(200);
        assertThat(loaded.body()).isEqualTo("Success: LoRA adapter 'style' added successfully.");
        assertRefused(
                send(ONE, "POST", load, "{\"lora_name\":\"style\",\"lora_path\":\"style\"}"), 400, "load_inplace");
        assertThat(send(ONE, "POST", load, "{\"lora_name\":\"style\",\"lora_path\":\"style\",\"load_inplace\":true}")
                        .statusCode())
                .isEqualTo(200);
        for (String path : List.of("/etc", "../adapters/style", "other")) {
            assertRefused(
                    send(ONE, "POST", load, "{\"lora_name\":\"style\",\"lora_path\":\"" + path + "\"}"),
                    400,
                    "lora_path");
        }
        assertRefused(send(ONE, "POST", load, "{\"lora_name\":\"style\"}"), 400, "lora_path");
        assertRefused(send(ONE, "POST", load, "{\"lora_path\":\"style\"}"), 400, "lora_name");
        for (String name : List.of("none", "../adapters/style", "llama", "ftjob-a")) {
            String body = "{\"lora_name\":\"" + name + "\",\"lora_path\":\"" + name + "\"}";
            assertRefused(send(ONE, "POST", load, body), 404, "there is no adapter");
            assertRefused(send(ONE, "POST", unload, "{\"lora_name\":\"" + name + "\"}"), 404, "there is no adapter");
        }
        Path broken = Files.createDirectories(temp.resolve("adapters/broken"));
        Files.writeString(broken.resolve("adapter_config.json"), "{");
        Files.writeString(broken.resolve("adapter_model.safetensors"), "");
        assertRefused(
                send(ONE, "POST", load, "{\"lora_name\":\"broken\",\"lora_path\":\"broken\"}"), 400, "can be loaded");
        HttpResponse<String> removed = send(ONE, "POST", unload, "{\"lora_name\":\"style\",\"lora_int_id\":3}");
        assertThat(removed.body()).isEqualTo("Success: LoRA adapter 'style' removed successfully.");
        assertThat(chat(ONE, "style").statusCode()).isEqualTo(200);
    }

    /** One that is uploaded, validated, and trains where the server is killed goes on with the next one. */
    @Test
    void jobsGoOnWhenTheServerIsKilled() throws Exception {
        Path folder = temp.resolve("killed");
        String id;
        Object[] options = {"--model", model, "--allow-base", "--train", folder};
        try (ServerProcess first = ServerProcess.start(temp.resolve("log"), "512m", options)) {
            String rows = "--e\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n--e\r\n"
                    + "Content-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n" + chats(40)
                    + "\r\n--e--\r\n";
            HttpResponse<String> file = first.send(first.request("/v1/files")
                    .setHeader("Content-Type", "multipart/form-data; boundary=e")
                    .POST(HttpRequest.BodyPublishers.ofString(rows))
                    .build());
            HttpResponse<String> job =
                    first.post(JOBS, body(RunningServer.json(file).path("id").asText(), epochs(10)));
            id = RunningServer.json(job).path("id").asText();
            boolean[] tells = {false};
            Patience.await(() -> {
                String metrics = first.get("/metrics").body();
                tells[0] |= RunningServer.figure(metrics, "lora_training_step") > 0
                        && RunningServer.figure(metrics, "lora_training_steps")
                                > RunningServer.figure(metrics, "lora_training_step");
                return first.get(JOBS + "/" + id + "/checkpoints").body().contains("ckpt-step");
            });
            assertThat(tells[0]).isTrue();
            first.kill();
        }
        try (RunningServer again = RunningServer.start(options)) {
            Patience.await(() -> RunningServer.json(again.get(JOBS + "/" + id))
                    .path("status")
                    .asText()
                    .equals("succeeded"));
            JsonNode end = RunningServer.json(again.get(JOBS + "/" + id));
            String csv = again.get("/v1/files/" + end.at("/result_files/0").asText() + "/content")
                    .body();
            assertThat(csv.lines()).hasSize(401);
            // Without --adapters, they lie in the folder of the trainings.
            assertThat(folder.resolve("adapters").resolve(id)).isDirectory();
            assertThat(again.post(
                                    "/v1/completions",
                                    "{\"model\":\""
                                            + end.path("fine_tuned_model").asText()
                                            + "\",\"prompt\":\"a\",\"max_tokens\":1}")
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    /** Jobs of a decoder train one after the other, unless somebody asks for more. */
    @Test
    void smallJobsOfADecoderTrainAtOnceIfAskedFor() throws Exception {
        try (RunningServer decoder = RunningServer.start(
                "--model",
                model,
                "--allow-base",
                "--train",
                temp.resolve("at-once"),
                "--train-at-once",
                2,
                "--grace",
                1)) {
            String file = upload(decoder, ONE, "rows.jsonl", chats(400));
            List<String> jobs = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                jobs.add(JOBS + "/"
                        + decoder.good(JOBS, body(file, epochs(50))).path("id").asText());
            }
            Patience.await(() -> {
                int running = 0;
                for (String job : jobs) {
                    running += RunningServer.json(decoder.get(job))
                                    .path("status")
                                    .asText()
                                    .equals("running")
                            ? 1
                            : 0;
                }
                return running == 2;
            });
            for (String job : jobs) {
                decoder.good(job + "/cancel", "");
            }
        }
    }

    /** The other tasks, by the same field. */
    @Test
    void anEncoderTrainsClasses() throws Exception {
        Path bert = SmallModels.bert(temp.resolve("bert"), 1);
        String rows = IntStream.range(0, 20)
                .mapToObj(i -> i % 2 == 0
                        ? "{\"text\":\"the cat purrs\",\"label\":\"cats\"}\n"
                        : "{\"text\":\"the ship sails\",\"label\":\"ships\"}\n")
                .collect(Collectors.joining());
        try (RunningServer encoder =
                RunningServer.start("--model", bert, "--train", temp.resolve("classes"), "--grace", 1)) {
            String file = upload(encoder, ONE, "rows.jsonl", rows);
            HttpResponse<String> wrong = encoder.post(
                    JOBS, body(file, "\"method\":{\"type\":\"supervised\"}").replace("llama", "bert"));
            assertRefused(wrong, 400, "generates text");
            String more = "\"method\":{\"type\":\"classify\",\"classify\":{\"hyperparameters\":{\"n_epochs\":3}}},"
                    + "\"serve_as\":\"topics\",\"promote\":\"always\"";
            JsonNode job = encoder.good(JOBS, body(file, more).replace("llama", "bert"));
            List<JsonNode> end = new ArrayList<>();
            Patience.await(() -> {
                end.clear();
                end.add(RunningServer.json(
                        encoder.get(JOBS + "/" + job.path("id").asText())));
                return ENDS.contains(end.get(0).path("status").asText());
            });
            assertThat(end.get(0).path("status").asText()).as(end.toString()).isEqualTo("succeeded");
            assertThat(end.get(0).at("/method/type").asText()).isEqualTo("classify");
            assertThat(end.get(0)
                            .at("/method/classify/hyperparameters/n_epochs")
                            .asInt())
                    .isEqualTo(3);
            for (String name :
                    List.of("topics", end.get(0).path("fine_tuned_model").asText())) {
                JsonNode answer =
                        encoder.good("/v1/classify", "{\"model\":\"" + name + "\",\"input\":\"the cat purrs\"}");
                assertThat(answer.path("labels")).hasSize(2);
            }
            Optional<Double> files = Optional.of(encoder.figure("lora_files_bytes"));
            assertThat(files.orElseThrow()).isEqualTo(rows.length());
        }
    }
}
