package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;

/** A transformer as a function of SQL. */
class SqlFunctionTest {
    private final SparkSession spark = Sessions.local();

    @TempDir
    Path folder;

    private Dataset<Row> table;

    @BeforeEach
    void prepare() throws Exception {
        Digits.base(folder);
        LoRAModel model = LoRAModel.of(Digits.network());
        for (int i = 0; i < 3; i++) {
            LoRAConfig config =
                    LoRAConfig.builder().rank(2).init(LoRAInit.random()).seed(i).build();
            model.add("tenant" + i, config).save(folder.resolve("adapters/tenant" + i));
        }
        table = new Digits(40).table(spark, 2, 1);
        table.createOrReplaceTempView("digits");
    }

    private LoRATransformer transformer() {
        return new LoRATransformer()
                .setBasePath(folder.resolve("base.safetensors").toString())
                .setAdapterCol("tenant")
                .setAdapterFolder(folder.resolve("adapters").toString());
    }

    private List<Row> sql(String expression) {
        return spark.sql("SELECT id, " + expression + " FROM digits ORDER BY id")
                .collectAsList();
    }

    private List<Row> scored(LoRATransformer transformer) {
        return transformer.transform(table).orderBy("id").select("id", "output").collectAsList();
    }

    /** One row alone and many together differ in rounding. */
    private static void assertClose(List<Row> actual, List<Row> expected) {
        assertThat(actual).hasSize(40);
        for (int i = 0; i < actual.size(); i++) {
            assertThat(actual.get(i).getLong(0)).isEqualTo(expected.get(i).getLong(0));
            List<Float> found = actual.get(i).getList(1);
            List<Float> wanted = expected.get(i).getList(1);
            assertThat(found)
                    .usingElementComparator((a, b) -> Math.abs(a - b) < 1e-5 ? 0 : 1)
                    .isEqualTo(wanted);
        }
    }

    @Test
    void computesWhatTheTransformerComputes() {
        LoRAFunctions.register(spark, "lora_score", transformer());
        List<Row> expected = scored(transformer());
        assertClose(sql("lora_score(features, tenant)"), expected);
        assertClose(sql("lora_score(array, tenant)"), expected);
    }

    @Test
    @Tag("slow")
    void takesOneArgumentIfThereIsOneAdapter() {
        LoRATransformer trained = new LoRAEstimator()
                .setBasePath(folder.resolve("base.safetensors").toString())
                .setIdCol("id")
                .setNumWorkers(2)
                .fit(table);
        LoRAFunctions.register(spark, "lora_own", trained);
        assertClose(sql("lora_own(array)"), scored(trained));
        LoRAFunctions.register(spark, "lora_own", trained.setOutputType("vector"));
        assertThat(sql("lora_own(array)")).isEqualTo(scored(trained.setBatchSize(1)));
    }

    @Test
    void anAdapterThatCannotBeUsedFailsOrGivesNull() {
        LoRAFunctions.register(spark, "lora_strict", transformer());
        assertThatThrownBy(() -> sql("lora_strict(features, 'nobody')")).hasStackTraceContaining("nobody");
        LoRAFunctions.register(spark, "lora_lenient", transformer().setHandleInvalid("keep"));
        assertThat(sql("lora_lenient(features, if(id = 3, 'nobody', tenant))").stream()
                        .filter(row -> row.isNullAt(1))
                        .map(row -> row.getLong(0)))
                .containsExactly(3L);
    }

    @Test
    void refusesATransformerWithoutAdapters() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAFunctions.register(
                        spark,
                        "f",
                        new LoRATransformer()
                                .setBasePath(folder.resolve("base.safetensors").toString())))
                .withMessageStartingWith(
                        "adapterCol or adapterPath must be set if the transformer has no adapter of its own");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> LoRAFunctions.register(spark, "f", transformer().setMaskCol("mask")))
                .withMessageStartingWith("maskCol must not be set for a function");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAFunctions.register(
                        spark,
                        "f",
                        new LoRATransformer().setAdapterCol("tenant").setAdapterFolder("x")))
                .withMessageStartingWith("basePath must be set");
    }
}
