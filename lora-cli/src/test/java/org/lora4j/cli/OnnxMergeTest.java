package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.fixtures.Differences;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.Labels;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskFile;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@code merge --onnx}: for adapters of all tasks, ONNX Runtime computes what the library computes. */
class OnnxMergeTest {
    private static final long[][] IDS = {{1, 4, 5, 6, 2}, {1, 7, 4, 2, 0}};
    private static final long[][] MASK = {{1, 1, 1, 1, 1}, {1, 1, 1, 1, 0}};

    @TempDir
    private static Path temp;

    private static OneTask tasks;

    @BeforeAll
    static void write() throws IOException {
        tasks = OneTask.write(temp.resolve("tasks"));
    }

    private static INDArray run(Path folder, String output) throws OrtException {
        return run(folder, output, IDS, MASK, new long[2][5]);
    }

    private static INDArray run(Path folder, String output, long[][] idsOf, long[][] maskOf, long[][] typesOf)
            throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession session =
                        environment.createSession(folder.resolve("model.onnx").toString());
                OnnxTensor ids = OnnxTensor.createTensor(environment, idsOf);
                OnnxTensor mask = OnnxTensor.createTensor(environment, maskOf);
                OnnxTensor types = OnnxTensor.createTensor(environment, typesOf)) {
            Map<String, OnnxTensor> inputs =
                    new HashMap<>(Map.of("input_ids", ids, "attention_mask", mask, "token_type_ids", types));
            inputs.keySet().retainAll(session.getInputNames());
            try (OrtSession.Result result = session.run(inputs)) {
                Object found = result.get(output).orElseThrow().getValue();
                return found instanceof float[][][] ofTokens
                        ? rows(ofTokens, maskOf)
                        : Nd4j.createFromArray((float[][]) found);
            }
        }
    }

    /** The numbers of all tokens without padding, one after the other, as the library returns them. */
    private static INDArray rows(float[][][] ofTokens, long[][] mask) {
        List<float[]> rows = new ArrayList<>();
        for (int i = 0; i < ofTokens.length; i++) {
            for (int t = 0; t < ofTokens[i].length; t++) {
                if (mask[i][t] == 1) {
                    rows.add(ofTokens[i][t]);
                }
            }
        }
        return Nd4j.createFromArray(rows.toArray(float[][]::new));
    }

    private static int[][] ints(long[][] values) {
        return Arrays.stream(values)
                .map(row -> IntStream.range(0, row.length)
                        .map(i -> Math.toIntExact(row[i]))
                        .toArray())
                .toArray(int[][]::new);
    }

    /** What the library computes with the adapter. */
    private static INDArray expected(Path model, SavedAdapter saved) throws IOException {
        try (TextModel opened = TextModel.open(ModelSource.of(model), BaseStorage.of(Precision.FLOAT))) {
            Task task = saved.task(opened.model(), opened.task());
            Network network = task instanceof Embed embed && embed.dimensions().isPresent()
                    ? opened.model().sentenceEmbeddings(embed.dimensions().getAsInt())
                    : opened.network(task.head());
            return LoRAModel.of(network)
                    .add("a", saved.adapter(network))
                    .predict(Sequences.of(ints(IDS), ints(MASK), null));
        }
    }

    private static Path merge(Path model, String name) {
        Path output = temp.resolve(model.getFileName() + "-" + name + "-onnx");
        Object[] merge = {
            "merge",
            "--model",
            model,
            "--adapter",
            tasks.adapters(model).resolve(name),
            "--output",
            output,
            "--overwrite",
            "--onnx"
        };
        assertThat(Cli.good(merge).out()).contains("merged model written to " + output);
        return output;
    }

    private static Path check(Path model, String name, String output) throws Exception {
        Path folder = merge(model, name);
        SavedAdapter saved = SavedAdapter.read(tasks.adapters(model).resolve(name));
        INDArray found = run(folder, output);
        assertThat(Differences.greatest(found, expected(model, saved)))
                .as(model + " " + name)
                .isLessThan(1e-5);
        assertThat(folder.resolve("model.safetensors")).doesNotExist();
        return folder;
    }

    @Test
    void embeddings() throws Exception {
        for (Path model : tasks.embedders().subList(0, 2)) {
            check(model, OneTask.WHOLE, "sentence_embedding");
            Path shorter = check(model, OneTask.SEARCH, "sentence_embedding");
            assertThat(run(shorter, "sentence_embedding").size(1)).isEqualTo(3);
            assertThat(shorter.resolve("config_sentence_transformers.json"))
                    .content()
                    .contains("where ");
            assertThat(shorter.resolve("sentence_bert_config.json")).content().contains("6");
            assertThat(shorter.resolve("tokenizer.json")).content().contains("\"max_length\": 6");
        }
    }

    @Test
    void classesAndScores() throws Exception {
        Path topics = check(tasks.encoder(), OneTask.TOPICS, "logits");
        assertThat(Labels.read(ModelSource.of(topics)).names()).containsExactly("a", "b", "c");
        check(tasks.encoder(), OneTask.TONES, "logits");
        check(tasks.encoder(), OneTask.PEFT, "logits");
        check(tasks.encoder(), OneTask.RANK, "logits");
        check(tasks.decoder(), OneTask.LAST, "logits");
        check(tasks.decoder(), OneTask.YES, "logits");
    }

    @Test
    void tags() throws Exception {
        for (Path model : List.of(tasks.encoder(), tasks.decoder())) {
            for (String name : OneTask.TAGGERS) {
                check(model, name, "logits");
            }
        }
        Path names = merge(tasks.encoder(), OneTask.NAMES);
        assertThat(run(names, "logits").shape()).containsExactly(9, 5);
        assertThat(Labels.read(ModelSource.of(names)))
                .isEqualTo(TaskFile.read(tasks.encoderAdapters().resolve(OneTask.NAMES))
                        .flatMap(Task::classes)
                        .orElseThrow());
    }

    /** A program that reads the files of the folder alone, and adds the prompt of the model, cuts the texts where the adapter does. */
    @Test
    void textsThatAreLongerThanTheLimit() throws Exception {
        check(tasks.encoder(), OneTask.TOPICS, "query: ", 7);
        check(tasks.encoder(), OneTask.TONES, "query: ", 12);
        check(tasks.decoder(), OneTask.LAST, "", 5);
    }

    private static void check(Path model, String name, String prompt, int limit) throws Exception {
        String text = String.join(" ", Collections.nCopies(30, "where is my parcel"));
        Path folder = merge(model, name);
        long[] ids;
        try (HuggingFaceTokenizer theirs = HuggingFaceTokenizer.newInstance(folder.resolve("tokenizer.json"))) {
            ids = theirs.encode(prompt + text).getIds();
        }
        assertThat(ids).as(model + " " + name).hasSize(limit);
        long[][] mask = {LongStream.of(ids).map(id -> 1).toArray()};
        INDArray found = run(folder, "logits", new long[][] {ids}, mask, new long[1][limit]);
        SavedAdapter saved = SavedAdapter.read(tasks.adapters(model).resolve(name));
        try (TextModel opened = TextModel.open(ModelSource.of(model), BaseStorage.of(Precision.FLOAT))) {
            Classify task = (Classify) saved.task(opened.model(), opened.task());
            Network network = opened.network(task.head());
            INDArray expected = LoRAModel.of(network)
                    .add("a", saved.adapter(network))
                    .predict(task.on(opened.textTokens(), network).tokens(List.of(text)));
            assertThat(Differences.greatest(found, expected)).isLessThan(1e-5);
        }
    }

    /** A folder has one model, in the form that was asked for last. */
    @Test
    void aModelThatIsOverwrittenIsGone() throws IOException {
        Path output = merge(tasks.encoder(), OneTask.NAMES);
        Object[] merge = {
            "merge",
            "--model",
            tasks.encoder(),
            "--adapter",
            tasks.encoderAdapters().resolve(OneTask.NAMES),
            "--output",
            output,
            "--overwrite"
        };
        Cli.good(merge);
        assertThat(output.resolve("model.onnx")).doesNotExist();
        assertThat(output.resolve("model.safetensors")).exists();
        Cli.good(Cli.words(merge, "--onnx"));
        assertThat(output.resolve("model.onnx")).exists();
        assertThat(output.resolve("model.safetensors")).doesNotExist();
    }

    @Test
    void refusals() throws IOException {
        Path output = temp.resolve("refused");
        Path pooled = tasks.embedders().get(2);
        Object[] merge = {"merge", "--onnx", "--output", output, "--model"};
        for (List<Object> wrong : List.<List<Object>>of(
                List.of(
                        "found include_prompt false",
                        pooled,
                        tasks.adapters(pooled).resolve(OneTask.WHOLE)),
                List.of(
                        "must be one that embeds, classifies, tags or scores texts, found one for a model that",
                        tasks.chats(),
                        tasks.adapters(tasks.chats()).resolve("calm")),
                List.of(
                        "--onnx must be used with a folder as --model, found model.gguf",
                        "model.gguf",
                        tasks.encoderAdapters().resolve(OneTask.WHOLE)))) {
            Cli result = Cli.run(Cli.words(merge, wrong.get(1), "--adapter", wrong.get(2)));
            assertThat(result.code()).isNotZero();
            assertThat(result.err()).contains((String) wrong.get(0));
        }
        assertThat(output).doesNotExist();
        Path first = merge(tasks.encoder(), OneTask.WHOLE);
        Cli again = Cli.run(Cli.words(
                new Object[] {"merge", "--onnx", "--output", first, "--model", tasks.encoder()},
                "--adapter",
                tasks.encoderAdapters().resolve(OneTask.WHOLE)));
        assertThat(again.err()).contains("must have no adapter and no model, found model.onnx");
        assertThat(Files.exists(first.resolve("model.onnx"))).isTrue();
    }
}
