package org.lora4j.spark;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ModelSource;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.spark.internal.base.AdapterBytes;
import org.lora4j.spark.internal.base.BaseDecoder;
import org.lora4j.spark.internal.base.SentFile;
import org.lora4j.spark.internal.param.OptimizerName;
import org.lora4j.spark.internal.param.StorageName;
import org.lora4j.spark.internal.rows.FlatValues;
import org.lora4j.spark.internal.train.PartialGradients;
import org.lora4j.text.DecoderFolder;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.Validation;
import org.lora4j.train.ValidationResult;

/** A language model that is trained on Spark, against one that is trained on a single machine. */
@Tag("slow")
class CausalLMTest {
    private static final int BATCH = 10;
    private static final int STEPS = 50;
    private static final double RATE = 0.002;

    /** The last batch has 7 rows. */
    private final Chats chats = new Chats(47);

    @TempDir
    Path folder;

    private String base;
    private Dataset<Row> table;

    @BeforeEach
    void prepare() {
        base = Chats.decoder(folder).toString();
        table = chats.table(Sessions.local(), 3);
    }

    private LoRACausalLM estimator(String form, int workers) {
        LoRACausalLM estimator = new LoRACausalLM()
                .setBasePath(base)
                .setIdCol("id")
                .setLoraConfig(config(0.1))
                .setBatchSize(BATCH)
                .setMaxIter(STEPS)
                .setLearningRate(RATE)
                .setNumWorkers(workers);
        return switch (form) {
            case "text" -> estimator.setTextCol("text").setMaxTokens(Chats.BLOCK);
            case "prompt" -> estimator.setPromptCol("prompt").setCompletionCol("completion");
            default -> estimator.setMessagesCol("messages");
        };
    }

    private static LoRAConfig config(double dropout) {
        return LoRAConfig.builder()
                .rank(2)
                .dropout(dropout)
                .targetModules("q_proj", "v_proj")
                .build();
    }

    private LoRAAdapter onOneMachine(String form, String storage, double dropout) throws Exception {
        try (DecoderFolder decoder = StorageName.of(storage).open(ModelSource.of(Path.of(base)))) {
            AdapterView view = LoRAModel.of(decoder.network()).add("a", config(dropout));
            Trainer.builder(view)
                    .loss(Loss.nextToken())
                    .updater(OptimizerName.ADAMW.updater(RATE, 0.01))
                    .maxIterations(STEPS)
                    .build()
                    .fit(batches(decoder, form));
            return view.adapter();
        }
    }

    private List<Batch> batches(DecoderFolder decoder, String form) {
        return Chats.batches(chats.examples(decoder.tokens(), form), BATCH);
    }

    private double moved(LoRAAdapter trained) throws Exception {
        try (DecoderFolder decoder = DecoderFolder.open(Path.of(base))) {
            LoRAAdapter initial =
                    LoRAModel.of(decoder.network()).add("a", config(0)).adapter();
            return Adapters.difference(initial, trained);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "messages, 1",
        "messages, 2",
        "messages, 3",
        "prompt, 2",
        "text, 1",
        "text, 2",
        "text, 3",
        // More workers than examples of a batch: some have none.
        "messages, 13"
    })
    void equalsATrainingOnOneMachine(String form, int workers) throws Exception {
        LoRAAdapter trained = estimator(form, workers).fit(table).adapter();
        double difference = Adapters.difference(trained, onOneMachine(form, "float", 0.1));
        System.out.println("difference of a decoder in FLOAT, " + form + ", " + workers + " workers: " + difference);
        assertThat(difference).isLessThan(1e-5);
        assertThat(moved(trained)).isGreaterThan(0.01);
    }

    /** In double nothing hides behind rounding. */
    @ParameterizedTest
    @CsvSource({"messages, 1", "messages, 2", "messages, 3", "text, 3"})
    void equalsATrainingInDoubleOnOneMachine(String form, int workers) throws Exception {
        AdapterBytes bytes = requireNonNull(
                estimator(form, workers).setStorage("double").fit(table).bytes());
        try (DecoderFolder decoder = StorageName.DOUBLE.open(ModelSource.of(Path.of(base)))) {
            double difference = Adapters.difference(
                    bytes.adapter(decoder.network(), ReadOptions.of(FingerprintCheck.REQUIRE)),
                    onOneMachine(form, "double", 0.1));
            System.out.println(
                    "difference of a decoder in DOUBLE, " + form + ", " + workers + " workers: " + difference);
            assertThat(difference).isLessThan(1e-11);
        }
    }

