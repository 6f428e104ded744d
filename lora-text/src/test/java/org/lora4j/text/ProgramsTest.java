package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.example.Chat;
import com.example.ClassifyTexts;
import com.example.TopicServer;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;

/** The whole programs of the pages about texts, with small models. */
class ProgramsTest {
    private final PrintStream out = System.out;
    private final InputStream in = System.in;
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    @BeforeEach
    void keepWhatIsPrinted() {
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void restore() {
        System.setOut(out);
        System.setIn(in);
    }

    private Path model(String golden) throws IOException, URISyntaxException {
        Path source = Path.of(Objects.requireNonNull(getClass().getResource("/golden/" + golden))
                .toURI());
        Path model = Files.createDirectory(folder.resolve("model"));
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(source.resolve(name), model.resolve(name));
        }
        Files.writeString(model.resolve("tokenizer.json"), EncoderFolderTest.TOKENIZER);
        return model;
    }

    @Test
    @Tag("slow")
    void classifyTexts() throws Exception {
        StringBuilder rows = new StringBuilder("text,label\n");
        for (int i = 0; i < 400; i++) {
            rows.append(i % 2 == 0 ? "a a b a,first\n" : "b b b a b,second\n");
        }
        Path data = Files.writeString(folder.resolve("texts.csv"), rows);
        Path adapter = folder.resolve("topics");
        Path model = model("encoder_forward");
        ClassifyTexts.main(new String[] {model.toString(), data.toString(), adapter.toString()});
        assertThat(printed.toString(StandardCharsets.UTF_8).lines().toList())
                .startsWith("accuracy on held-out texts: 1.0")
                .last()
                .asString()
                .matches("label: (first|second)");

        HttpServer server = TopicServer.start(model, adapter, 0);
        String host = InetAddress.getLoopbackAddress().getHostAddress();
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://" + host + ":" + server.getAddress().getPort()))
                .POST(HttpRequest.BodyPublishers.ofString("b b b a b"))
                .build();
        HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        server.stop(0);
        assertThat(answer.body()).isEqualTo("second");
    }

    @Test
    void chat() throws Exception {
        Path model = model("decoder_llama");
        Files.writeString(
                model.resolve("chat_template.jinja"), "{% for m in messages %}{{ m['content'] }} {% endfor %}");
        Path adapter = folder.resolve("support");
        try (DecoderFolder decoder = DecoderFolder.open(model)) {
            LoRAModel.of(decoder.network()).add("support", LoRAConfig.of(2, 4)).save(adapter);
        }
        System.setIn(new ByteArrayInputStream("a b\nb a\n".getBytes(StandardCharsets.UTF_8)));
        Chat.main(new String[] {model.toString(), adapter.toString()});
        assertThat(printed.toString(StandardCharsets.UTF_8).lines().filter(line -> line.endsWith("tokens were known)")))
                .hasSize(2)
                .first()
                .asString()
                .startsWith("(0 of ");
    }
}
