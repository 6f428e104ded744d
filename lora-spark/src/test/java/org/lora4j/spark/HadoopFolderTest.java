package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.Network;

/** Bases, adapters and checkpoints on a file system that only Hadoop knows. */
@Tag("slow")
class HadoopFolderTest {
    private static final String FILE_SYSTEM = "fs.share.impl";

    private final SparkSession spark = Sessions.local();
    private final Digits digits = new Digits(60);

    @TempDir
    Path folder;

    private String share;
    private Dataset<Row> table;

    /** The files of this machine under another scheme. */
    public static final class Share extends RawLocalFileSystem {
        private static final URI ROOT = URI.create("share:///");

        @Override
        public URI getUri() {
            return ROOT;
        }

        @Override
        public void initialize(URI uri, Configuration settings) throws java.io.IOException {
            super.initialize(ROOT, settings);
            setConf(settings);
        }
    }

    @BeforeAll
    static void register() {
        Sessions.local().sparkContext().hadoopConfiguration().set(FILE_SYSTEM, Share.class.getName());
    }

    @AfterAll
    static void unregister() {
        Sessions.local().sparkContext().hadoopConfiguration().unset(FILE_SYSTEM);
    }

    @BeforeEach
    void save() throws Exception {
        share = "share://" + folder;
        Digits.base(folder);
        LoRAModel model = LoRAModel.of(Digits.network());
        for (int i = 0; i < 3; i++) {
            LoRAConfig config =
                    LoRAConfig.builder().rank(2).init(LoRAInit.random()).seed(i).build();
            model.add("tenant" + i, config).save(folder.resolve("adapters/tenant" + i));
        }
        table = digits.table(spark, 2, 1);
    }

    private LoRATransformer transformer(String root) {
        return new LoRATransformer()
                .setBasePath(root + "/base.safetensors")
                .setAdapterCol("tenant")
                .setAdapterFolder(root + "/adapters");
    }

    private static List<Row> rows(Dataset<Row> scored) {
        return scored.orderBy("id").select("output").collectAsList();
    }

    @Test
    void scoresWithAdaptersOfAnyFileSystem() {
        List<Row> expected = rows(transformer(folder.toString()).transform(table));
        assertThat(rows(transformer(share).transform(table))).isEqualTo(expected);
        assertThat(rows(transformer("file://" + folder).transform(table))).isEqualTo(expected);
    }

    @Test
    void tellsOfAdaptersThatAreNotThereOrDamaged() throws Exception {
        Path broken = Files.createDirectories(folder.resolve("adapters/broken"));
        Files.writeString(broken.resolve("adapter_config.json"), "{");
        Files.writeString(broken.resolve("adapter_model.safetensors"), "");
        Dataset<Row> bad = table.withColumn(
                "tenant",
                functions.expr(
                        "case id when 0 then 'nobody' when 1 then 'broken' when 2 then '../base' else tenant end"));
        List<Row> reasons = transformer(share)
                .setHandleInvalid("keep")
                .transform(bad)
                .orderBy("id")
                .select("reason")
                .collectAsList();
        assertThat(reasons.get(0).getString(0))
                .contains("must have a folder with adapter_config.json and adapter_model.safetensors, found none")
                .contains("adapters/nobody");
        assertThat(reasons.get(1).getString(0)).contains("broken");
        assertThat(reasons.get(2).getString(0)).contains("../base");
        assertThat(reasons.get(3).isNullAt(0)).isTrue();
        assertThatThrownBy(() -> transformer("nowhere://x").transform(table).collectAsList())
                .hasMessageContaining("basePath: nowhere://x/base.safetensors must be");
    }

    @Test
    void checksFingerprintsThere() throws Exception {
        Network.builder(Digits.IN)
                .linear("first", 16)
                .relu()
                .linear("second", Digits.OUT)
                .build(99)
                .save(folder.resolve("base.safetensors"));
        assertThat(rows(transformer(share).setFingerprintCheck("ignore").transform(table)))
                .hasSize(60);
        assertThatThrownBy(() ->
                        rows(transformer(share).setFingerprintCheck("require").transform(table)))
                .hasMessageContaining("the base must be the one the adapter was saved with");
    }

    @Test
    void trainsAndSavesThere() throws Exception {
        LoRAEstimator estimator = new LoRAEstimator()
                .setBasePath(share + "/base.safetensors")
                .setIdCol("id")
                .setBatchSize(20)
                .setNumWorkers(2)
                .setCheckpointPath(share + "/states")
                .setCheckpointInterval(1);
        LoRATransformer model = estimator.fit(table);
        model.save(share + "/model");
        assertThat(LoRATransformer.load(share + "/model").adapter()).isEqualTo(model.adapter());
        assertThat(folder.resolve("model/adapter/adapter_model.safetensors")).exists();
        assertThat(folder.resolve("states")).isDirectory();
    }

    @Test
    void readsAnEncoderThere() {
        Phrases phrases = new Phrases(20);
        Path encoder = Phrases.encoder(folder);
        LoRAEstimator estimator = new LoRAEstimator()
                .setBasePath("share://" + encoder)
                .setFeaturesCol("text")
                .setNumLabels(Phrases.CLASSES)
                .setIdCol("id")
                .setBatchSize(10)
                .setNumWorkers(2);
        Dataset<Row> texts = phrases.table(spark, 2);
        assertThat(estimator.fit(texts).adapter())
                .isEqualTo(estimator.setBasePath(encoder.toString()).fit(texts).adapter());
    }
}
