package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.task.TextTags;
import org.lora4j.text.tokens.TextWords;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An adapter brings all layers of a head that the model has not: a service does not know the seed of its training. */
class NewHeadsTest {
    private static final BaseStorage STORAGE = BaseStorage.of(Precision.FLOAT);
    private static final List<String> TEXTS = List.of("where is my parcel", "never");

    @TempDir
    private Path temp;

    private Path model(String modelType) throws IOException {
        Path folder = temp.resolve("model");
        CompleteEncoder.write(folder);
        for (String file : List.of("modules.json", "config_sentence_transformers.json")) {
            Files.deleteIfExists(folder.resolve(file));
        }
        String sizes = modelType.equals("distilbert")
                ? "\"n_layers\": 1, \"dim\": 16, \"n_heads\": 4, \"hidden_dim\": 16"
                : "\"num_hidden_layers\": 1, \"hidden_size\": 16, \"num_attention_heads\": 4, \"intermediate_size\": 16";
        PretrainedModel made = PretrainedModel.initialize(
                ModelConfig.parse("{\"model_type\": \"" + modelType + "\", \"vocab_size\": 60,"
                        + " \"max_position_embeddings\": 32, " + sizes + "}"),
                DataType.FLOAT,
                1);
        made.save(made.lastHiddenState(), folder);
        return folder;
    }

    private static void change(AdapterView view) {
        SplittableRandom random = new SplittableRandom(1);
        for (Parameter parameter : view.parameters()) {
            INDArray value = parameter.value();
            for (long i = 0; i < value.length(); i++) {
                value.putScalar(i, value.getDouble(i) + 0.3 * random.nextGaussian());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"roberta", "distilbert", "electra", "mpnet", "deberta-v2", "modernbert"})
    void aClassifierIsServedAsItWasTrained(String modelType) throws IOException {
        Path folder = model(modelType);
        Path adapter = temp.resolve("adapters/topics");
        Labels labels = Labels.of(List.of("a", "b", "c"));
        List<ClassScores> expected;
        try (TextClassifier classifier =
                TextClassifier.create(folder, labels, Head.POOLER, OptionalInt.empty(), 5, STORAGE)) {
            AdapterView view = classifier.addAdapter(LoRAConfig.of(2, 4));
            change(view);
            view.save(adapter);
            TaskFile.write(new Classify(labels, Head.POOLER, OptionalInt.empty()), adapter);
            expected = classifier.predictEach(
                    classifier.tokens(TEXTS), List.of(TextClassifier.ADAPTER, TextClassifier.ADAPTER));
        }
        try (TextModel opened = TextModel.open(ModelSource.of(folder), STORAGE);
                TextService service = TextService.builder(opened)
                        .adapters(temp.resolve("adapters"))
                        .build()) {
            List<ClassScores> found = service.answer(Classify.class, "topics", TEXTS, RequestOptions.defaults())
                    .values();
            for (int i = 0; i < found.size(); i++) {
                for (int c = 0; c < labels.count(); c++) {
                    assertThat(found.get(i).values().get(c))
                            .isCloseTo(expected.get(i).values().get(c), Offset.offset(1e-5));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"roberta", "modernbert"})
    void aTaggerIsServedAsItWasTrained(String modelType) throws IOException {
        Path folder = model(modelType);
        Path adapter = temp.resolve("adapters/names");
        Tag task = new Tag(Labels.of(List.of("O", "A", "B")), Tag.SubWords.FIRST, OptionalInt.empty());
        List<TextWords> words = TEXTS.stream().map(TextWords::of).toList();
        try (TextModel opened = TextModel.open(ModelSource.of(folder), STORAGE);
                TextService service = TextService.builder(opened)
                        .adapters(temp.resolve("adapters"))
                        .build()) {
            Network network = Head.TOKENS.network(opened.model(), 3, 5);
            AdapterView view = LoRAModel.of(network).add("names", Head.TOKENS.config(LoRAConfig.of(2, 4), network));
            change(view);
            view.save(adapter);
            TaskFile.write(task, adapter);
            Tag.OnModel rows = task.on(opened.textTokens(), network);
            List<TextTags> expected = rows.read(words, view.predict(rows.tokens(words)));
            List<TextTags> found = service.answer(Tag.class, "names", words, RequestOptions.defaults())
                    .values();
            for (int i = 0; i < found.size(); i++) {
                for (int w = 0; w < found.get(i).words().size(); w++) {
                    assertThat(found.get(i).words().get(w).score())
                            .isCloseTo(expected.get(i).words().get(w).score(), Offset.offset(1e-5));
                }
            }
        }
    }
}
