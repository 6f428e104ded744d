package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelFiles;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.spark.internal.base.StoredBase;
import org.lora4j.text.EncoderFolder;

/** A folder with every file that decides about embeddings. */
@Tag("slow")
class OneFolderTest {
    @TempDir
    Path temporary;

    private Path folder;
    private final Map<String, int[]> texts = new LinkedHashMap<>();

    @BeforeEach
    void writeEveryFile() throws IOException, URISyntaxException {
        folder = temporary.resolve("encoder");
        copy("/golden/encoder_forward");
        copy("/folders/encoder");
        try (InputStream in = Objects.requireNonNull(getClass().getResourceAsStream("/folders/texts.json"))) {
            ObjectMapper mapper = new ObjectMapper();
            mapper.readTree(in)
                    .properties()
                    .forEach(text -> texts.put(text.getKey(), mapper.convertValue(text.getValue(), int[].class)));
        }
    }

    private void copy(String resource) throws IOException, URISyntaxException {
        Path from =
                Path.of(Objects.requireNonNull(getClass().getResource(resource)).toURI());
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = folder.resolve(from.relativize(file).toString());
                Files.createDirectories(Objects.requireNonNull(target.getParent()));
                Files.copy(file, target);
            }
        }
    }

    /** What the core computes for the tokens, which were written by hand. */
    private float[][] expected() throws IOException {
        return PretrainedModel.load(folder)
                .sentenceEmbeddings()
                .predict(Sequences.of(texts.values().toArray(int[][]::new)))
                .toFloatMatrix();
    }

    private List<String> texts() {
        return List.copyOf(texts.keySet());
    }

    private Dataset<Row> table() {
        return Sessions.local()
                .createDataset(texts(), Encoders.STRING())
                .toDF("text")
                .withColumn("tenant", functions.lit(null).cast("string"))
                .coalesce(1);
    }

    private float[][] found(LoRATransformer model) {
        List<Row> rows = model.transform(table()).collectAsList();
        float[][] found = new float[texts.size()][];
        for (Row row : rows) {
            List<Float> output = row.getList(row.fieldIndex("output"));
            float[] values = new float[output.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = output.get(i);
            }
            found[texts().indexOf(row.<String>getAs("text"))] = values;
        }
        return found;
    }

    @Test
    void computesTheBitsOfTheCore() throws IOException {
        LoRATransformer model = new LoRATransformer()
                .setBasePath(folder.toString())
                .setFeaturesCol("text")
                .setEncoderHead("embedding")
                .setAdapterCol("tenant")
                .setAdapterFolder(temporary.toString());
        assertThat(found(model)).isDeepEqualTo(expected());
    }

    @Test
    void aCopyOfTheBaseHasEveryFile() throws Exception {
        Path copy = temporary.resolve("copy");
        String forTools = "additional_chat_templates/tool_use.jinja";
        Files.createDirectory(folder.resolve("additional_chat_templates"));
        Files.writeString(folder.resolve(forTools), "{{ tools }}");
        StoredBase.copy(
                folder.toString(),
                copy.toString(),
                Sessions.local().sessionState().newHadoopConf());
        assertThat(ModelFiles.settings(ModelSource.of(copy.resolve("base"))))
                .isEqualTo(ModelFiles.settings(ModelSource.of(folder)))
                .contains(
                        "sentence_bert_config.json",
                        "config_sentence_transformers.json",
                        "tokenizer_config.json",
                        forTools);
        try (EncoderFolder encoder = EncoderFolder.open(copy.resolve("base"))) {
            assertThat(encoder.sentenceEmbeddings()
                            .predict(encoder.tokens(texts()))
                            .toFloatMatrix())
                    .isDeepEqualTo(expected());
        }
    }
}
