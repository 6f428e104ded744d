package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;

/**
 * Random bodies, most of them almost right, for each path of the server: each is answered, or refused as one of the client. {@code
 * -Dserve.bodies=5000} sends more to each path than the default.
 */
@Tag("slow")
@MustEnd
class ServeBodiesTest {
    private static final int BODIES = Integer.getInteger("serve.bodies", 700);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    static Path temp;

    /** A path, a good body for it, and what is served there. */
    enum Served {
        CLASSIFY("/v1/classify", "{\"model\":\"one\",\"input\":[\"the ship sails\",\"a cat\"]}", "bert", "--classify"),
        CLASSIFY_ONE("/classify", "{\"model\":\"one\",\"input\":\"the ship sails\"}", "bert", "--classify"),
        RERANK(
                "/v1/rerank",
                "{\"model\":\"one\",\"query\":\"the cat\",\"documents\":[\"a cat\",{\"text\":\"the sea\"}],\"top_n\":2,"
                        + "\"return_documents\":true}",
                "bert",
                "--rerank"),
        EMBED(
                "/v1/embeddings",
                "{\"model\":\"one\",\"input\":[\"the cat\",\"a\"],\"encoding_format\":\"float\",\"dimensions\":8}",
                "plain",
                ""),
        COMPLETE(
                "/v1/completions",
                "{\"model\":\"one\",\"prompt\":[\"the\",[97,98]],\"max_tokens\":3,\"temperature\":0.5,\"top_p\":0.9,\"n\":2,"
                        + "\"stop\":[\"a\"],\"logprobs\":2,\"logit_bias\":{\"97\":2},\"response_format\":{\"type\":\"json_schema\","
                        + "\"json_schema\":{\"name\":\"a\",\"schema\":{\"type\":\"integer\",\"maximum\":9}}}}",
                "llama",
                ""),
        CHAT(
                "/v1/chat/completions",
                "{\"model\":\"one\",\"messages\":[{\"role\":\"system\",\"content\":\"a\"},{\"role\":\"user\",\"content\":"
                        + "[{\"type\":\"text\",\"text\":\"hi\"}]}],\"max_tokens\":3,\"seed\":1,\"stream\":false,\"top_k\":5}",
                "llama",
                ""),
        RESPONSES(
                "/v1/responses",
                "{\"model\":\"one\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"hi\"}]}],"
                        + "\"max_output_tokens\":3,\"text\":{\"format\":{\"type\":\"text\"}}}",
                "llama",
                "");

        private final String path;
        private final String body;
        private final String model;
        private final String option;

        Served(String path, String body, String model, String option) {
            this.path = path;
            this.body = body;
            this.model = model;
            this.option = option;
        }
    }

    @BeforeAll
    static void write() throws Exception {
        Path bert = SmallModels.bert(temp.resolve("bert"), 1);
        SmallModels.bert(temp.resolve("plain"), 1);
        SmallModels.llama(temp.resolve("llama"), 1);
        RandomAdapters.write(temp.resolve("plain-adapters/one"), "encoder.layer", "attention.self.query", 1);
        RandomAdapters.write(temp.resolve("llama-adapters/one"), "model.layers", "self_attn.q_proj", 1);
        Path texts = SmallTexts.csv(temp.resolve("texts.csv"), 40, 2);
        train("classify", bert, texts, "bert--classify-adapters/one", "--no-baseline");
        Path triples = Files.writeString(
                temp.resolve("triples.csv"),
                "query,positive,negative\n" + "the cat,a cat,a ship\nthe ship,a ship,a cat\n".repeat(8));
        train("rerank", bert, triples, "bert--rerank-adapters/one", "--validation", 0);
    }

    private static void train(String command, Path model, Path data, String output, Object... more) {
        Object[] words = {
            command, "--model", model, "--data", data, "--output", temp.resolve(output), "--epochs", 1, "--rate", 0.01
        };
        Cli.good(Cli.words(words, more));
    }

    private static RunningServer start(Served served) throws InterruptedException {
        Path adapters = temp.resolve(served.model + served.option + "-adapters");
        Object[] words = {
            "--model", temp.resolve(served.model), "--adapters", adapters, "--max-body", 200, "--max-new-tokens", 50
        };
        return RunningServer.start(served.option.isEmpty() ? words : Cli.words(words, served.option));
    }

    @ParameterizedTest
    @EnumSource
    void noBodyIsAFailureOfTheServer(Served path) throws Exception {
        try (RunningServer server = start(path)) {
            JsonNode good = server.good(path.path, path.body);
            Bodies bodies = new Bodies(new SplittableRandom(path.name().hashCode()), path.body);
            int answered = 0;
            for (int i = 0; i < BODIES; i++) {
                byte[] body = bodies.next();
                HttpResponse<String> response = server.send(server.request(path.path)
                        .timeout(Patience.LIMIT)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build());
                String shown = new String(body, StandardCharsets.ISO_8859_1);
                assertThat(response.statusCode())
                        .as(() -> shown.substring(0, Math.min(shown.length(), 2000)) + "\n" + response.body())
                        .isIn(200, 400, 404, 413);
                answered += response.statusCode() == 200 ? 1 : 0;
            }
            // Else they show nothing.
            assertThat(answered).isBetween(BODIES / 100, BODIES - BODIES / 10);
            Patience.await(() -> server.figure("lora_http_requests") == 0
                    && server.figure("lora_http_body_bytes") == 0
                    && server.figure("lora_http_answer_bytes") == 0);
            assertThat(same(server.good(path.path, path.body))).isEqualTo(same(good));
            assertThat(server.err()).isEmpty();
        }
    }

