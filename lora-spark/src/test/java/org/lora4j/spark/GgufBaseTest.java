package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;

/** GGUF files as bases. */
@Tag("slow")
class GgufBaseTest {
    private static final List<String> TEXTS =
            List.of("Congress shall make no law", "The United States of America", "Congress shall", "We the People");

    @TempDir
    Path folder;

    private static Path file(String name) {
        try {
            return Path.of(Objects.requireNonNull(GgufBaseTest.class.getResource("/gguf/base/" + name + "/model.gguf"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Dataset<Row> table() {
        return Sessions.local()
                .createDataset(TEXTS, Encoders.STRING())
                .toDF("text")
                .withColumn("tenant", functions.lit(null).cast("string"))
                .withColumn("id", functions.xxhash64(functions.col("text")))
                .repartition(2);
    }

    @Test
    void embedsTexts() throws IOException {
        Path file = file("bert_q4_0");
        LoRATransformer model = new LoRATransformer()
                .setBasePath(file.toString())
                .setFeaturesCol("text")
                .setEncoderHead("embedding")
                .setAdapterCol("tenant")
                .setAdapterFolder(folder.toString());
        try (EncoderFolder encoder = EncoderFolder.open(file)) {
            List<Row> rows = model.transform(table()).collectAsList();
            assertThat(rows).hasSize(TEXTS.size());
            for (Row row : rows) {
                float[] expected = encoder.sentenceEmbeddings()
                        .predict(encoder.tokens(List.of(row.<String>getAs("text"))))
                        .toFloatVector();
                List<Float> found = row.getList(row.fieldIndex("output"));
                assertThat(found).hasSize(expected.length);
                for (int i = 0; i < expected.length; i++) {
                    assertThat(Math.abs(found.get(i) - expected[i])).isLessThan(1e-5f);
                }
            }
        }
    }

    @Test
    void trainsAndContinuesTextsAlsoWithACopyOfTheFile() throws Exception {
        Path file = Files.copy(file("llama_q8_0"), folder.resolve("model.gguf"));
        LoRACausalLMModel model = new LoRACausalLM()
                .setBasePath(file.toString())
                .setTextCol("text")
                .setIdCol("id")
                .setRank(2)
                .setTargetModules("q_proj", "v_proj")
                .setBatchSize(2)
                .setEpochs(2)
                .setLearningRate(0.05)
                .setMaxTokens(16)
                .setNumWorkers(2)
                .setSaveBase(true)
                .fit(table());
        model.save(folder.resolve("saved").toString());
        Files.delete(file);
        LoRACausalLMModel loaded =
                LoRACausalLMModel.load(folder.resolve("saved").toString());
        Dataset<Row> answered = loaded.setTask("generate").setMaxNewTokens(6).transform(table());
        try (DecoderFolder decoder = DecoderFolder.open(file("llama_q8_0"))) {
            LoRAModel adapted = LoRAModel.of(decoder.network());
            adapted.add("a", model.adapter());
            int[] ends = decoder.endIds().stream().mapToInt(Integer::intValue).toArray();
            List<Row> rows = answered.collectAsList();
            assertThat(rows).hasSize(TEXTS.size());
            for (Row row : rows) {
                int[] prompt =
                        decoder.tokenizer().encode(row.<String>getAs("text")).ids();
                int[] ids = Generator.of(adapted.using("a"))
                        .generate(
                                prompt,
                                GenerationOptions.greedy().withMaxTokens(6).withStopIds(ends))
                        .ids();
                assertThat(row.<String>getAs("generated"))
                        .isEqualTo(decoder.tokenizer().decode(ids));
            }
        }
    }

    @Test
    void refusesADamagedFile() throws IOException {
        Path file = Files.write(folder.resolve("broken.gguf"), new byte[] {'G', 'G', 'U', 'F', 9, 0, 0, 0});
        assertThatThrownBy(() -> new LoRATransformer()
                        .setBasePath(file.toString())
                        .setFeaturesCol("text")
                        .setEncoderHead("embedding")
                        .setAdapterCol("tenant")
                        .setAdapterFolder(folder.toString())
                        .transform(table()))
                .hasStackTraceContaining("the version must be 2 or 3, found 9");
    }
}
