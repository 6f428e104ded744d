package org.lora4j.example.text.tea;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.example.text.TextExample;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.tools.ToolFormat;
import org.nd4j.linalg.api.buffer.DataType;

/** The small chat model in the folder {@code models}, and how it was made. */
class TeaShopTest {
    private static final Path MODELS = Path.of("models");
    private static final int QUESTIONS = 100;

    private static DecoderFolder decoder;
    private static LoRAModel model;
    private static TeaShop shop;

    @TempDir
    private Path temp;

    @BeforeAll
    static void open() throws IOException {
        decoder = DecoderFolder.open(MODELS.resolve("tea-shop"), DataType.FLOAT);
        model = LoRAModel.of(decoder.network());
        model.load("pirate", MODELS.resolve("pirate"));
        model.load("december", MODELS.resolve("december"));
        shop = TeaShop.read();
    }

    @AfterAll
    static void close() {
        decoder.close();
    }

    private static int right(String adapter, List<Conversation> tests) throws IOException {
        return Collections.frequency(TeaModel.answers(decoder, model, adapter, tests), true);
    }

    @Test
    void itAnswersQuestionsInNewWordsAndCallsFunctions() throws IOException {
        assertThat(decoder.requireTemplate().toolFormat()).contains(ToolFormat.HERMES);
        assertThat(right(LoRAModel.BASE, shop.newQuestions(QUESTIONS, 77))).isGreaterThan(55);
    }

    @Test
    void anAdapterChangesTheTone() throws IOException {
        List<Conversation> tests = shop.pirate(QUESTIONS, 77, Talk.Purpose.TEST_OF_ADAPTER);
        assertThat(tests.toString()).contains("Arr! Our own shop be at 12 Harbour Lane");
        assertThat(right("pirate", tests)).isGreaterThan(35);
        assertThat(right(LoRAModel.BASE, tests)).isLessThan(15);
    }

    @Test
    void anAdapterChangesTheKnowledge() throws IOException {
        List<Conversation> tests = shop.december(QUESTIONS, 77, Talk.Purpose.TEST_OF_ADAPTER);
        assertThat(tests.toString()).contains("In December we are open every day");
        assertThat(right("december", tests)).isGreaterThan(55);
        assertThat(right(LoRAModel.BASE, tests)).isLessThan(20);
    }

    @Test
    void theFilesAreSmall() throws IOException {
        try (var files = Files.walk(MODELS)) {
            long bytes = files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
            assertThat(bytes).isLessThan(8_000_000);
        }
    }

    @Test
    void theCommandMakesAModel() throws IOException {
        Path output = temp.resolve("run");
        StringWriter err = new StringWriter();
        int code = TextExample.execute(
                new PrintWriter(new StringWriter()),
                new PrintWriter(err),
                "tea",
                "--output",
                output.toString(),
                "--steps",
                "2",
                "--test",
                "2");
        assertThat(code).as("%s", err).isZero();
        assertThat(output.resolve("tea-shop/tokenizer.json"))
                .hasSameTextualContentAs(MODELS.resolve("tea-shop/tokenizer.json"));
        assertThat(Files.readAllLines(output.resolve("pirate.jsonl")))
                .isEqualTo(Files.readAllLines(MODELS.resolve("pirate.jsonl")));
        assertThat(output.resolve("december.jsonl")).hasSameTextualContentAs(MODELS.resolve("december.jsonl"));
        try (DecoderFolder made = DecoderFolder.open(output.resolve("tea-shop"), DataType.FLOAT)) {
            assertThat(made.network()).hasToString(decoder.network().toString());
        }
    }
}