    /** Models of transformers, with dropout of their own if they have it. */
    @ParameterizedTest
    @CsvSource({"decoder_gpt2, c_attn", "decoder_qwen3, q_proj"})
    void otherFamiliesTrainAsOnOneMachine(String golden, String target) throws Exception {
        Path from = Path.of(
                requireNonNull(getClass().getResource("/golden/" + golden)).toURI());
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(from.resolve(file), Path.of(base, file), StandardCopyOption.REPLACE_EXISTING);
        }
        LoRAConfig config = LoRAConfig.builder().rank(2).targetModules(target).build();
        LoRACausalLMModel model =
                estimator("messages", 3).setLoraConfig(config).setMaxIter(20).fit(table);
        try (DecoderFolder decoder = DecoderFolder.open(Path.of(base))) {
            AdapterView view = LoRAModel.of(decoder.network()).add("a", config);
            Trainer.builder(view)
                    .loss(Loss.nextToken())
                    .updater(OptimizerName.ADAMW.updater(RATE, 0.01))
                    .maxIterations(20)
                    .build()
                    .fit(batches(decoder, "messages"));
            assertThat(Adapters.difference(model.adapter(), view.adapter())).isLessThan(1e-5);
        }
        assertThat(model.transform(table).filter("perplexity > 1").count()).isEqualTo(47);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bf16", "int8", "int8Dynamic"})
    void weightsInFewerBitsAreThoseOfOneMachine(String storage) throws Exception {
        LoRAAdapter trained =
                estimator("messages", 2).setStorage(storage).fit(table).adapter();
        assertThat(Adapters.difference(trained, onOneMachine("messages", storage, 0.1)))
                .isLessThan(1e-5);
    }

    @Test
    void aTableIsReadInTheFormOfItsColumns() {
        LoRACausalLM estimator = estimator("messages", 2).setMaxIter(3);
        LoRAAdapter expected = estimator.fit(table).adapter();
        estimator.clear(estimator.messagesCol());
        assertThat(estimator.fit(table).adapter()).isEqualTo(expected);
        assertThat(estimator.fit(table.drop("messages")).adapter()).isEqualTo(expected);
        LoRAAdapter ofText = estimator("text", 2).setMaxIter(3).fit(table).adapter();
        assertThat(estimator
                        .setMaxTokens(Chats.BLOCK)
                        .fit(table.drop("messages", "prompt"))
                        .adapter())
                .isEqualTo(ofText)
                .isNotEqualTo(expected);
    }

    @Test
    void theBitsDependNeitherOnTheRunNorOnThePartitionsOfTheTable() {
        for (String form : List.of("messages", "text")) {
            LoRACausalLM estimator = estimator(form, 3).setMaxIter(7);
            LoRAAdapter first = estimator.fit(table).adapter();
            assertThat(estimator.fit(chats.table(Sessions.local(), 7)).adapter())
                    .isEqualTo(first);
            estimator.clear(estimator.idCol());
            assertThat(estimator.fit(chats.table(Sessions.local(), 5)).adapter())
                    .isEqualTo(estimator.fit(table).adapter());
        }
    }

    @Test
    void anotherDriverContinuesWithTheSameBits() {
        LoRACausalLM estimator =
                estimator("text", 2).setCheckpointPath(folder + "/states").setCheckpointInterval(4);
        assertThatThrownBy(() -> estimator
                        .copy(ParamMap.empty())
                        .setListener(round -> {
                            if (round.iteration() == 15) {
                                throw new IllegalStateException("the driver ends");
                            }
                        })
                        .fit(table))
                .hasMessage("the driver ends");
        assertThatThrownBy(() -> estimator.setMaxTokens(9).fit(table))
                .hasMessageContaining("maxTokens is 9 now, and was " + Chats.BLOCK);
        List<Long> iterations = new ArrayList<>();
        LoRAAdapter resumed = estimator
                .setMaxTokens(Chats.BLOCK)
                .setListener(round -> iterations.add(round.iteration()))
                .fit(table)
                .adapter();
        assertThat(iterations.get(0)).isEqualTo(13);
        assertThat(resumed).isEqualTo(estimator("text", 2).fit(table).adapter());
    }

