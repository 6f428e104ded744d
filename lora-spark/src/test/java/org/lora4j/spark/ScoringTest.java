package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Tables whose rows have an adapter each. */
@Tag("slow")
class ScoringTest {
    private static final int ROWS = 90;
    private static final List<String> TENANTS = List.of("tenant0", "tenant1", "tenant2");

    private final Digits digits = new Digits(ROWS);
    private final Network network = Digits.network();
    private final LoRAModel model = LoRAModel.of(network);

    @TempDir
    Path folder;

    private String base;
    private Dataset<Row> table;

    @BeforeEach
    void saveAdapters() throws Exception {
        base = Digits.base(folder);
        for (int i = 0; i < TENANTS.size(); i++) {
            LoRAConfig config = LoRAConfig.builder()
                    .rank(i + 1)
                    .init(LoRAInit.random())
                    .dora(i == 2)
                    .seed(i)
                    .build();
            model.add(TENANTS.get(i), config).save(folder.resolve("adapters").resolve(TENANTS.get(i)));
        }
        table = digits.table(Sessions.local(), 3, 1);
    }

    private LoRATransformer transformer() {
        return new LoRATransformer()
                .setBasePath(base)
                .setAdapterCol("tenant")
                .setAdapterFolder(folder.resolve("adapters").toString());
    }

    private float[] expected(int id, String adapter) {
        INDArray x = Nd4j.createFromArray(new float[][] {digits.features()[id]});
        INDArray y =
                adapter == null ? model.base().predict(x) : model.using(adapter).predict(x);
        return y.dup('c').data().asFloat();
    }

    private static float[] floats(Row row, String column) {
        List<Float> list = row.getList(row.fieldIndex(column));
        float[] values = new float[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = list.get(i);
        }
        return values;
    }

