package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileListParams;
import com.openai.models.files.FileObject;
import com.openai.models.files.FilePurpose;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;

/** Files of clients: those of friends, of strangers, and of enemies. */
@Tag("slow")
@MustEnd
class ServeFilesTest {
    private static final String FILES = "/v1/files";
    private static final String EDGE = "----edge";
    private static final String END = "--" + EDGE + "--\r\n";
    private static final String ROW = "{\"messages\":[{\"role\":\"user\",\"content\":\"caf\u00e9\"}]}\n";
    private static final String KEY = "key-that-may-train-1";
    private static final String SECOND = "key-that-may-train-2";
    private static final String READER = "key-that-only-asks-3";

    @TempDir
    private static Path temp;

    private static Path model;
    private static Path folder;
    private static Path keys;
    private static RunningServer server;

    @BeforeAll
    static void start() throws Exception {
        model = SmallModels.llama(temp.resolve("llama"), 1);
        folder = temp.resolve("training");
        keys = Files.writeString(
                temp.resolve("keys"),
                KEY + " name=one train=yes *\n" + SECOND + " name=one train=yes files=3 storage=1 *\n" + READER
                        + " *\n");
        server = RunningServer.start(options(folder, "--api-key-file", keys, "--max-file", 2));
    }

    @AfterAll
    static void stop() {
        assertThat(server.stop()).isZero();
        assertThat(server.err()).isEmpty();
    }

    private static Object[] options(Path train, Object... more) {
        return Cli.words(new Object[] {"--model", model, "--allow-base", "--train", train, "--grace", 1}, more);
    }

    /** No test leaves a part of an upload. */
    @AfterEach
    void deleteAll() throws Exception {
        for (String key : List.of(KEY, SECOND)) {
            for (JsonNode file : RunningServer.json(get(FILES, key)).path("data")) {
                assertThat(send("DELETE", FILES + "/" + file.path("id").asText(), key)
                                .statusCode())
                        .isEqualTo(200);
            }
        }
        Patience.await(() -> names().isEmpty());
        assertThat(RunningServer.figure(get("/metrics", KEY).body(), "lora_files_bytes"))
                .isZero();
    }

