package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;

/** The jobs of a server and of its folder, at a terminal. The last test ends the server. */
@Tag("slow")
@MustEnd
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class JobsCommandTest {
    private static final String JOBS = "/v1/fine_tuning/jobs";
    private static final String KEY = "key-of-the-first-one";

    @TempDir
    private static Path temp;

    private static Path folder;
    private static Path key;
    private static RunningServer server;

    @BeforeAll
    static void start() throws Exception {
        Path model = SmallModels.llama(temp.resolve("llama"), 1);
        key = Files.writeString(temp.resolve("keys"), "# of the clients\n" + KEY + " name=one train=yes *\n");
        folder = temp.resolve("training");
        server = RunningServer.start(
                "--model", model, "--allow-base", "--train", folder, "--api-key-file", key, "--grace", 1);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Object[] atServer(Object... words) {
        return Cli.words(
                new Object[] {"jobs"}, Cli.words(words, "--server", server.address() + "/v1", "--api-key-file", key));
    }

    private static Object[] inFolder(Object... words) {
        return Cli.words(new Object[] {"jobs"}, Cli.words(words, "--train", folder));
    }

    private static String rows(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> "{\"prompt\":\"Where is " + i + "?\",\"completion\":\"Blue heron.\"}\n")
                .collect(Collectors.joining());
    }

    private static JsonNode post(String path, String type, String body) throws Exception {
        HttpResponse<String> response = server.send(server.request(path)
                .setHeader("Content-Type", type)
                .header("Authorization", "Bearer " + KEY)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return RunningServer.json(response);
    }

    private static String submit(String rows, int epochs) throws Exception {
        String form =
                "--e\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n--e\r\nContent-Disposition:"
                        + " form-data; name=\"file\"; filename=\"rows.jsonl\"\r\n\r\n" + rows + "\r\n--e--\r\n";
        String file = post("/v1/files", "multipart/form-data; boundary=e", form)
                .path("id")
                .asText();
        return post(
                        JOBS,
                        "application/json",
                        "{\"model\":\"llama\",\"training_file\":\"" + file
                                + "\",\"suffix\":\"birds\",\"serve_as\":\"heron\",\"promote\":\"always\",\"hyperparameters\":{\"n_epochs\":"
                                + epochs + ",\"batch_size\":1}}")
                .path("id")
                .asText();
    }

    private static void assertFails(String message, Object... words) {
        Cli cli = Cli.run(words);
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
        assertThat(cli.code()).isEqualTo(1);
    }

    private static String state(String id) throws IOException {
        return Cli.good(inFolder("list", "--json"))
                .json()
                .path("data")
                .valueStream()
                .filter(job -> job.path("id").asText().equals(id))
                .findFirst()
                .orElseThrow()
                .path("status")
                .asText();
    }

    @Test
    @Order(1)
    void aJobIsWatchedToItsEndAtTheServerAndInItsFolder() throws Exception {
        assertThat(Cli.good(atServer("list")).out()).isEqualTo("no jobs\n");
        for (boolean isServer : new boolean[] {true, false}) {
            String id = submit(rows(12), 2);
            Cli watched = Cli.good(isServer ? atServer("watch", id) : inFolder("watch", id));
            List<String> lines = watched.out().lines().toList();
            assertThat(lines).first().asString().startsWith(id + "  ");
            assertThat(lines)
                    .contains("  The job has successfully completed")
                    .noneMatch(line -> line.contains("Step 1/"));
            assertThat(lines)
                    .last()
                    .asString()
                    .startsWith(id + "  succeeded ")
                    .endsWith("  served as heron")
                    .contains("supervised", "  ft:llama:one:birds:" + id.substring(6) + "  ");
            // One that has ended.
            Cli again = Cli.good(isServer ? atServer("watch", id, "--json") : inFolder("watch", id, "--json"));
            assertThat(again.json().path("status").asText()).isEqualTo("succeeded");
        }
        assertThat(Cli.good(atServer("list")).out())
                .isEqualTo(Cli.good(inFolder("list")).out())
                .hasLineCount(2);
        assertThat(Cli.good(atServer("list", "--json")).json())
                .isEqualTo(Cli.good(inFolder("list", "--json")).json());
    }

    @Test
    @Order(2)
    void jobsAreChangedAtTheServer() throws Exception {
        String first = submit(rows(30), 50);
        Patience.await(() -> state(first).equals("running"));
        String second = submit(rows(30), 50);
        Patience.await(() -> state(second).equals("queued"));
        assertThat(Cli.good(atServer("pause", second)).out()).startsWith(second + "  paused ");
        assertFails("paused", atServer("pause", second));
        assertThat(Cli.good(atServer("resume", second)).out()).startsWith(second + "  queued ");
        assertThat(Cli.good(atServer("cancel", second, "--json"))
                        .json()
                        .path("status")
                        .asText())
                .isEqualTo("cancelled");
        assertFails("the job was cancelled", atServer("watch", second));

        assertFails("ask it with --server, or end it", inFolder("cancel", first));
        assertThat(state(first)).isEqualTo("running");
        Cli unused = Cli.good(atServer("CANCEL", first));
        Patience.await(() -> state(first).equals("cancelled"));

        String wrong = submit(rows(3) + "{\"prompt\":3}\n", 1);
        Patience.await(() -> state(wrong).equals("failed"));
        assertFails("the job has failed: rows.jsonl, line 4", inFolder("watch", wrong));
        assertThat(Cli.run(atServer("watch", wrong, "--json"))
                        .json()
                        .path("status")
                        .asText())
                .isEqualTo("failed");
    }

    @Test
    @Order(3)
    void whatIsNotThereIsSaid() throws Exception {
        assertFails("there is no job", atServer("watch", "ftjob-1"));
        assertFails("there is no job ftjob-1", inFolder("cancel", "ftjob-1"));
        assertFails("must be the folder of trainings, found none", "jobs", "list", "--train", temp.resolve("none"));
        assertFails("Authorization must be 'Bearer' and a key", "jobs", "list", "--server", server.address());
        Path other = Files.writeString(temp.resolve("other"), "another-key-of-nobody");
        assertFails(
                "the key must be one of this server",
                "jobs",
                "list",
                "--server",
                server.address(),
                "--api-key-file",
                other);
        Path secret = Files.writeString(temp.resolve("secret"), "\n# none\ns\u00e9cret\n");
        Cli cli = Cli.run("jobs", "list", "--server", server.address(), "--api-key-file", secret);
        assertThat(cli.err()).contains("the first word must be a key").doesNotContain("cret\n", "s\u00e9cret");
        assertFails("a server must answer there, found none", "jobs", "list", "--server", "http://127.0.0.1:1");
    }

    @Test
    @Order(4)
    void anotherServerIsToldApart() throws IOException {
        HttpServer page = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        page.createContext("/", exchange -> {
            byte[] html = "<html>".getBytes(StandardCharsets.UTF_8);
            boolean isList = exchange.getRequestURI().getPath().equals(JOBS);
            exchange.sendResponseHeaders(isList ? 200 : 404, html.length);
            exchange.getResponseBody().write(html);
            exchange.close();
        });
        page.start();
        try {
            String address = "http://127.0.0.1:" + page.getAddress().getPort();
            assertFails("must answer with JSON", "jobs", "list", "--server", address);
            assertFails(
                    "must answer with the status 200, found 404",
                    "jobs",
                    "cancel",
                    "ftjob-1",
                    "--server",
                    address + "/");
        } finally {
            page.stop(0);
        }
    }

    @ParameterizedTest
    @Order(5)
    @CsvSource(
            delimiter = ';',
            value = {
                "list; either --server or --train must be given, found neither",
                "list --server http://a --train b; either --server or --train must be given, found both",
                "list ftjob-1 --train b; list must be used without the id of a job, found ftjob-1",
                "watch --train b; watch must be used with the id of a job, found none",
                "cancel ../x --train b; cancel must be used with the id of a job, found ../x",
                "list --server ftp://a; the address of a server must be one such as",
                "list --server http://key@a; the address of a server must be one such as",
                "list --server 127.0.0.1:80; the address of a server must be one such as",
                "list --train b --api-key-file k; --api-key-file must be used with --server",
                "cancel ftjob-1 --train b --adapters c; --adapters must be used with --train and promote or rollback",
                "promote ftjob-1 --server http://a --adapters c; --adapters must be used with --train",
                "list --train b --no-progress; --no-progress must be used with watch, found list",
                "lst --train b; expected one of [LIST, WATCH, CANCEL, PAUSE, RESUME, PROMOTE, ROLLBACK]",
            })
    void wrongOptionsEndWithOneLineAndCode2(String words, String message) {
        Cli cli = Cli.run((Object[]) ("jobs " + words).split(" "));
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
        assertThat(cli.code()).isEqualTo(2);
    }

    /** What is changed in the folder is so at the server that comes next. */
    @Test
    @Order(6)
    void withoutAServerTheJobsOfItsFolderAreChanged() throws Exception {
        String running = submit(rows(30), 50);
        Patience.await(() -> state(running).equals("running"));
        assertThat(server.stop()).isZero();
        assertThat(state(running)).isEqualTo("queued");
        Path heron = folder.resolve("adapters/heron");
        String newest = Cli.good(inFolder("list", "--json"))
                .json()
                .path("data")
                .valueStream()
                .filter(job -> job.path("status").asText().equals("succeeded"))
                .findFirst()
                .orElseThrow()
                .path("id")
                .asText();
        String before = Files.readString(heron.resolve("training.json"));
        assertThat(Cli.good(inFolder("rollback", newest)).out()).contains("not served as heron");
        assertThat(heron.resolve("training.json"))
                .content()
                .isNotEqualTo(before)
                .doesNotContain(newest);
        assertFails("served by its second name", inFolder("rollback", newest));
        assertThat(Cli.good(inFolder("promote", newest)).out()).contains("  served as heron");
        assertThat(heron.resolve("training.json")).content().isEqualTo(before);
        assertFails("say where with --adapters", inFolder("promote", newest, "--adapters", temp.resolve("llama")));
        assertFails("a job that is paused can be resumed", inFolder("resume", newest));
        assertThat(Cli.good(inFolder("pause", running)).out()).startsWith(running + "  paused ");
        assertThat(Cli.good(inFolder("cancel", running)).out()).startsWith(running + "  cancelled ");
    }
}