    private static void assertClose(float[] actual, float[] expected) {
        assertThat(actual).usingComparatorWithPrecision(1e-5f).containsExactly(expected);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 512})
    void computesEachRowWithItsAdapter(int batchSize) {
        Dataset<Row> scored = transformer().setBatchSize(batchSize).transform(table);
        List<Row> rows = scored.collectAsList();
        assertThat(rows).hasSize(ROWS);
        assertThat(scored.schema()).isEqualTo(transformer().transformSchema(table.schema()));
        for (Row row : rows) {
            int id = (int) row.getLong(0);
            assertClose(floats(row, "output"), expected(id, row.getAs("tenant")));
        }
    }

    @Test
    void nullStandsForTheBase() {
        Dataset<Row> some = table.filter("id < 9").withColumn("tenant", functions.expr("if(id % 2 = 0, null, tenant)"));
        List<Row> rows = transformer().transform(some).collectAsList();
        assertThat(rows).hasSize(9);
        for (Row row : rows) {
            assertClose(floats(row, "output"), expected((int) row.getLong(0), row.getAs("tenant")));
        }
    }

    private LoRATransformer withOneAdapter() {
        return new LoRATransformer()
                .setBasePath(base)
                .setAdapterPath(folder.resolve("adapters/tenant1").toString());
    }

    @Test
    void allRowsHaveTheAdapterOfAFolder() throws Exception {
        LoRATransformer transformer = withOneAdapter();
        List<Row> rows = transformer.transform(table).collectAsList();
        assertThat(rows).hasSize(ROWS);
        for (Row row : rows) {
            assertClose(floats(row, "output"), expected((int) row.getLong(0), "tenant1"));
        }
        String saved = folder.resolve("saved").toString();
        transformer.write().save(saved);
        assertThat(LoRATransformer.load(saved).transform(table).collectAsList()).isEqualTo(rows);
    }

    @Test
    void aFolderWithoutAnAdapterIsRefusedBeforeTheJob() throws Exception {
        String none = folder.resolve("none").toString();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> withOneAdapter().setAdapterPath(none).transform(table))
                .withMessageStartingWith("adapterPath must be the folder of an adapter in PEFT's form, found " + none
                        + ": the adapter must have a folder with adapter_config.json and adapter_model.safetensors,"
                        + " found none: ");
        Files.writeString(folder.resolve("adapters/tenant1/adapter_config.json"), "{");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> withOneAdapter().transform(table))
                .withMessageContaining("found " + folder.resolve("adapters/tenant1") + ": ")
                .withMessageContaining("adapter_config.json");
    }

    @Test
    void keepsFewAdaptersIfBytesAreFew() {
        List<Row> rows = transformer()
                .setMaxAdapterBytes(0)
                .setBatchSize(2)
                .transform(table)
                .collectAsList();
        assertThat(rows).hasSize(ROWS);
        for (Row row : rows) {
            assertClose(floats(row, "output"), expected((int) row.getLong(0), row.getAs("tenant")));
        }
    }

    @Test
    void vectorsAreTheOutputIfAskedFor() {
        Row row = transformer()
                .setOutputType("vector")
                .transform(table)
                .filter("id = 4")
                .first();
        Vector vector = row.getAs("output");
        assertThat((float) vector.apply(2)).isCloseTo(expected(4, "tenant1")[2], Offset.offset(1e-5f));
    }

    private Dataset<Row> withBadAdapters() throws Exception {
        Path broken = Files.createDirectories(folder.resolve("adapters").resolve("broken"));
        Files.writeString(broken.resolve("adapter_config.json"), "{");
        Files.writeString(broken.resolve("adapter_model.safetensors"), "");
        return table.withColumn(
                "tenant", functions.expr("case id % 5 when 0 then 'nobody' when 1 then 'broken' else tenant end"));
    }

    @Test
    void anAdapterThatCannotBeUsedEndsTheJob() throws Exception {
        Dataset<Row> bad = withBadAdapters();
        assertThatThrownBy(
                        () -> transformer().transform(bad.filter("id % 5 != 1")).collectAsList())
                .hasMessageContaining("adapterCol: the adapter of each row must be in adapterFolder, found:")
                .hasMessageContaining("nobody");
    }

    @Test
    void anAdapterThatCannotBeUsedGivesNullAndAReason() throws Exception {
        LoRATransformer transformer = transformer().setHandleInvalid("keep");
        Dataset<Row> scored = transformer.transform(withBadAdapters());
        assertThat(scored.schema()).isEqualTo(transformer.transformSchema(table.schema()));
        List<Row> rows = scored.collectAsList();
        assertThat(rows).hasSize(ROWS);
        for (Row row : rows) {
            int id = (int) row.getLong(0);
            if (id % 5 > 1) {
                assertClose(floats(row, "output"), expected(id, row.getAs("tenant")));
                assertThat(row.<String>getAs("reason")).isNull();
            } else {
                assertThat(row.<Object>getAs("output")).isNull();
                assertThat(row.<Object>getAs("prediction")).isNull();
                assertThat(row.<String>getAs("reason")).contains(id % 5 == 0 ? "nobody" : "broken");
            }
        }
    }

    @Test
    void refusesAdaptersOfAnotherBaseIfAskedTo() throws Exception {
        Network.builder(Digits.IN)
                .linear("first", 16)
                .relu()
                .linear("second", Digits.OUT)
                .build(99)
                .save(Path.of(base));
        assertThatThrownBy(() -> transformer()
                        .setFingerprintCheck("require")
                        .transform(table)
                        .collectAsList())
                .hasMessageContaining("tenant");
    }

    @Test
    void refusesTablesAndParametersThatDoNotFit() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> transformer().setAdapterCol("id").transform(table))
                .withMessage("adapterCol: the column 'id' must be a string, found bigint");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoRATransformer()
                        .setBasePath(base)
                        .setAdapterCol("tenant")
                        .transform(table))
                .withMessageStartingWith("adapterFolder must be set if adapterCol is, found none");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> withOneAdapter().setAdapterCol("tenant").transform(table))
                .withMessageStartingWith("adapterPath must not be set if adapterCol is, found '")
                .withMessageEndingWith("'; clear one of the two");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoRATransformer().setBasePath(base).transform(table))
                .withMessageStartingWith(
                        "adapterCol or adapterPath must be set if the transformer has no adapter of its own");
    }
}
