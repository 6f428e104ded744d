package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;

/** A server and clients that it must not trust. */
@Tag("slow")
@MustEnd
class ServeClientsTest {
    private static final String TEXT = "/v1/completions";
    private static final String BODY =
            "{\"model\": \"style\", \"prompt\": \"the cat\", \"temperature\": 0, \"max_tokens\": 4}";
    private static final String ENDLESS = BODY.replace("\"max_tokens\": 4", "\"max_tokens\": 90000");

    @TempDir
    private static Path temp;

    private static Path model;
    private static Path adapters;
    private static RunningServer server;

    @BeforeAll
    static void start() throws Exception {
        model = SmallModels.llama(temp.resolve("llama"), 1);
        Path config = model.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace("\"max_position_embeddings\": 192", "\"max_position_embeddings\": 100000")
                        .replace(", \"eos_token_id\": 257", ""));
        Path tokens = model.resolve("tokenizer_config.json");
        Files.writeString(tokens, Files.readString(tokens).replace("\"eos_token\": \"<|im_end|>\", ", ""));
        adapters = temp.resolve("adapters");
        for (String name : List.of("style", "support")) {
            RandomAdapters.write(adapters.resolve(name), "model.layers", "self_attn.q_proj", name.hashCode());
        }
        server = RunningServer.start(Cli.words(options()));
    }

    private static Object[] options(Object... more) {
        return Cli.words(
                new Object[] {
                    "--model",
                    model,
                    "--adapters",
                    adapters,
                    "--allow-base",
                    "--max-new-tokens",
                    90000,
                    "--grace",
                    0,
                    "--max-body",
                    1024
                },
                more);
    }

    @AfterAll
    static void stop() {
        assertThat(server.stop()).isZero();
    }

    private static String withLength(String body) {
        return RawClient.post(TEXT, "Content-Length: " + body.getBytes(StandardCharsets.UTF_8).length + "\r\n", body);
    }

    private static String sent(String request) throws IOException {
        try (RawClient client = new RawClient(server.address())) {
            return client.send(request).answer();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.9.9.9", "[::1]:80", "a.localhost"})
    void takesTheNamesOfThisMachine(String host) throws Exception {
        assertThat(sent(withLength(BODY).replace("Host: localhost", "Host: " + host)))
                .startsWith("HTTP/1.1 200");
    }

    /** A page of another server, whose name leads to this machine. */
    @ParameterizedTest
    @ValueSource(strings = {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example"})
    void refusesTheNameOfAnotherServer(String host) throws Exception {
        for (String request : List.of(withLength(BODY), "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
            assertThat(sent(request.replace("Host: localhost", "Host: " + host)))
                    .startsWith("HTTP/1.1 421")
                    .contains("Host must be a name of this server", "\"code\":\"wrong_host\"");
        }
    }

    @Test
    void takesTheNameOfAProxyIfItIsGiven() throws Exception {
        try (RunningServer proxied = RunningServer.start(options("--accept-host", "llm.example"))) {
            for (String host : List.of("llm.example", "LLM.example:443", "localhost")) {
                try (RawClient client = new RawClient(proxied.address())) {
                    assertThat(client.send("GET /health HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
                                    .answer())
                            .startsWith("HTTP/1.1 200");
                }
            }
            try (RawClient client = new RawClient(proxied.address())) {
                assertThat(client.send("GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n")
                                .answer())
                        .startsWith("HTTP/1.1 421");
            }
        }
    }

    /** What a browser sends for a script of a page. */
    private static HttpResponse<String> ofPage(RunningServer asked, String origin, String method) throws Exception {
        HttpRequest.Builder request = asked.request(TEXT).header("Origin", origin);
        return asked.send(
                method.equals("OPTIONS")
                        ? request.header("Access-Control-Request-Method", "POST")
                                .header("Access-Control-Request-Headers", "authorization,content-type,x-stainless-lang")
                                .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                                .build()
                        : request.POST(HttpRequest.BodyPublishers.ofString(BODY))
                                .build());
    }

    @Test
    void scriptsOfPagesMayReadAnswersIfTheirOriginIsAllowed() throws Exception {
        String page = "https://app.example";
        String local = "http://localhost:3000";
        try (RunningServer open = RunningServer.start(options("--allow-origin", page, "--allow-origin", local));
                RunningServer all = RunningServer.start(options("--allow-origin", "*"))) {
            for (String origin : List.of(page, local)) {
                HttpResponse<String> asked = ofPage(open, origin, "OPTIONS");
                assertThat(asked.statusCode()).isEqualTo(200);
                assertThat(asked.headers().firstValue("Access-Control-Allow-Origin"))
                        .hasValue(origin);
                assertThat(asked.headers().firstValue("Access-Control-Allow-Methods"))
                        .hasValueSatisfying(methods -> assertThat(methods).contains("POST"));
                assertThat(asked.headers().firstValue("Access-Control-Allow-Headers"))
                        .hasValueSatisfying(headers ->
                                assertThat(headers.split(", *")).containsExactlyInAnyOrder("*", "Authorization"));
                HttpResponse<String> answer = ofPage(open, origin, "POST");
                assertThat(answer.statusCode()).isEqualTo(200);
                assertThat(answer.headers().firstValue("Access-Control-Allow-Origin"))
                        .hasValue(origin);
                assertThat(answer.headers().firstValue("Access-Control-Expose-Headers"))
                        .hasValueSatisfying(
                                headers -> assertThat(headers).contains("x-lora-adapter", "x-lora-annotations"));
                assertThat(answer.headers().firstValue("Access-Control-Allow-Credentials"))
                        .isEmpty();
                assertThat(answer.headers().firstValue("Vary")).hasValue("Origin");
            }
            for (String origin :
                    List.of("https://app.example.evil", "http://app.example", "https://appxexample", "null")) {
                for (String method : List.of("OPTIONS", "POST")) {
                    assertThat(ofPage(open, origin, method).headers().firstValue("Access-Control-Allow-Origin"))
                            .as(origin)
                            .isEmpty();
                    assertThat(ofPage(server, origin, method).headers().firstValue("Access-Control-Allow-Origin"))
                            .as(origin)
                            .isEmpty();
                }
                assertThat(ofPage(all, origin, "POST").headers().firstValue("Access-Control-Allow-Origin"))
                        .isPresent();
            }
            assertThat(ofPage(server, page, "OPTIONS").statusCode()).isEqualTo(405);
            assertThat(open.good(TEXT, BODY).path("choices")).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"app.example", "https://app.example/", "https://App.example", "https://a, https://b", ""})
    void whatIsNoOriginIsRefused(String origin) {
        Cli refused = Cli.run("serve", "--model", model, "--allow-base", "--port", 0, "--allow-origin", origin);
        assertThat(refused.code()).isEqualTo(2);
        assertThat(refused.err()).contains("--allow-origin must be * or an origin such as https://app.example");
    }

    @ParameterizedTest
    @CsvSource({
        "application/json,200",
        "Application/JSON,200",
        "application/json; charset=utf-8,200",
        "application/jsonp,415",
        "application/json-patch+json,415",
        "application/json; charset=iso-8859-1,415",
        "text/plain,415",
        "text/plain; application/json,415"
    })
    void theTypeOfABodyIsJsonAndNothingElse(String type, int status) throws Exception {
        assertThat(sent(withLength(BODY).replace("Type: application/json", "Type: " + type)))
                .startsWith("HTTP/1.1 " + status);
    }

    @Test
    void bytesThatAreNotUtf8AreRefused() throws Exception {
        byte[] body = BODY.replace("cat", "c?t").getBytes(StandardCharsets.UTF_8);
        for (int wrong : List.of(0xFF, 0xC3, 0x80)) {
            byte[] bytes = body.clone();
            bytes[BODY.indexOf("cat") + 1] = (byte) wrong;
            HttpResponse<String> response = server.send(server.request(TEXT)
                    .POST(HttpRequest.BodyPublishers.ofByteArray(bytes))
                    .build());
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(response.body()).contains("the body must be UTF-8");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zz\r\n", "5\r\nabcde!!\r\n", "-1\r\n", "fffffffffffffffff\r\n", "5;\u0000\r\nabc"})
    void aBrokenChunkGetsAnAnswer(String chunk) throws Exception {
        String begin = RawClient.post(TEXT, "Transfer-Encoding: chunked\r\n", "");
        assertThat(sent(begin + "2\r\n{ \r\n" + chunk))
                .startsWith("HTTP/1.1 400")
                .contains("{\"error\"");
        assertThat(server.good(TEXT, BODY).path("choices")).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET /health HTTP/1.1\r\nHost: a b\r\n\r\n"})
    void aBrokenRequestGetsAnErrorInTheUsualForm(String request) throws Exception {
        assertThat(sent(request)).startsWith("HTTP/1.1 400").contains("{\"error\"", "\"code\":\"bad_request\"");
    }

    /** Each sends the beginning of a request, and then nothing. */
    @Test
    void halfOpenConnectionsBlockNobody() throws Exception {
        try (RunningServer small = RunningServer.start(options("--max-connections", 100))) {
            Patience.await(() -> areAnsweredBesideHalfOpenConnections(small));
        }
    }

    /** Returns false if the time of a half-open connection was over before others had their answers. */
    private static boolean areAnsweredBesideHalfOpenConnections(RunningServer small) throws Exception {
        List<RawClient> open = new ArrayList<>();
        boolean areWaiting = true;
        try {
            String expected = small.good(TEXT, BODY).path("choices").toString();
            for (int i = 0; i < 300; i++) {
                open.add(new RawClient(small.address())
                        .send(
                                i % 3 == 0
                                        ? ""
                                        : i % 3 == 1
                                                ? "POST /v1/comple"
                                                : RawClient.post(TEXT, "", "").strip()));
                if (i % 50 == 0) {
                    assertThat(small.get("/health").statusCode()).isEqualTo(200);
                    assertThat(small.good(TEXT, BODY).path("choices")).hasToString(expected);
                    areWaiting &= open.get(i).isWaiting();
                }
            }
            assertThat(small.figure("lora_http_connections")).isBetween(1.0, 100.0);
            // Those that are left are closed when their time is over.
            assertThat(open.get(299).isClosed()).isTrue();
            return areWaiting;
        } finally {
            for (RawClient client : open) {
                client.close();
            }
        }
    }

    /** The bodies never come. More of them than threads. A busy machine may need more time for the answer than they have. */
    @Test
    void slowBodiesBlockNobody() throws Exception {
        int seconds = 5;
        while (!isAnsweredBesideSlowBodies(seconds)) {
            seconds *= 2;
        }
    }

    /** Returns false if the time of the bodies was over before another request had its answer. */
    private static boolean isAnsweredBesideSlowBodies(int seconds) throws Exception {
        List<RawClient> open = new ArrayList<>();
        try (RunningServer small = RunningServer.start(options("--max-requests", 4, "--timeout", seconds))) {
            for (int i = 0; i < 60; i++) {
                open.add(new RawClient(small.address())
                        .send(RawClient.post(TEXT, "Content-Length: 1000\r\n", "{\"model\": \"style\",")));
            }
            HttpResponse<String> answer = small.post(TEXT, BODY);
            boolean areWaiting = open.get(59).isWaiting();
            if (areWaiting) {
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            }
            assertThat(open.get(0).answer()).startsWith("HTTP/1.1 408").contains("the body must come within its time");
            return areWaiting;
        } finally {
            for (RawClient client : open) {
                client.close();
            }
        }
    }

    /** More of them than connections. */
    @Test
    void halfSentBodiesAndRefusedOnesLeaveConnectionsForOthers() throws Exception {
        List<RawClient> open = new ArrayList<>();
        try (RunningServer small = RunningServer.start(options("--max-connections", 12))) {
            String half = RawClient.post(TEXT, "Content-Length: 1000\r\n", "{");
            for (int i = 0; i < 30; i++) {
                open.add(new RawClient(small.address())
                        .send(i % 2 == 0 ? half : half.replace("application/json", "text/plain")));
            }
            try (RawClient one = new RawClient(small.address())) {
                assertThat(one.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                                .answer())
                        .startsWith("HTTP/1.1 200");
            }
            assertThat(small.good(TEXT, BODY).path("choices")).hasSize(1);
            assertThat(small.figure("lora_http_connections")).isBetween(1.0, 12.0);
            // Its body has a minute.
            try (RawClient waiting = new RawClient(small.address()).send(half);
                    RawClient refused = new RawClient(small.address())) {
                assertThat(refused.send(half.replace("application/json", "text/plain"))
                                .answer())
                        .startsWith("HTTP/1.1 415");
                assertThat(waiting.isWaiting()).isTrue();
            }
            for (RawClient client : open) {
                client.close();
            }
            Patience.await(() -> small.figure("lora_http_body_bytes") == 0);
            Patience.await(() -> small.figure("lora_http_connections") == 1);
        } finally {
            for (RawClient client : open) {
                client.close();
            }
        }
    }

    /** It sends requests and reads nothing, until the system keeps no more of its answers. */
    @Test
    void aClientThatDoesNotReadItsAnswersIsLeft() throws Exception {
        int answer = server.get("/metrics").body().length();
        String many = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50_000_000 / answer);
        try (RawClient client = new RawClient(server.address())) {
            Thread sender = new Thread(() -> {
                try {
                    client.send(many);
                } catch (IOException e) {
                    // It was left.
                }
            });
            sender.setDaemon(true);
            sender.start();
            AtomicBoolean counted = new AtomicBoolean();
            Patience.await(() -> {
                boolean counts = server.figure("lora_http_answer_bytes") > 0;
                counted.compareAndSet(false, counts);
                // The connection that asks for the figures is left.
                return counted.get() && !counts && server.figure("lora_http_connections") == 1;
            });
            sender.join();
        }
        assertThat(server.get("/health").statusCode()).isEqualTo(200);
    }

    /** It waits for another one, so no token of it can be sent. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aClientThatGoesAwayBeforeItsFirstTokenIsCancelled(boolean isStream) throws Exception {
        String body = ENDLESS.replace("}", ", \"stream\": " + isStream + "}");
        try (RunningServer small = RunningServer.start(options("--max-running", 1))) {
            CompletableFuture<HttpResponse<String>> first = later(small, body);
            Patience.await(() -> small.figure("lora_requests_running{adapter=\"style\"}") == 1);
            try (RawClient waiting = new RawClient(small.address())) {
                waiting.send(withLength(body.replace("style", "support")));
                Patience.await(() -> small.figure("lora_http_requests") == 2);
            }
            Patience.await(() -> small.figure("lora_http_requests") == 1);
            assertThat(small.figure("lora_requests_running{adapter=\"style\"}")).isOne();
            assertThat(first.cancel(true)).isTrue();
            Patience.await(() -> small.figure("lora_http_requests") == 0);
            Patience.await(() -> small.figure("lora_requests_running{adapter=\"style\"}") == 0);
        }
    }

    private static CompletableFuture<HttpResponse<String>> later(RunningServer to, String body) {
        return to.client()
                .sendAsync(
                        to.request(TEXT)
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    /** A client may send its next request early. The look whether it has gone must not lose a byte of it. */
    @Test
    void aRequestThatIsSentEarlyIsAnsweredToo() throws Exception {
        String slow = withLength(BODY.replace("\"max_tokens\": 4", "\"max_tokens\": 4000"));
        try (RawClient client = new RawClient(server.address())) {
            client.send(slow);
            Patience.await(() -> server.figure("lora_requests_running{adapter=\"style\"}") == 1);
            client.send(withLength(BODY));
            assertThat(client.answer()).startsWith("HTTP/1.1 200").contains("\"completion_tokens\":4000");
            assertThat(client.answer()).startsWith("HTTP/1.1 200").contains("\"completion_tokens\":4");
        }
    }

    /** The prompt alone takes longer than the time. */
    @Test
    void theTimeOfARequestCoversItsPrompt() throws Exception {
        try (RunningServer small = RunningServer.start(options("--timeout", 1))) {
            String body = BODY.replace("the cat", "the cat ".repeat(11_000));
            HttpResponse<String> late = small.post(TEXT, body);
            assertThat(late.statusCode()).as(late.body()).isEqualTo(504);
            assertThat(late.body()).contains("\"code\":\"timeout\"");
        }
    }

    @Test
    void aDeletedAdapterIsRefusedAtOnce() throws Exception {
        RandomAdapters.write(adapters.resolve("leaver"), "model.layers", "self_attn.q_proj", 5);
        String body = BODY.replace("style", "leaver");
        assertThat(server.good(TEXT, body).path("choices")).hasSize(1);
        Files.move(adapters.resolve("leaver"), temp.resolve("moved"), StandardCopyOption.ATOMIC_MOVE);
        HttpResponse<String> gone = server.post(TEXT, body);
        assertThat(gone.statusCode()).isEqualTo(404);
        assertThat(gone.body()).contains("there is no adapter 'leaver'");
        Patience.await(() -> server.figure("lora_adapter_loaded{adapter=\"leaver\"}") == 0);
    }

    @Test
    void aKeyIsForItsAdaptersOnly() throws Exception {
        Path keys = temp.resolve("keys");
        String one = "key-of-one-adapter-1";
        String all = "key-of-all-adapters-2";
        Files.writeString(keys, "# of the shop\n" + one + " style\n\n" + all + " *\n");
        try (RunningServer locked = RunningServer.start(options("--api-key-file", keys))) {
            assertThat(locked.get("/health").statusCode()).isEqualTo(200);
            HttpResponse<String> none = locked.post(TEXT, BODY);
            assertThat(none.statusCode()).isEqualTo(401);
            assertThat(none.headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
            assertThat(none.body()).contains("\"code\":\"invalid_api_key\"");
            assertThat(status(locked, "wrong-key-of-nobody", BODY)).isEqualTo(401);
            assertThat(locked.get("/v1/models").statusCode()).isEqualTo(401);
            assertThat(status(locked, one, BODY)).isEqualTo(200);
            // It looks like one that is not there.
            assertThat(status(locked, one, BODY.replace("style", "support"))).isEqualTo(404);
            assertThat(status(locked, one, BODY.replace("style", "llama"))).isEqualTo(404);
            assertThat(status(locked, all, BODY.replace("style", "support"))).isEqualTo(200);
            assertThat(status(locked, all, BODY.replace("style", "llama"))).isEqualTo(200);
            assertThat(names(locked, one)).containsExactly("style");
            assertThat(names(locked, all)).contains("llama", "style", "support");
            assertThat(get(locked, "/metrics", one).statusCode()).isEqualTo(403);
            assertThat(get(locked, "/metrics", all).statusCode()).isEqualTo(200);
            assertThat(get(locked, "/v1/models/support", one).statusCode()).isEqualTo(404);

            // A key is revoked whatever else is wrong.
            Files.writeString(keys, "short *\n" + all + " *\n");
            Patience.await(() -> status(locked, one, BODY) == 401);
            assertThat(status(locked, all, BODY)).isEqualTo(200);
            Files.delete(keys);
            Patience.await(() -> status(locked, all, BODY) == 401);
            Files.writeString(keys, one + " style\n");
            Patience.await(() -> status(locked, one, BODY) == 200);
        }
    }

    private static int status(RunningServer to, String key, String body) throws IOException, InterruptedException {
        return to.send(to.request(TEXT)
                        .header("Authorization", "Bearer " + key)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build())
                .statusCode();
    }

    private static HttpResponse<String> get(RunningServer to, String path, String key)
            throws IOException, InterruptedException {
        return to.send(
                to.request(path).header("Authorization", "Bearer " + key).GET().build());
    }

    private static List<String> names(RunningServer to, String key) throws IOException, InterruptedException {
        JsonNode list = RunningServer.json(get(to, "/v1/models", key));
        return list.path("data").findValuesAsText("id");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "short * | line 1: a key must have 16 to 512 letters",
                "key-of-all-adapters | line 1: after a key there must be the names",
                "# nothing | there must be at least one key, found none"
            })
    void aWrongFileOfKeysIsRefused(String content, String message) throws Exception {
        Path keys = Files.writeString(temp.resolve("wrong-keys"), content + "\n");
        Cli run = Cli.run(Cli.words(new Object[] {"serve", "--port", 0}, options("--api-key-file", keys)));
        assertThat(run.code()).isOne();
        assertThat(run.err()).contains(message).doesNotContain("key-of-all");
    }
}