    @Test
    void theValidationIsThatOfOneMachine() throws Exception {
        Dataset<Row> marked = table.withColumn("held", functions.expr("id >= 40"));
        LoRACausalLMModel model = estimator("messages", 3)
                .setLoraConfig(config(0))
                .setValidationIndicatorCol("held")
                .setMaxIter(12)
                .fit(marked);
        List<Double> expected = new ArrayList<>();
        try (DecoderFolder decoder = DecoderFolder.open(Path.of(base))) {
            var examples = chats.examples(decoder.tokens(), "messages");
            AdapterView view = LoRAModel.of(decoder.network()).add("a", config(0));
            Trainer.builder(view)
                    .loss(Loss.nextToken())
                    .updater(OptimizerName.ADAMW.updater(RATE, 0.01))
                    .maxIterations(12)
                    .validation(Validation.loss(Chats.batches(examples.subList(40, 47), 3)))
                    .listener(new TrainingListener() {
                        @Override
                        public void onValidation(ValidationResult result) {
                            expected.add(result.value());
                        }
                    })
                    .build()
                    .fit(Chats.batches(examples.subList(0, 40), BATCH));
        }
        double[] found = model.summary().validationHistory();
        assertThat(found).hasSize(3);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).isCloseTo(expected.get(i), within(1e-5));
        }
    }

    @Test
    void localStepsLearnToo() {
        LoRACausalLMModel model = estimator("messages", 2)
                .setLocalSteps(5)
                .setMaxIter(100)
                .setLearningRate(0.01)
                .fit(table);
        double[] losses = model.summary().objectiveHistory();
        assertThat(losses[losses.length - 1]).isLessThan(losses[0] - 0.1);
    }

    @Test
    void aSavedModelIsTheSame() throws Exception {
        LoRACausalLMModel model = estimator("messages", 2).setMaxIter(5).fit(table);
        model.setSaveBase(true).setTask("generate").setMaxNewTokens(5);
        model.write().overwrite().save(folder + "/model");
        LoRACausalLMModel loaded = LoRACausalLMModel.load(folder + "/model");
        assertThat(loaded.getBasePath()).endsWith("/model/base");
        assertThat(loaded.adapter()).isEqualTo(model.adapter());
        assertThat(PeftAdapters.load(folder.resolve("model/adapter"))).isEqualTo(model.adapter());
        Files.delete(Path.of(base, "model.safetensors"));
        Chats.decoder(folder);
        assertThat(rows(loaded.transform(table))).isEqualTo(rows(model.transform(table)));

        LoRACausalLM estimator = estimator("text", 2);
        estimator.save(folder + "/estimator");
        assertThat(LoRACausalLM.load(folder + "/estimator").explainParams()).isEqualTo(estimator.explainParams());
        new LoRACausalLMModel().setBasePath(base).save(folder + "/without");
        assertThat(LoRACausalLMModel.load(folder + "/without").bytes()).isNull();
    }

    private static List<Row> rows(Dataset<Row> scored) {
        return scored.orderBy("id").collectAsList();
    }

    @Test
    void worksInAPipeline() throws Exception {
        Pipeline pipeline = new Pipeline()
                .setStages(new PipelineStage[] {estimator("messages", 2).setMaxIter(5)});
        PipelineModel fitted = pipeline.fit(table);
        fitted.write().overwrite().save(folder + "/pipeline");
        assertThat(rows(PipelineModel.load(folder + "/pipeline").transform(table)))
                .isEqualTo(rows(fitted.transform(table)));
        assertThat(pipeline.transformSchema(table.schema()).fieldNames())
                .endsWith("logProbability", "tokens", "perplexity");
    }

    /** The gradients of the adapter, whatever the size of the base. */
    @Test
    void aWorkerSendsTheBytesOfTheAdapter() throws Exception {
        try (DecoderFolder decoder = DecoderFolder.open(Path.of(base))) {
            AdapterView view = LoRAModel.of(decoder.network()).add("a", config(0));
            long numbers = view.parameters().stream()
                    .mapToLong(parameter -> parameter.value().length())
                    .sum();
            FlatValues values = FlatValues.of(
                    view.parameters().stream().map(Parameter::value).toList());
            assertThat(values.length()).isEqualTo((int) numbers);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
                out.writeObject(new PartialGradients(0, 1, 1, 1, values));
            }
            assertThat((long) bytes.size()).isBetween(4 * numbers, 4 * numbers + 500);
        }
    }

    @Test
    void aBaseInSeveralFilesThatIsNotSentIsReadFromItsPath() throws Exception {
        var hadoop = Sessions.local().sessionState().newHadoopConf();
        LoRACausalLM estimator = estimator("messages", 1);
        BaseDecoder byPath = BaseDecoder.read(estimator, hadoop, 10);
        assertThat(byPath.isBroadcast()).isFalse();
        BaseDecoder sent = BaseDecoder.read(estimator, hadoop, SentFile.MOST_BYTES);
        assertThat(sent.isBroadcast()).isTrue();
        assertThat(byPath.network().linear("lm_head").weight())
                .isEqualTo(sent.network().linear("lm_head").weight());
        assertThat(sent.decoder().name()).isEqualTo("decoder");

        Path weights = Path.of(base, "model.safetensors");
        Files.move(weights, weights.resolveSibling("model-00001-of-00001.safetensors"));
        String names = sent.network().parameters().stream()
                .map(parameter -> "\"" + parameter.name() + "\": \"FILE\"")
                .collect(Collectors.joining(", "));
        Path index = Path.of(base, "model.safetensors.index.json");
        String json = "{\"weight_map\": {" + names + "}}";
        Files.writeString(index, json.replace("FILE", "model-00001-of-00001.safetensors"));
        BaseDecoder sharded = BaseDecoder.read(estimator, hadoop, SentFile.MOST_BYTES);
        assertThat(sharded.network().linear("lm_head").weight())
                .isEqualTo(sent.network().linear("lm_head").weight());
        LoRACausalLMModel model = estimator.setMaxIter(1).setSaveBase(true).fit(table);
        model.save(folder + "/sharded");
        assertThat(folder.resolve("sharded/base/model-00001-of-00001.safetensors"))
                .exists();

        Files.writeString(index, json.replace("FILE", "../other.safetensors"));
        assertThatThrownBy(() -> BaseDecoder.read(estimator, hadoop, 10))
                .hasMessageContaining("each file must be the name of a .safetensors file in the same folder, found");
    }

    @Test
    void refusesWhatItCannotTrainOn() throws Exception {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator("messages", 2).setTextCol("text").fit(table))
                .withMessageStartingWith("the columns must be those of one form");
        LoRACausalLM byName = estimator("messages", 2);
        byName.clear(byName.messagesCol());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> byName.fit(table.select("id", "tenant")))
                .withMessageStartingWith("the table must have the column 'messages', 'prompt' or 'text', found [id");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> estimator("messages", 2).setMessagesCol("text").fit(table))
                .withMessageContaining("must be an array<struct<role:string,content:string>>, found string");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> estimator("prompt", 2).setCompletionCol("nothing").fit(table))
                .withMessageContaining("completionCol: the table must have the column 'nothing'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator("text", 2).setMaxTokens(65).fit(table))
                .withMessageContaining("maxTokens must be at most the 64 positions of the decoder, found 65");
        assertThatThrownBy(() -> estimator("text", 2)
                        .setBasePath(Phrases.encoder(folder).toString())
                        .fit(table))
                .hasMessageContaining("generation needs a decoder, such as Llama, Qwen or GPT-2, found an encoder");
        Files.delete(Path.of(base, "chat_template.jinja"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator("messages", 2).fit(table))
                .withMessageContaining("must have a chat template, in chat_template.jinja or in tokenizer_config.json");
        assertThat(estimator("prompt", 2).setMaxIter(1).fit(table).adapter()).isNotNull();
    }
}
