package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.fixtures.KnownAdapter;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.spark.internal.base.StoredBase;
import org.lora4j.text.EncoderFolder;

/** A folder with every file that decides about embeddings. */
@Tag("slow")
class OneFolderTest {
    @TempDir
    Path temporary;

    private CompleteEncoder complete;

    @BeforeEach
    void writeEveryFile() throws IOException {
        complete = CompleteEncoder.write(temporary.resolve("encoder"));
    }

    private Dataset<Row> table() {
        return Sessions.local()
                .createDataset(complete.texts(), Encoders.STRING())
                .toDF("text")
                .withColumn("tenant", functions.lit(null).cast("string"))
                .coalesce(1);
    }

    private float[][] found(LoRATransformer model) {
        return found(model, table());
    }

    private float[][] found(LoRATransformer model, Dataset<Row> table) {
        List<Row> rows = model.transform(table).collectAsList();
        float[][] found = new float[complete.texts().size()][];
        for (Row row : rows) {
            List<Float> output = row.getList(row.fieldIndex("output"));
            float[] values = new float[output.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = output.get(i);
            }
            found[complete.texts().indexOf(row.<String>getAs("text"))] = values;
        }
        return found;
    }

    @Test
    void computesTheBitsOfTheCore() throws IOException {
        LoRATransformer model = new LoRATransformer()
                .setBasePath(complete.folder().toString())
                .setFeaturesCol("text")
                .setEncoderHead("embedding")
                .setAdapterCol("tenant")
                .setAdapterFolder(temporary.toString());
        assertThat(found(model)).isDeepEqualTo(complete.embeddings());
    }

    @Test
    void aRowWithAnAdapterHasTheOutputOfTheModelWithTheUpdateInItsWeight() throws IOException {
        Path adapters = temporary.resolve("adapters");
        KnownAdapter known = KnownAdapter.write(
                complete.folder(), adapters.resolve("known"), temporary.resolve("changed"), "attention.self.query", 1);
        LoRATransformer model = new LoRATransformer()
                .setBasePath(complete.folder().toString())
                .setFeaturesCol("text")
                .setEncoderHead("embedding")
                .setAdapterCol("tenant")
                .setAdapterFolder(adapters.toString());
        float[][] expected = new CompleteEncoder(known.changed(), complete.tokens()).embeddings();
        float[][] base = complete.embeddings();
        String first = complete.texts().get(0);
        // One batch has rows with the adapter, and one without.
        Dataset<Row> mixed = table().withColumn(
                        "tenant",
                        functions
                                .when(functions.col("text").equalTo(first), functions.lit(null))
                                .otherwise(functions.lit("known")));
        float[][] found = found(model, mixed);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).containsExactly(i == 0 ? base[i] : expected[i], offset(1e-5f));
        }
        assertThat(expected[1][0]).isNotCloseTo(base[1][0], offset(1e-4f));
    }

    @Test
    void aCopyOfTheBaseHasEveryFile() throws Exception {
        Path copy = temporary.resolve("copy");
        String forTools = "additional_chat_templates/tool_use.jinja";
        Files.createDirectory(complete.folder().resolve("additional_chat_templates"));
        Files.writeString(complete.folder().resolve(forTools), "{{ tools }}");
        StoredBase.copy(
                complete.folder().toString(),
                copy.toString(),
                Sessions.local().sessionState().newHadoopConf());
        assertThat(PretrainedModel.settingFiles(ModelSource.of(copy.resolve("base"))))
                .isEqualTo(PretrainedModel.settingFiles(ModelSource.of(complete.folder())))
                .contains(
                        "sentence_bert_config.json",
                        "config_sentence_transformers.json",
                        "tokenizer_config.json",
                        forTools);
        try (EncoderFolder encoder = EncoderFolder.open(copy.resolve("base"))) {
            assertThat(encoder.sentenceEmbeddings()
                            .predict(encoder.tokens(complete.texts()))
                            .toFloatMatrix())
                    .isDeepEqualTo(complete.embeddings());
        }
    }
}