    /** Without what differs in each answer, and for drawn texts without the texts. */
    private static List<String> same(JsonNode answer) {
        List<String> fields = new ArrayList<>();
        answer.fieldNames().forEachRemaining(fields::add);
        for (String field : List.of("data", "results", "labels")) {
            fields.add(answer.path(field).toString());
        }
        return fields;
    }

    /** Changes a good body, as a tree or as bytes. */
    private static final class Bodies {
        private static final List<String> TEXTS = List.of(
                "",
                " ",
                "\u0000",
                "\ud800",
                "\udfff\ud800",
                "\u202e\u200b\ufeff",
                "a\r\n\tb",
                "\ud83d\ude00".repeat(40),
                "cat ".repeat(3000),
                "x".repeat(20_000),
                "[CLS] [SEP] [PAD]",
                "<|im_end|>",
                "one",
                "../one",
                "__base__",
                "{\"a\":1}",
                "NaN");
        private static final List<String> NUMBERS = List.of(
                "0",
                "-0",
                "-1",
                "1",
                "2",
                "1e400",
                "-1e400",
                "1e-400",
                "9223372036854775807",
                "9223372036854775808",
                "2147483648",
                "-2147483649",
                "0.1",
                "1e3",
                "1".repeat(300));

        private final SplittableRandom random;
        private final String good;
        private final List<Supplier<JsonNode>> values = new ArrayList<>();

        Bodies(SplittableRandom random, String good) {
            this.random = random;
            this.good = good;
            values.add(() -> MAPPER.getNodeFactory().nullNode());
            values.add(() -> MAPPER.getNodeFactory().booleanNode(random.nextBoolean()));
            values.add(() -> MAPPER.getNodeFactory().textNode(any(TEXTS)));
            values.add(() -> MAPPER.getNodeFactory().rawValueNode(new RawValue(any(NUMBERS))));
            values.add(() -> MAPPER.getNodeFactory().rawValueNode(new RawValue("\"\\ud800\"")));
            values.add(this::list);
            values.add(() -> MAPPER.createObjectNode().set(any(TEXTS), value()));
            values.add(() -> MAPPER.getNodeFactory().rawValueNode(new RawValue("[".repeat(2000) + "]".repeat(2000))));
        }

        private <T> T any(List<T> list) {
            return list.get(random.nextInt(list.size()));
        }

        private JsonNode value() {
            return any(values).get();
        }

        private JsonNode list() {
            ArrayNode list = MAPPER.createArrayNode();
            int count = random.nextInt(10) == 0 ? 1001 : random.nextInt(4);
            for (int i = 0; i < count; i++) {
                list.add(count > 4 ? MAPPER.getNodeFactory().textNode("a") : value());
            }
            return list;
        }

        byte[] next() throws Exception {
            JsonNode tree = MAPPER.readTree(good);
            for (int i = random.nextInt(3); i >= 0; i--) {
                change(tree);
            }
            String text = MAPPER.writeValueAsString(tree);
            if (random.nextInt(12) == 0) {
                // The first field twice.
                text = "{\"input\":\"b\",\"model\":\"one\"," + text.substring(1);
            }
            // Halves of surrogate pairs become question marks; bytes that are no UTF-8 come below.
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            return random.nextInt(4) == 0 ? broken(bytes) : bytes;
        }

        private void change(JsonNode tree) {
            List<JsonNode> containers = new ArrayList<>();
            collect(tree, containers);
            JsonNode parent = any(containers);
            if (parent instanceof ObjectNode object) {
                List<String> names = new ArrayList<>();
                object.fieldNames().forEachRemaining(names::add);
                String name = names.isEmpty() || random.nextInt(8) == 0 ? any(TEXTS) : any(names);
                if (random.nextInt(6) == 0) {
                    object.remove(name);
                } else {
                    object.set(name, value());
                }
            } else if (parent instanceof ArrayNode array) {
                int at = random.nextInt(array.size() + 1);
                if (at < array.size() && random.nextBoolean()) {
                    array.set(at, value());
                } else {
                    array.insert(at, value());
                }
            }
        }

        private static void collect(JsonNode node, List<JsonNode> containers) {
            if (node.isContainerNode()) {
                containers.add(node);
                node.forEach(child -> collect(child, containers));
            }
        }

        private byte[] broken(byte[] bytes) {
            byte[] broken = bytes.clone();
            if (broken.length == 0) {
                return broken;
            }
            switch (random.nextInt(4)) {
                case 0 -> broken = Arrays.copyOf(broken, random.nextInt(broken.length));
                case 1 -> broken = Arrays.copyOf(broken, broken.length + 1 + random.nextInt(50));
                default -> {
                    for (int i = 0; i < 1 + random.nextInt(3); i++) {
                        broken[random.nextInt(broken.length)] = (byte) random.nextInt();
                    }
                }
            }
            return broken;
        }
    }
}