    private static List<String> names() {
        try (Stream<Path> all = Files.list(folder.resolve("files"))) {
            return all.map(path -> String.valueOf(path.getFileName())).toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String part(String name, String value) {
        return "--" + EDGE + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    }

    private static String file(String filename, String content) {
        return "--" + EDGE + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + filename
                + "\"\r\nContent-Type: application/jsonl\r\n\r\n" + content + "\r\n";
    }

    private static HttpResponse<String> get(String path, String key) throws Exception {
        return send("GET", path, key);
    }

    private static HttpResponse<String> send(String method, String path, String key) throws Exception {
        return server.send(server.request(path)
                .header("Authorization", "Bearer " + key)
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build());
    }

    private static HttpRequest.Builder form(RunningServer to, String type) {
        return to.request(FILES).setHeader("Content-Type", type).header("Authorization", "Bearer " + KEY);
    }

    private static HttpResponse<String> upload(String body) throws Exception {
        return upload(KEY, body);
    }

    private static HttpResponse<String> upload(String key, String body) throws Exception {
        return server.send(form(server, "multipart/form-data; boundary=" + EDGE)
                .setHeader("Authorization", "Bearer " + key)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
    }

    private static JsonNode good(HttpResponse<String> response) throws IOException {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return RunningServer.json(response);
    }

    private static void assertRefused(HttpResponse<String> response, int status, String... about) throws IOException {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        JsonNode error = RunningServer.json(response).path("error");
        for (String text : about) {
            assertThat(error.path("message").asText()).contains(text);
        }
        assertThat(error.path("type").isTextual()).isTrue();
        assertThat(error.has("param")).isTrue();
        assertThat(error.has("code")).isTrue();
    }

    private static String id(HttpResponse<String> uploaded) throws IOException {
        return good(uploaded).path("id").asText();
    }

    @Test
    void aFileIsReadListedAndDeleted() throws Exception {
        JsonNode file = good(upload(part("purpose", "fine-tune") + file("a \u00e9\u4e2d.jsonl", ROW) + END));
        String id = file.path("id").asText();
        assertThat(file.path("object").asText()).isEqualTo("file");
        assertThat(file.path("bytes").asInt()).isEqualTo(ROW.getBytes(StandardCharsets.UTF_8).length);
        assertThat(file.path("filename").asText()).isEqualTo("a \u00e9\u4e2d.jsonl");
        assertThat(file.path("purpose").asText()).isEqualTo("fine-tune");
        assertThat(file.path("status").asText()).isEqualTo("processed");
        assertThat(file.path("created_at").isIntegralNumber()).isTrue();
        assertThat(file.has("expires_at")).isFalse();
        assertThat(good(get(FILES + "/" + id, KEY))).isEqualTo(file);
        HttpResponse<String> content = get(FILES + "/" + id + "/content", KEY);
        assertThat(content.body()).isEqualTo(ROW);
        assertThat(content.headers().firstValue("Content-Disposition")).hasValue("attachment");
        assertThat(content.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
        JsonNode list = good(get(FILES, KEY));
        assertThat(list.path("data")).containsExactly(file);
        assertThat(list.path("first_id").asText()).isEqualTo(id);
        assertThat(list.path("has_more").asBoolean()).isFalse();
        JsonNode deleted = good(send("DELETE", FILES + "/" + id, KEY));
        assertThat(deleted.toString()).isEqualTo("{\"id\":\"" + id + "\",\"object\":\"file\",\"deleted\":true}");
        for (String method : List.of("GET", "DELETE")) {
            assertRefused(send(method, FILES + "/" + id, KEY), 404, "there is no file '" + id);
        }
        assertRefused(get(FILES + "/" + id + "/content", KEY), 404);
        assertThat(good(get(FILES, KEY)).path("first_id").isNull()).isTrue();
    }

    @Test
    void thePartsComeInAnyOrderAndWithoutALength() throws Exception {
        String body = file("a.jsonl", ROW)
                + part("expires_after[seconds]", "3600")
                + part("purpose", "fine-tune")
                + part("expires_after[anchor]", "created_at")
                + END;
        HttpRequest chunked = form(server, "multipart/form-data; boundary=\"" + EDGE + "\"")
                .POST(HttpRequest.BodyPublishers.ofInputStream(
                        () -> new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8))))
                .build();
        JsonNode file = good(server.send(chunked));
        assertThat(file.path("expires_at").asLong() - file.path("created_at").asLong())
                .isEqualTo(3600);
    }

    @Test
    void openAisOwnClientFinishesItsCalls() throws Exception {
        OpenAIClient client = server.openAi().withOptions(options -> options.apiKey(KEY));
        FileObject file = client.files()
                .create(FileCreateParams.builder()
                        .file(ROW.getBytes(StandardCharsets.UTF_8))
                        .file(Files.writeString(temp.resolve("rows.jsonl"), ROW))
                        .purpose(FilePurpose.FINE_TUNE)
                        .build());
        file.validate();
        assertThat(file.filename()).isEqualTo("rows.jsonl");
        client.files().list(FileListParams.builder().limit(1).build()).autoPager().stream()
                .forEach(one -> assertThat(one.id()).isEqualTo(file.id()));
        try (com.openai.core.http.HttpResponse content = client.files().content(file.id())) {
            assertThat(content.body()).hasBinaryContent(ROW.getBytes(StandardCharsets.UTF_8));
        }
        assertThat(client.files().delete(file.id()).deleted()).isTrue();
    }

    @Test
    void pagesGoOnAlsoAfterAFileThatIsDeleted() throws Exception {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            String purpose = i == 2 ? "user_data" : "fine-tune";
            ids.add(id(upload(part("purpose", purpose) + file(i + ".jsonl", ROW) + END)));
        }
        JsonNode page = good(get(FILES + "?limit=2", KEY));
        assertThat(page.path("data").findValuesAsText("id")).containsExactly(ids.get(4), ids.get(3));
        assertThat(page.path("last_id").asText()).isEqualTo(ids.get(3));
        assertThat(page.path("has_more").asBoolean()).isTrue();
        good(send("DELETE", FILES + "/" + ids.get(3), KEY));
        assertThat(good(get(FILES + "?limit=2&after=" + ids.get(3), KEY))
                        .path("data")
                        .findValuesAsText("id"))
                .containsExactly(ids.get(2), ids.get(1));
        assertThat(good(get(FILES + "?order=asc&purpose=fine-tune&after=" + ids.get(0), KEY))
                        .path("data")
                        .findValuesAsText("id"))
                .containsExactly(ids.get(1), ids.get(4));
        JsonNode end = good(get(FILES + "?limit=1&after=" + ids.get(0), KEY));
        assertThat(end.path("data")).isEmpty();
        assertThat(end.path("has_more").asBoolean()).isFalse();
        for (String wrong : List.of("limit=0", "limit=x", "limit=10001", "order=up", "what=1", "limit=1&limit=2")) {
            assertRefused(get(FILES + "?" + wrong, KEY), 400);
        }
    }

    @Test
    void aKeyHasItsOwnFiles() throws Exception {
        String mine = id(upload(part("purpose", "fine-tune") + file("a.jsonl", ROW) + END));
        // It has the same name, and is another key.
        for (String path : List.of("/" + mine, "/" + mine + "/content")) {
            assertRefused(get(FILES + path, SECOND), 404);
        }
        assertRefused(send("DELETE", FILES + "/" + mine, SECOND), 404);
        assertThat(good(get(FILES, SECOND)).path("data")).isEmpty();
        for (String path : List.of("", "/" + mine, "/" + mine + "/content")) {
            assertRefused(get(FILES + path, READER), 403, "train=yes");
            assertRefused(get(FILES + path, "key-of-nobody-at-all"), 401);
        }
        assertRefused(upload(READER, part("purpose", "fine-tune") + file("a.jsonl", ROW) + END), 403, "train=yes");
        assertThat(names()).hasSize(2);
    }

    @Test
    void limitsOfAKey() throws Exception {
        String half = "a".repeat(600_000);
        String first = id(upload(SECOND, file("a", half) + part("purpose", "fine-tune") + END));
        assertRefused(upload(SECOND, file("b", half) + part("purpose", "fine-tune") + END), 403, "1048576 bytes");
        assertThat(names()).hasSize(2);
        good(send("DELETE", FILES + "/" + first, SECOND));
        for (int i = 0; i < 3; i++) {
            good(upload(SECOND, file("a", ROW) + part("purpose", "fine-tune") + END));
        }
        assertRefused(upload(SECOND, file("a", ROW) + part("purpose", "fine-tune") + END), 403, "at most 3 files");
        String large = "a".repeat((2 << 20) + 1);
        assertRefused(upload(file("a", large) + part("purpose", "fine-tune") + END), 413, "at most 2097152 bytes");
        good(upload(file("a", large.substring(1)) + part("purpose", "fine-tune") + END));
    }

    @Test
    void namesOfClientsAreOnlyData() throws Exception {
        for (String name : List.of("../../evil.jsonl", "/etc/passwd", "C:\\evil", ".", "a.json", "a\\\"b")) {
            String shown = name.replace("\\\"", "\"");
            JsonNode file = good(upload(part("purpose", "fine-tune") + file(name, ROW) + END));
            assertThat(file.path("filename").asText()).isIn(shown, name);
        }
        for (String id :
                List.of("..", "%2e%2e", "..%2f..%2fkeys", "%2e%2e%2fkeys", ".serve.lock", "%00", "a".repeat(5000))) {
            for (String line : List.of(
                    "GET " + FILES + "/" + id, "GET " + FILES + "/" + id + "/content", "DELETE " + FILES + "/" + id)) {
                // A connection of its own, because some of these break it.
                try (RawClient client = new RawClient(server.address())) {
                    String sent = line + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + KEY + "\r\n\r\n";
                    assertThat(client.send(sent).answer()).as(line).containsPattern("^HTTP/1.1 4(00|04|05) ");
                }
            }
        }
        try (Stream<Path> all = Files.walk(temp)) {
            assertThat(all.map(Path::getFileName).map(String::valueOf)).noneMatch(name -> name.contains("evil"));
        }
        assertThat(keys).exists();
    }

    @Test
    void wrongFormsAreRefusedByTheNameOfTheirPart() throws Exception {
        String purpose = part("purpose", "fine-tune");
        String file = file("a.jsonl", ROW);
        assertRefused(upload(file + part("purpose", "banana") + END), 400, "purpose must be one of");
        assertRefused(upload(file + END), 400, "purpose must be one of");
        assertRefused(upload(purpose + END), 400, "file must be there");
        assertRefused(upload(purpose + file + file + END), 400, "file must be there once");
        assertRefused(upload(purpose + purpose + file + END), 400, "purpose must be there once");
        assertRefused(upload(purpose + part("file", ROW) + END), 400, "filename");
        assertRefused(upload(purpose + file("a", "") + END), 400, "0 bytes");
        assertRefused(upload(purpose + file("a".repeat(256), ROW) + END), 400, "255 characters");
        assertRefused(upload(purpose + part("color", "red") + file + END), 400, "found 'color'");
        assertRefused(upload(part("purpose", "a".repeat(101)) + file + END), 400, "at most 100 bytes");
        String anchor = part("expires_after[anchor]", "created_at");
        for (String seconds : List.of("3599", "2592001", "x", "-1", "99999999999999999999")) {
            assertRefused(
                    upload(purpose + file + anchor + part("expires_after[seconds]", seconds) + END),
                    400,
                    "3600 to 2592000");
        }
        assertRefused(upload(purpose + file + anchor + END), 400, "expires_after[seconds]");
        assertRefused(upload(purpose + file + part("expires_after[seconds]", "3600") + END), 400, "must be created_at");
        String encoded = file.replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n");
        assertRefused(upload(purpose + encoded + END), 400, "Content-Transfer-Encoding");
        assertThat(names()).isEmpty();
    }

    @Test
    void hostileFormsAreRefused() throws Exception {
        String purpose = part("purpose", "fine-tune");
        String file = file("a.jsonl", ROW);
        for (String type : List.of(
                "multipart/form-data",
                "multipart/form-data; boundary=",
                "multipart/form-data; boundary=" + "a".repeat(71))) {
            assertRefused(
                    server.send(form(server, type)
                            .POST(HttpRequest.BodyPublishers.ofString(purpose + file + END))
                            .build()),
                    400,
                    "boundary");
        }
        assertRefused(
                server.send(form(server, "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString("{}"))
                        .build()),
                415,
                "multipart/form-data");
        String many = Stream.generate(() -> part("purpose", "fine-tune"))
                .limit(10_000)
                .collect(Collectors.joining());
        assertRefused(upload(many + file + END), 400);
        String empty = Stream.generate(() -> "--" + EDGE + "\r\n\r\n\r\n")
                .limit(10_000)
                .collect(Collectors.joining());
        assertRefused(upload(empty + file + END), 400);
        String header = purpose.replace("\r\n\r\n", "\r\nX-Long: " + "a".repeat(1 << 20) + "\r\n\r\n");
        assertRefused(upload(header + file + END), 400, "headers max length");
        assertRefused(upload(purpose + file("a\u0000b", ROW) + END), 400, "invalid byte 0");
        assertRefused(upload(purpose + file), 400);
        assertRefused(upload(purpose + file.replace("\r\n\r\n", "\r\n")), 400);
        assertRefused(upload("a".repeat(100_000)), 400);
        assertRefused(upload(""), 400);
        assertRefused(upload("--" + EDGE + "--\r\n"), 400);
        assertThat(names()).isEmpty();
    }

    /** The end of the form may be followed by anything, but not without end. */
    @Test
    void whatFollowsTheFormIsBounded() throws Exception {
        String form = part("purpose", "fine-tune") + file("a.jsonl", ROW) + END;
        good(upload(form + "a".repeat(10_000)));
        assertRefused(upload(form + "a".repeat(4 << 20)), 413, "2162688 bytes");
        assertRefused(upload("a".repeat(4 << 20)), 413, "2162688 bytes");
    }

    @Test
    void anUploadWhoseClientIsGoneLeavesNothing() throws Exception {
        String head = "POST /v1/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + KEY
                + "\r\nContent-Type: multipart/form-data; boundary=" + EDGE + "\r\n";
        for (String length : List.of("Content-Length: 100000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nffff\r\n")) {
            try (RawClient client = new RawClient(server.address())) {
                client.send(head + length + part("purpose", "fine-tune") + file("a.jsonl", "a".repeat(30_000)));
                Patience.await(() -> names().size() == 1);
                assertThat(names().get(0)).endsWith(".part");
            }
            Patience.await(() -> names().isEmpty());
        }
    }

    @Test
    void twoUploadsAtOnceAreBothWhole() throws Exception {
        String head = "POST /v1/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + KEY
                + "\r\nContent-Type: multipart/form-data; boundary=" + EDGE + "\r\nContent-Length: ";
        String body = part("purpose", "fine-tune") + file("a.jsonl", "ab".repeat(40_000)) + END;
        int half = body.length() / 2;
        try (RawClient one = new RawClient(server.address());
                RawClient two = new RawClient(server.address())) {
            for (RawClient client : List.of(one, two)) {
                client.send(head + body.length() + "\r\n\r\n" + body.substring(0, half));
            }
            Patience.await(() -> names().size() == 2);
            assertThat(good(get(FILES, KEY)).path("data")).isEmpty();
            for (RawClient client : List.of(two, one)) {
                assertThat(client.send(body.substring(half)).answer()).startsWith("HTTP/1.1 200");
            }
        }
        JsonNode all = good(get(FILES, KEY)).path("data");
        assertThat(all).hasSize(2);
        for (JsonNode file : all) {
            assertThat(get(FILES + "/" + file.path("id").asText() + "/content", KEY)
                            .body())
                    .isEqualTo("ab".repeat(40_000));
        }
    }

    /** Browsers send forms for any page without asking. */
    @Test
    void aPageOfAnotherServerUploadsNothing() throws Exception {
        String body = part("purpose", "fine-tune") + file("a.jsonl", ROW) + END;
        for (String origin : List.of("https://evil.example", "null", "http://localhost.evil.example", "http://[")) {
            HttpResponse<String> refused = server.send(form(server, "multipart/form-data; boundary=" + EDGE)
                    .header("Origin", origin)
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build());
            assertRefused(refused, 403, "Origin must be this server");
        }
        good(server.send(form(server, "multipart/form-data; boundary=" + EDGE)
                .header("Origin", server.address())
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build()));
    }

    @Test
    void methodsAndOtherServers() throws Exception {
        HttpResponse<String> put = send("PUT", FILES, KEY);
        assertRefused(put, 405, "GET or POST");
        assertThat(put.headers().firstValue("Allow")).hasValue("GET, POST");
        assertThat(send("POST", FILES + "/file-a", KEY).headers().firstValue("Allow"))
                .hasValue("DELETE, GET");
        try (RunningServer plain = RunningServer.start("--model", model, "--allow-base")) {
            HttpResponse<String> none = plain.get(FILES);
            assertRefused(none, 404, "--train");
        }
    }

    @Test
    void oneServerUsesAFolderAndItsFilesStay() throws Exception {
        Path other = temp.resolve("other");
        String id;
        try (RunningServer first = RunningServer.start(options(other))) {
            Cli second = Cli.run(Cli.words(new Object[] {"serve", "--port", 0}, options(other)));
            assertThat(second.code()).isOne();
            assertThat(second.err()).contains("one server at a time may use the folder of --train");
            id = id(first.send(form(first, "multipart/form-data; boundary=" + EDGE)
                    .POST(HttpRequest.BodyPublishers.ofString(
                            part("purpose", "fine-tune") + file("a.jsonl", ROW) + END))
                    .build()));
        }
        try (RunningServer again = RunningServer.start(options(other, "--max-files", 1))) {
            assertThat(again.get(FILES + "/" + id + "/content").body()).isEqualTo(ROW);
            assertThat(again.send(form(again, "multipart/form-data; boundary=" + EDGE)
                                    .POST(HttpRequest.BodyPublishers.ofString(
                                            part("purpose", "fine-tune") + file("a.jsonl", ROW) + END))
                                    .build())
                            .statusCode())
                    .isEqualTo(403);
        }
    }

    /** As after a loss of power: what was answered is there, and no part is. */
    @Test
    void aServerThatIsKilledKeepsWhatItAnswered() throws Exception {
        Path other = temp.resolve("killed");
        String id;
        try (ServerProcess first = ServerProcess.start(temp.resolve("log"), "256m", options(other))) {
            HttpRequest request = first.request(FILES)
                    .setHeader("Content-Type", "multipart/form-data; boundary=" + EDGE)
                    .POST(HttpRequest.BodyPublishers.ofString(
                            part("purpose", "fine-tune") + file("a.jsonl", ROW) + END))
                    .build();
            id = id(first.send(request));
            RawClient half = new RawClient(first.address());
            half.send("POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary="
                    + EDGE + "\r\nContent-Length: 100000\r\n\r\n" + file("a.jsonl", "a".repeat(30_000)));
            Patience.await(() -> parts(other).size() == 3);
            first.kill();
            half.close();
        }
        try (RunningServer again = RunningServer.start(options(other))) {
            assertThat(parts(other)).hasSize(2);
            assertThat(again.get(FILES + "/" + id + "/content").body()).isEqualTo(ROW);
        }
    }

    private static List<String> parts(Path of) {
        try (Stream<Path> all = Files.list(of.resolve("files"))) {
            return all.map(path -> String.valueOf(path.getFileName())).toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aFullDiskIsSaid() throws Exception {
        Path other = temp.resolve("full");
        try (RunningServer full = RunningServer.start(options(other, "--keep-free", Integer.MAX_VALUE))) {
            HttpResponse<String> response = full.send(form(full, "multipart/form-data; boundary=" + EDGE)
                    .POST(HttpRequest.BodyPublishers.ofString(
                            part("purpose", "fine-tune") + file("a.jsonl", ROW) + END))
                    .build());
            assertRefused(response, 507, "room");
            assertThat(response.headers().firstValue("x-should-retry")).hasValue("false");
            assertThat(parts(other)).isEmpty();
        }
    }
}
