package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.peft.PeftAdapters;

/** Trainings that go on from an adapter. With a rate of almost 0 the result is the adapter with which they begin. */
@Tag("slow")
class GoOnTest {
    private static final double NO_RATE = 1e-30;

    @TempDir
    private static Path temp;

    private static Path bert;
    private static Path llama;
    private static Path texts;
    private static Path chats;
    private static Path triples;
    private static Path topics;
    private static Path sounds;

    @BeforeAll
    static void train() throws IOException {
        bert = SmallModels.bert(temp.resolve("bert"), 1);
        llama = SmallModels.llama(temp.resolve("llama"), 1);
        texts = SmallTexts.csv(temp.resolve("texts.csv"), 60, 2);
        chats = Files.writeString(
                temp.resolve("chats.jsonl"), "{\"prompt\": \"the cow?\", \"completion\": \"moo\"}\n".repeat(12));
        triples = Files.writeString(
                temp.resolve("triples.csv"),
                "query,positive,negative\n" + "the cow,a cow,a ship\nthe ship,a ship,a cow\n".repeat(8));
        topics = temp.resolve("topics");
        sounds = temp.resolve("sounds");
        Cli.good(command("classify", bert, texts, topics, "--rate", 0.01, "--epochs", 2, "--rank", 3));
        Cli.good(command("sft", llama, chats, sounds, "--rate", 0.01, "--epochs", 2, "--validation", 0));
    }

    private static Object[] command(String name, Path model, Path data, Path output, Object... more) {
        return Cli.words(new Object[] {name, "--model", model, "--data", data, "--output", output}, more);
    }

    private static Path goOn(String name, Path model, Path data, Path adapter, Object... more) {
        Path output = temp.resolve("from-" + adapter.getFileName());
        Cli.good(command(
                name,
                model,
                data,
                output,
                Cli.words(new Object[] {"--adapter", adapter, "--rate", NO_RATE, "--epochs", 1, "--overwrite"}, more)));
        return output;
    }

    private static void assertSame(Path found, Path expected) throws IOException {
        LoRAAdapter after = PeftAdapters.load(found);
        LoRAAdapter before = PeftAdapters.load(expected);
        assertThat(after.config()).isEqualTo(before.config());
        assertThat(after.weights()).isEqualTo(before.weights());
        assertThat(after.savedModules()).isEqualTo(before.savedModules());
    }

    @Test
    void aClassifierGoesOnWithItsClassesInTheirOrder() throws IOException {
        Path shipsFirst = Files.writeString(
                temp.resolve("task-with-another-order.csv"),
                Files.readString(texts)
                        .replace("cats", "x")
                        .replace("ships", "cats")
                        .replace("x,", "ships,"));
        Path after = goOn("classify", bert, shipsFirst, topics, "--no-baseline");
        assertSame(after, topics);
        assertThat(after.resolve("task.json")).hasSameTextualContentAs(topics.resolve("task.json"));
        assertThat(new ObjectMapper()
                        .readTree(after.resolve("report.json").toFile())
                        .at("/settings/begin")
                        .asText())
                .isEqualTo(topics.toString());
        Path trained = temp.resolve("trained");
        Cli.good(command("classify", bert, texts, trained, "--adapter", topics, "--epochs", 1, "--no-baseline"));
        assertThat(PeftAdapters.load(trained).weights())
                .isNotEqualTo(PeftAdapters.load(topics).weights());
    }

    @Test
    void anAdapterWithoutTaskIsOneOfPeft() throws IOException {
        Path peft = Files.createDirectories(temp.resolve("peft"));
        for (String file : new String[] {"adapter_config.json", "adapter_model.safetensors"}) {
            Files.copy(topics.resolve(file), peft.resolve(file));
        }
        assertSame(goOn("classify", bert, texts, peft, "--no-baseline"), topics);
    }

    @Test
    void aLanguageModelGoesOn() throws IOException {
        assertSame(goOn("sft", llama, chats, sounds, "--validation", 0), sounds);
        assertSame(goOn("clm", llama, texts, sounds, "--validation", 0, "--block", 16), sounds);
    }

    @ParameterizedTest
    @CsvSource({"retrieve,", "rerank,", "rerank, mean"})
    void aSearchGoesOn(String command, @Nullable String head) throws IOException {
        Object[] more = head == null ? new Object[0] : new Object[] {"--head", head};
        Path search = temp.resolve(command + "-" + head);
        Cli.good(command(
                command,
                bert,
                triples,
                search,
                Cli.words(more, "--rate", 0.01, "--epochs", 1, "--rank", 3, "--validation", 0)));
        Path after = goOn(command, bert, triples, search, "--validation", 0);
        assertSame(after, search);
        assertThat(after.resolve("task.json")).hasSameTextualContentAs(search.resolve("task.json"));
        Path trained = temp.resolve("trained-" + search.getFileName());
        Cli.good(command(command, bert, triples, trained, "--adapter", search, "--epochs", 1, "--validation", 0));
        assertThat(PeftAdapters.load(trained).weights())
                .isNotEqualTo(PeftAdapters.load(search).weights());
    }

    private static void assertFails(int code, String message, Object... args) {
        Cli cli = Cli.run(args);
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .contains(message);
        assertThat(cli.code()).isEqualTo(code);
    }

    @Test
    void refusesWhatDoesNotFit() throws IOException {
        Path output = temp.resolve("refused");
        assertFails(
                2,
                "--rank must be used without --adapter, which has its own settings, found both",
                command("classify", bert, texts, output, "--adapter", topics, "--rank", 8));
        assertFails(
                2,
                "--head must be used without --adapter",
                command("classify", bert, texts, output, "--adapter", topics, "--head", "mean"));
        assertFails(
                1,
                "the output must be another file or folder than those that are read",
                command("classify", bert, texts, topics, "--adapter", topics, "--overwrite"));
        Path dogs = Files.writeString(
                temp.resolve("dogs.csv"), Files.readString(texts).replace(",ships,", ",dogs,"));
        assertFails(
                1,
                "label must be one of the classes of the classifier, [cats, ships], found 'dogs'",
                command("classify", bert, dogs, output, "--adapter", topics));
        assertFails(
                1,
                "the adapter must have a classifier among its saved modules, found []",
                command("classify", llama, texts, output, "--adapter", sounds));
        assertFails(
                1,
                topics
                        + ": a language model needs an adapter without a classifier, found one of 'lora classify'; use it"
                        + " with 'lora predict'",
                command("sft", llama, chats, output, "--adapter", topics));
        assertFails(
                1,
                topics + ": an embedding needs an adapter without a classifier, found one of 'lora classify'",
                command("retrieve", bert, triples, output, "--adapter", topics));
        assertFails(1, "classes", command("rerank", bert, triples, output, "--adapter", topics));
        assertThat(output).isEmptyDirectory();
    }

    @Test
    void theAdapterOfAClassifierIsRefusedInOneLineWhereTextIsGenerated() throws IOException {
        String message =
                topics + ": a language model needs an adapter without a classifier, found one of 'lora classify';"
                        + " use it with 'lora predict'";
        assertFails(1, message, "generate", "--model", llama, "--adapter", topics, "--prompt", "a");
        assertFails(1, message, "chat", "--model", llama, "--adapter", topics);
        Path peft = Files.createDirectories(temp.resolve("peft-classifier"));
        for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
            Files.copy(topics.resolve(file), peft.resolve(file));
        }
        assertFails(
                1,
                peft + ": a language model needs an adapter without a classifier",
                "generate",
                "--model",
                llama,
                "--adapter",
                peft,
                "--prompt",
                "a");
    }
}
