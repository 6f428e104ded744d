package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.text.task.TextTags;

@Tag("slow")
class LoRATaggerTest {
    @TempDir
    private static Path temp;

    private static OneTask tasks;

    @BeforeAll
    static void write() throws IOException {
        tasks = OneTask.write(temp.resolve("tasks"));
    }

    /** The texts, each with a name of an adapter. */
    private static Dataset<Row> table(@Nullable String... adapters) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < OneTask.TEXTS.size(); i++) {
            rows.add(RowFactory.create(i, OneTask.TEXTS.get(i), adapters[i % adapters.length]));
        }
        return table(rows);
    }

    private static Dataset<Row> table(List<Row> rows) {
        StructType schema = new StructType()
                .add("id", DataTypes.IntegerType)
                .add("text", DataTypes.StringType)
                .add("tenant", DataTypes.StringType);
        return Sessions.local().createDataset(rows, Encoders.row(schema)).coalesce(1);
    }

    private static LoRATagger stage(Path model) {
        return new LoRATagger().setBasePath(model.toString());
    }

    private static LoRATagger one(Path model, String adapter) {
        return stage(model)
                .setAdapterPath(tasks.adapters(model).resolve(adapter).toString());
    }

    private static LoRATagger named(Path model) {
        return stage(model)
                .setAdapterCol("tenant")
                .setAdapterFolder(tasks.adapters(model).toString());
    }

    private static List<List<TextTags.Span>> spans(Dataset<Row> tagged) {
        return tagged.orderBy("id").collectAsList().stream()
                .map(row -> row.<Row>getList(row.fieldIndex("spans")).stream()
                        .map(span -> new TextTags.Span(
                                span.getAs("start"),
                                span.getAs("end"),
                                span.getAs("label"),
                                span.<Double>getAs("score"),
                                span.getAs("text")))
                        .toList())
                .toList();
    }

    private static List<List<TextTags.Span>> expected(Path model, String adapter) throws IOException {
        return tasks.tags(model, adapter).stream()
                .map(tags -> tags.inCodePoints().spans())
                .toList();
    }

    @Test
    void spansAreThoseOfTheLibrary() throws IOException {
        for (Path model : List.of(tasks.encoder(), tasks.decoder())) {
            for (String name : OneTask.TAGGERS) {
                List<List<TextTags.Span>> expected = expected(model, name);
                assertThat(expected.stream().mapToInt(List::size).sum()).isPositive();
                assertThat(spans(one(model, name).transform(table("x"))))
                        .as(model + " " + name)
                        .isEqualTo(expected);
            }
        }
    }

    /** Rows of adapters with other tags are computed together. */
    @Test
    void eachRowCanHaveAnAdapterOfItsOwn() throws IOException {
        Path model = tasks.encoder();
        String[] names = OneTask.TAGGERS.toArray(String[]::new);
        List<List<TextTags.Span>> found = spans(named(model).transform(table(names)));
        for (int i = 0; i < found.size(); i++) {
            List<TextTags.Span> expected =
                    expected(model, names[i % names.length]).get(i);
            assertThat(found.get(i))
                    .usingRecursiveComparison()
                    .withComparatorForType(
                            (Double a, Double b) -> Math.abs(a - b) < 1e-5 ? 0 : Double.compare(a, b), Double.class)
                    .isEqualTo(expected);
        }
    }

    @Test
    void aRowThatCannotBeTaggedIsSaid() {
        List<Row> rows = List.of(
                RowFactory.create(0, OneTask.TEXTS.get(0), OneTask.NAMES),
                RowFactory.create(1, null, OneTask.NAMES),
                RowFactory.create(2, "  ", OneTask.NAMES),
                RowFactory.create(3, OneTask.TEXTS.get(0), "missing"),
                RowFactory.create(4, OneTask.TEXTS.get(0), OneTask.TOPICS),
                RowFactory.create(5, OneTask.TEXTS.get(0), null));
        List<Row> found = named(tasks.encoder())
                .setHandleInvalid("keep")
                .transform(table(rows))
                .orderBy("id")
                .collectAsList();
        assertThat(found.get(0).isNullAt(found.get(0).fieldIndex("reason"))).isTrue();
        assertThat(found.subList(1, 6))
                .allSatisfy(
                        row -> assertThat(row.isNullAt(row.fieldIndex("spans"))).isTrue());
        assertThat(found.stream().skip(1).map(row -> row.<String>getAs("reason")))
                .satisfiesExactly(
                        reason -> assertThat(reason).contains("textCol: the texts must not be null"),
                        reason -> assertThat(reason).contains("at least one token"),
                        reason -> assertThat(reason)
                                .contains("must be in adapterFolder")
                                .contains("missing"),
                        reason -> assertThat(reason)
                                .contains(
                                        "the adapter must be one that tags the words of texts, found one that classifies"),
                        reason -> assertThat(reason).contains("each row must name an adapter"));
        assertThatThrownBy(() -> named(tasks.encoder()).transform(table(rows)).collectAsList())
                .hasStackTraceContaining("textCol: the texts must not be null");
    }

    @Test
    void wrongSettingsAreFoundBeforeAJob() {
        Dataset<Row> table = table("x");
        assertThatThrownBy(() -> new LoRATagger().transform(table)).hasMessageStartingWith("basePath must be set");
        assertThatThrownBy(() -> stage(tasks.encoder()).transform(table))
                .hasMessageStartingWith("adapterCol or adapterPath must be set");
        assertThatThrownBy(() ->
                        one(tasks.encoder(), OneTask.NAMES).setTextCol("body").transform(table))
                .hasMessageStartingWith("textCol: the table must have the column 'body'");
        assertThatThrownBy(() ->
                        one(tasks.encoder(), OneTask.NAMES).setSpansCol("text").transform(table))
                .hasMessageStartingWith("spansCol: the table must not have the column 'text' yet");
        assertThatThrownBy(() -> one(tasks.encoder(), OneTask.TOPICS).transform(table))
                .hasMessageStartingWith("adapterPath: ")
                .hasMessageContaining(
                        "the adapter must be one that tags the words of texts, found one that classifies");
        assertThatThrownBy(() -> one(tasks.encoder(), OneTask.NAMES)
                        .setMaxTokens(100_000)
                        .transform(table)
                        .collectAsList())
                .hasStackTraceContaining("100000");
    }

    @Test
    void aSavedTaggerFindsTheSame() throws IOException {
        LoRATagger tagger =
                one(tasks.encoder(), OneTask.PLACES).setSpansCol("spans").setMaxTokens(16);
        Path folder = temp.resolve("tagger");
        tagger.write().overwrite().save(folder.toString());
        LoRATagger loaded = LoRATagger.load(folder.toString());
        assertThat(loaded.uid()).isEqualTo(tagger.uid());
        assertThat(spans(loaded.transform(table("x")))).isEqualTo(spans(tagger.transform(table("x"))));
    }
}
