package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.Patience;
import org.lora4j.nn.Network;
import org.lora4j.spark.internal.param.OptimizerName;
import org.lora4j.text.DecoderFolder;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** Executors that are processes of their own, one of which is killed in the middle of a training. */
@Tag("slow")
class ClusterTest {
    private static final int EPOCHS = 15;

    private final Digits digits = new Digits(170);

    @TempDir
    Path folder;

    @AfterAll
    static void endProcesses() {
        Sessions.stop();
    }

    private LoRAEstimator estimator() {
        return new LoRAEstimator()
                .setBasePath(Digits.base(folder))
                .setIdCol("id")
                .setRank(2)
                .setDropout(0.2)
                .setBatchSize(40)
                .setEpochs(EPOCHS)
                .setLearningRate(0.01)
                .setNumWorkers(4);
    }

    /** The processes that run tasks, when both have started. */
    private static Set<Long> executors(SparkSession session) throws InterruptedException {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        List<Integer> many = IntStream.range(0, 20).boxed().toList();
        Set<Long> found = new HashSet<>();
        Patience.await(() -> {
            found.addAll(spark.parallelize(many, 20)
                    .map(i -> {
                        Thread.sleep(20);
                        return ProcessHandle.current().pid();
                    })
                    .collect());
            return found.size() >= 2;
        });
        return found;
    }

    @Test
    void anExecutorThatIsKilledChangesNoBit() throws Exception {
        SparkSession session = Sessions.cluster();
        Set<Long> executors = executors(session);
        assertThat(executors).hasSize(2).doesNotContain(ProcessHandle.current().pid());
        Dataset<Row> table = digits.table(session, 3, 1);

        LoRAAdapter undisturbed = estimator().fit(table).adapter();
        LoRAAdapter disturbed = estimator()
                .setListener(round -> {
                    if (round.iteration() == 20) {
                        killSoon(executors.iterator().next());
                    }
                })
                .fit(table)
                .adapter();
        assertThat(disturbed).isEqualTo(undisturbed);
        assertThat(ProcessHandle.of(executors.iterator().next())).isEmpty();

        AdapterView view = LoRAModel.of(Digits.network())
                .add("a", LoRAConfig.builder().rank(2).dropout(0.2).build());
        Trainer.builder(view)
                .updater(OptimizerName.ADAM.updater(0.01, 0))
                .epochs(EPOCHS)
                .build()
                .fit(digits.batches(40, DataType.FLOAT));
        assertThat(Adapters.difference(disturbed, view.adapter())).isLessThan(1e-6);
        scoresInTheExecutors(table);
    }

    @Test
    void encodersTrainInTheExecutors() {
        Phrases phrases = new Phrases(40);
        Path encoder = Phrases.encoder(folder);
        LoRATransformer trained = new LoRAEstimator()
                .setBasePath(encoder.toString())
                .setFeaturesCol("text")
                .setNumLabels(Phrases.CLASSES)
                .setIdCol("id")
                .setBatchSize(16)
                .setEpochs(4)
                .setNumWorkers(3)
                .fit(phrases.table(Sessions.cluster(), 2));
        AdapterView view = LoRAModel.of(Phrases.load(encoder).classifier(Phrases.CLASSES, 0))
                .add("a", LoRAConfig.builder().modulesToSave("classifier").build());
        Trainer.builder(view)
                .updater(OptimizerName.ADAM.updater(1e-3, 0))
                .epochs(4)
                .build()
                .fit(phrases.batches(16));
        assertThat(Adapters.difference(trained.adapter(), view.adapter())).isLessThan(1e-6);
        assertThat(trained.transform(phrases.table(Sessions.cluster(), 2))
                        .filter("size(output) = 3")
                        .count())
                .isEqualTo(40);
    }

    @Test
    void aLanguageModelKeepsItsBitsToo() throws Exception {
        SparkSession session = Sessions.cluster();
        Chats chats = new Chats(40);
        LoRACausalLM estimator = new LoRACausalLM()
                .setBasePath(Chats.decoder(folder).toString())
                .setIdCol("id")
                .setDropout(0.1)
                .setBatchSize(10)
                .setMaxIter(24)
                .setLearningRate(0.002)
                .setNumWorkers(3);
        Set<Long> executors = executors(session);
        Dataset<Row> table = chats.table(session, 3);
        LoRAAdapter ofMessages = estimator.fit(table).adapter();
        for (Dataset<Row> form : List.of(table, table.select("id", "text"))) {
            long victim = executors(session).iterator().next();
            LoRAAdapter undisturbed =
                    form == table ? ofMessages : estimator.fit(form).adapter();
            LoRACausalLMModel disturbed = estimator
                    .copy(ParamMap.empty())
                    .setListener(round -> {
                        if (round.iteration() == 10) {
                            killSoon(victim);
                        }
                    })
                    .fit(form);
            assertThat(disturbed.adapter()).isEqualTo(undisturbed);
            assertThat(ProcessHandle.of(victim)).isEmpty();
            if (form == table) {
                assertThat(disturbed.transform(table).filter("perplexity > 1").count())
                        .isEqualTo(40);
            }
        }
        assertThat(executors).hasSize(2);
        try (DecoderFolder decoder = DecoderFolder.open(folder.resolve("decoder"))) {
            AdapterView view = LoRAModel.of(decoder.network())
                    .add("a", LoRAConfig.builder().dropout(0.1).build());
            Trainer.builder(view)
                    .loss(Loss.nextToken())
                    .updater(OptimizerName.ADAMW.updater(0.002, 0.01))
                    .maxIterations(24)
                    .build()
                    .fit(Chats.batches(chats.examples(decoder.tokens(), "messages"), 10));
            assertThat(Adapters.difference(ofMessages, view.adapter())).isLessThan(1e-5);
        }
    }

    /** Kills a process while the next round runs. */
    private static void killSoon(long pid) {
        Thread killer = new Thread(() -> {
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();
        });
        killer.start();
    }

    private void scoresInTheExecutors(Dataset<Row> table) {
        LoRAModel model = LoRAModel.of(Digits.network());
        for (int i = 0; i < 3; i++) {
            LoRAConfig config =
                    LoRAConfig.builder().rank(2).init(LoRAInit.random()).seed(i).build();
            save(model.add("tenant" + i, config), folder.resolve("adapters/tenant" + i));
        }
        LoRATransformer transformer = new LoRATransformer()
                .setBasePath(Digits.base(folder))
                .setAdapterCol("tenant")
                .setAdapterFolder(folder.resolve("adapters").toString());
        List<Row> rows = transformer.transform(table).orderBy("id").collectAsList();
        assertThat(rows).hasSize(170);
        Network merged = model.merge("tenant1");
        float[] expected = merged.predict(Nd4j.createFromArray(new float[][] {digits.features()[4]}))
                .dup('c')
                .data()
                .asFloat();
        List<Float> found = rows.get(4).getList(rows.get(4).fieldIndex("output"));
        for (int i = 0; i < expected.length; i++) {
            assertThat(found.get(i)).isCloseTo(expected[i], Offset.offset(1e-5f));
        }
    }

    private static void save(AdapterView view, Path folder) {
        try {
            view.save(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
