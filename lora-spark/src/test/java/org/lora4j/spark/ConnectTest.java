package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.connect.proto.MlCommandResult;
import org.apache.spark.connect.proto.ObjectRef;
import org.apache.spark.connect.proto.Relation;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connect.service.SparkConnectService$;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;

/** The stages at a server of Spark Connect, which creates them by name. */
@EnabledIfSystemProperty(named = "lora4j.spark.connect", matches = "true")
@Tag("slow")
class ConnectTest {
    private static final Map<String, String> SETTINGS = Map.of(
            "spark.plugins", "org.apache.spark.sql.connect.SparkConnectPlugin",
            "spark.connect.grpc.binding.address", "127.0.0.1",
            "spark.connect.grpc.binding.port", "0");

    private static SparkSession session;

    @TempDir
    Path folder;

    private String base;
    private Dataset<Row> table;
    private Relation rows;

    @BeforeAll
    static void start() {
        Sessions.stop();
        SETTINGS.forEach(System::setProperty);
        session = Sessions.local();
    }

    @AfterAll
    static void stop() {
        Sessions.stop();
        SETTINGS.keySet().forEach(System::clearProperty);
    }

    @BeforeEach
    void prepare() {
        base = Digits.base(folder);
        new Digits(60).table(session, 3, 1).write().parquet(path("rows"));
        table = session.read().parquet(path("rows"));
        rows = ConnectClient.parquet(path("rows"));
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private List<Row> written(String name, String... columns) {
        return session.read()
                .parquet(path(name))
                .orderBy("id")
                .selectExpr(columns)
                .collectAsList();
    }

    @Test
    void trainsScoresSavesAndLoadsAsWithoutConnect() {
        Map<String, Object> params =
                Map.of("basePath", base, "idCol", "id", "rank", 2, "learningRate", 0.01, "maxIter", 4, "numWorkers", 2);
        try (ConnectClient client = new ConnectClient(SparkConnectService$.MODULE$.localPort())) {
            ObjectRef model = client.fit(LoRAClassifier.class, params, rows);
            client.write(ConnectClient.transform(model, Map.of(), rows), path("scored"));
            client.save(model, Map.of("saveBase", true), path("model"));
            MlCommandResult.MlOperatorInfo loaded = client.load(LoRAClassificationModel.class, path("model"));
            assertThat(loaded.getParams().getParamsMap()).containsKeys("basePath", "saveBase");
            client.write(ConnectClient.transform(loaded.getObjRef(), Map.of(), rows), path("again"));
        }
        List<Row> expected = new LoRAClassifier()
                .setBasePath(base)
                .setIdCol("id")
                .setRank(2)
                .setLearningRate(0.01)
                .setMaxIter(4)
                .setNumWorkers(2)
                .fit(table)
                .transform(table)
                .orderBy("id")
                .select("id", "rawPrediction", "prediction")
                .collectAsList();
        assertThat(written("scored", "id", "rawPrediction", "prediction"))
                .isEqualTo(expected)
                .hasSize(60);
        assertThat(written("again", "id", "rawPrediction", "prediction")).isEqualTo(expected);
    }

    @Test
    void learnsTagsAsWithoutConnect() {
        String encoder = Phrases.encoder(folder).toString();
        new TaggedPhrases(20).table(session, 2).write().parquet(path("tagged"));
        Dataset<Row> texts = session.read().parquet(path("tagged"));
        Map<String, Object> params =
                Map.of("basePath", encoder, "idCol", "id", "rank", 2, "maxIter", 4, "textCol", "text", "numWorkers", 2);
        Relation tagged = ConnectClient.parquet(path("tagged"));
        try (ConnectClient client = new ConnectClient(SparkConnectService$.MODULE$.localPort())) {
            ObjectRef model = client.fit(LoRATokenClassifier.class, params, tagged);
            client.write(ConnectClient.transform(model, Map.of(), tagged), path("found"));
            client.save(model, Map.of("saveBase", true), path("tagger"));
            MlCommandResult.MlOperatorInfo loaded = client.load(LoRATagger.class, path("tagger"));
            client.write(ConnectClient.transform(loaded.getObjRef(), Map.of(), tagged), path("again"));
        }
        List<Row> expected = new LoRATokenClassifier()
                .setBasePath(encoder)
                .setIdCol("id")
                .setRank(2)
                .setMaxIter(4)
                .setTextCol("text")
                .setNumWorkers(2)
                .fit(texts)
                .transform(texts)
                .orderBy("id")
                .select("id", "spans")
                .collectAsList();
        assertThat(written("found", "id", "spans")).isEqualTo(expected).hasSize(20);
        assertThat(written("again", "id", "spans")).isEqualTo(expected);
    }

    @Test
    void aTransformerTakesTheAdapterOfEachRow() throws IOException {
        LoRAModel tenants = LoRAModel.of(Digits.network());
        for (int i = 0; i < 3; i++) {
            LoRAConfig config =
                    LoRAConfig.builder().rank(2).init(LoRAInit.random()).seed(i).build();
            tenants.add("tenant" + i, config).save(folder.resolve("adapters/tenant" + i));
        }
        Map<String, Object> params = Map.of(
                "basePath",
                base,
                "adapterCol",
                "tenant",
                "adapterFolder",
                path("adapters"),
                "outputType",
                "vector",
                "handleInvalid",
                "keep");
        try (ConnectClient client = new ConnectClient(SparkConnectService$.MODULE$.localPort())) {
            client.write(ConnectClient.transform(LoRATransformer.class, params, rows), path("scored"));
        }
        assertThat(written("scored", "id", "output"))
                .isEqualTo(new LoRATransformer()
                        .setBasePath(base)
                        .setAdapterCol("tenant")
                        .setAdapterFolder(path("adapters"))
                        .setOutputType("vector")
                        .setHandleInvalid("keep")
                        .transform(table)
                        .orderBy("id")
                        .select("id", "output")
                        .collectAsList());
    }

    @Test
    void errorsReachTheClient() {
        try (ConnectClient client = new ConnectClient(SparkConnectService$.MODULE$.localPort())) {
            assertThatThrownBy(() -> client.fit(LoRAClassifier.class, Map.of("idCol", "id"), rows))
                    .hasStackTraceContaining("basePath");
            assertThatThrownBy(() -> client.fit(LoRAClassifier.class, Map.of("rank", 0), rows))
                    .hasStackTraceContaining("rank");
        }
    }
}
