package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.fixtures.JavaCommand;
import org.lora4j.fixtures.Patience;

/** Ctrl-C and SIGTERM while a server answers, in another process. */
@Tag("slow")
class ServeInterruptTest {
    @TempDir
    private Path temp;

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aRunningRequestEndsFirst(String signal, int code) throws Exception {
        assumeThat(signal.equals("INT") && Interrupts.areIgnored()).isFalse();
        Path model = SmallModels.llama(temp.resolve("llama"), 1);
        Path config = model.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace("\"max_position_embeddings\": 192", "\"max_position_embeddings\": 4000")
                        .replace(", \"eos_token_id\": 257", ""));
        Files.delete(model.resolve("tokenizer_config.json"));
        Path log = temp.resolve("log");
        Process process = new ProcessBuilder(JavaCommand.of(
                        "org.lora4j.cli.Lora",
                        "serve",
                        "--model",
                        model.toString(),
                        "--allow-base",
                        "--port",
                        "0",
                        "--max-new-tokens",
                        "3000",
                        "--grace",
                        "100"))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            Patience.await(() -> text(log).contains("/v1\n") || !process.isAlive());
            String address = text(log).replaceAll("(?s).*serving 1 model on (\\S+)\n.*", "$1");
            HttpRequest request = HttpRequest.newBuilder(URI.create(address + "/completions"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(
                            "{\"model\": \"llama\", \"prompt\": \"a\", \"max_tokens\": 3000, \"stream\": true}"))
                    .build();
            HttpResponse<InputStream> response =
                    HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofInputStream());
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid()))
                            .start()
                            .waitFor())
                    .isZero();
            String body = new String(response.body().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(body).endsWith("data: [DONE]\n\n").contains("\"finish_reason\":\"length\"");
            assertThat(Patience.awaitEnd(process)).isEqualTo(code);
            assertThat(text(log))
                    .contains("interrupted; running requests end first")
                    .doesNotContain("Exception");
        } finally {
            process.destroyForcibly();
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
    }
}
