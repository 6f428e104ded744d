package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.text.task.Embed;

/** A stage gives the answers of the library to adapters of all tasks, to the bit, or refuses them by name. */
@Tag("slow")
class OneTaskTest {
    @TempDir
    private static Path temp;

    private static OneTask tasks;

    @BeforeAll
    static void write() throws IOException {
        tasks = OneTask.write(temp.resolve("tasks"));
    }

    private static Dataset<Row> table() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < OneTask.TEXTS.size(); i++) {
            rows.add(RowFactory.create(i, OneTask.TEXTS.get(i), OneTask.QUERY));
        }
        StructType schema = new StructType()
                .add("id", DataTypes.IntegerType)
                .add("text", DataTypes.StringType)
                .add("query", DataTypes.StringType);
        return Sessions.local().createDataset(rows, Encoders.row(schema)).coalesce(1);
    }

    private static float[][] outputs(LoRATransformer model, Dataset<Row> table) {
        float[][] found = new float[OneTask.TEXTS.size()][];
        for (Row row : model.transform(table).collectAsList()) {
            List<Float> output = row.getList(row.fieldIndex("output"));
            float[] values = new float[output.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = output.get(i);
            }
            found[row.<Integer>getAs("id")] = values;
        }
        return found;
    }

    private static LoRATransformer encoder(String name, String head) {
        return new LoRATransformer()
                .setBasePath(tasks.encoder().toString())
                .setFeaturesCol("text")
                .setEncoderHead(head)
                .setAdapterPath(tasks.encoderAdapters().resolve(name).toString());
    }

    @Test
    void embeddingsAreThoseOfTheLibrary() throws IOException {
        assertThat(outputs(encoder(OneTask.WHOLE, "embedding"), table()))
                .isDeepEqualTo(tasks.embeddings(OneTask.WHOLE, Embed.Kind.TEXT));
        LoRATransformer search = encoder(OneTask.SEARCH, "embedding");
        assertThatThrownBy(() -> search.transform(table()))
                .hasMessageContaining(
                        "search: the adapter must be one for 12 tokens of a text, found 6; set maxTokens");
        search.setMaxTokens(6);
        assertThatThrownBy(() -> search.transform(table()))
                .hasMessageContaining("must be one for whole embeddings, found 3; set dimensions to it");
        search.setDimensions(3);
        assertThatThrownBy(() -> search.transform(table()))
                .hasMessageContaining("must be one for texts with the prompt 'query: ', found 'where '; set prompt");
        search.setPrompt("where ");
        float[][] found = outputs(search, table());
        float[][] expected = tasks.embeddings(OneTask.SEARCH, Embed.Kind.TEXT);
        for (int i = 0; i < found.length; i++) {
            for (int j = 0; j < 3; j++) {
                assertThat(found[i][j]).isCloseTo(expected[i][j], within(1e-6f));
            }
        }
    }

    @Test
    void classesAndScoresAreThoseOfTheLibrary() throws IOException {
        assertThatThrownBy(() -> encoder(OneTask.TOPICS, "embedding").transform(table()))
                .hasMessageContaining(
                        "topics: the adapter must be one for a model with the head embedding, found mean");
        LoRATransformer topics = encoder(OneTask.TOPICS, "meanClassifier").setNumLabels(3);
        assertThatThrownBy(() -> topics.transform(table())).hasMessageContaining("12 tokens of a text, found 7");
        float[][] found = outputs(topics.setMaxTokens(7), table());
        List<Map<String, Double>> expected = tasks.classes(tasks.encoder(), OneTask.TOPICS);
        for (int i = 0; i < found.length; i++) {
            double sum = 0;
            for (float logit : found[i]) {
                sum += Math.exp(logit);
            }
            assertThat(Math.exp(found[i][1]) / sum).isCloseTo(expected.get(i).getOrDefault("b", -1.0), within(1e-6));
        }
    }

    /** Each row names its adapter; one that was trained for other texts spoils its rows only. */
    @Test
    void aRowWhoseAdapterCutsElsewhereIsRefusedByName() {
        Dataset<Row> named = table().withColumn("tenant", functions.expr("if(id = 1, 'search', 'whole')"));
        LoRATransformer model = new LoRATransformer()
                .setBasePath(tasks.encoder().toString())
                .setFeaturesCol("text")
                .setEncoderHead("embedding")
                .setAdapterCol("tenant")
                .setAdapterFolder(tasks.encoderAdapters().toString())
                .setHandleInvalid("keep")
                .setReasonCol("reason");
        List<Row> rows = model.transform(named).orderBy("id").collectAsList();
        assertThat(rows.get(0).<String>getAs("reason")).isNull();
        assertThat(rows.get(1).<String>getAs("reason")).contains("12 tokens of a text, found 6; set maxTokens to it");
        assertThat(rows.get(2).<String>getAs("reason")).isNull();
    }
}
