package org.lora4j.samediff;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.Pointer;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.train.Batch;
import org.lora4j.train.Trainer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Measures the training of an adapter on a graph, and on a network of this library: the CPU time of a step, the peak of the
 * resident memory as the system counts it, and the most after steps as JavaCPP counts it, which limits it. Weights and data are random. See
 * {@code src/bench/samediff}.
 */
final class GraphBenchmark {
    private static final String CONFIG = """
            {"model_type": "bert", "hidden_act": "gelu", "hidden_size": 384, "intermediate_size": 1536,
             "num_attention_heads": 12, "num_hidden_layers": 6, "max_position_embeddings": 512, "type_vocab_size": 2,
             "vocab_size": 30522, "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0,
             "pad_token_id": 0, "id2label": {"0": "a", "1": "b", "2": "c"}, "label2id": {"a": 0, "b": 1, "c": 2}}
            """;

    private static final int BLOCKS = 5;
    private static final int STEPS = 4;
    private static final int TEXTS = 8;
    private static final int TOKENS = 64;
    private static final int CLASSES = 3;

    private final SplittableRandom random = new SplittableRandom(1);
    private long mostAfterSteps;

    private GraphBenchmark() {}

    private interface Steps {
        void run(int count);
    }

    public static void main(String[] args) throws IOException {
        if (args.length != 1) {
            throw new IllegalArgumentException(
                    "the argument must be dense-graph, dense-network, bert-graph or bert-network, found " + args.length
                            + " arguments");
        }
        GraphBenchmark benchmark = new GraphBenchmark();
        PrintStream out = System.out;
        // SameDiff prints each operation when it creates the gradients.
        System.setOut(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        Steps steps = switch (args[0]) {
            case "dense-graph" -> benchmark.denseGraph();
            case "dense-network" -> benchmark.denseNetwork();
            case "bert-graph" -> benchmark.bertGraph();
            case "bert-network" -> benchmark.bertNetwork();
            default -> throw new IllegalArgumentException("unknown work " + args[0]);
        };
        double median = benchmark.measure(steps);
        out.printf(
                Locale.ROOT,
                "%-14s %8.1f ms of CPU time a step, peak of resident memory %5d MiB, after steps %5d MiB%n",
                args[0],
                median,
                peakOfResidentMemory() >> 20,
                benchmark.mostAfterSteps >> 20);
    }

    private double measure(Steps steps) {
        double[] times = new double[BLOCKS];
        steps.run(STEPS);
        for (int i = 0; i < BLOCKS; i++) {
            long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            steps.run(STEPS);
            long end = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            mostAfterSteps = Math.max(mostAfterSteps, Pointer.physicalBytes());
            times[i] = (end - start) / 1e6 / STEPS;
        }
        Arrays.sort(times);
        return times[BLOCKS / 2];
    }

    private static long peakOfResidentMemory() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        throw new IOException("/proc/self/status must have a line VmHWM");
    }

    private INDArray normal(double deviation, long... shape) {
        return RandomArrays.gaussian(random, deviation, DataType.FLOAT, shape);
    }

    private INDArray labels(int rows, int classes) {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, rows, classes);
        for (int i = 0; i < rows; i++) {
            labels.putScalar(i, random.nextInt(classes), 1);
        }
        return labels;
    }

    private Steps denseGraph() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 784);
        SDVariable hidden = graph.nn().relu(dense(graph, x, "linear1", 784, 1000), 0);
        SDVariable logits =
                dense(graph, graph.nn().relu(dense(graph, hidden, "linear2", 1000, 2000), 0), "linear3", 2000, 10);
        graph.loss().softmaxCrossEntropy("loss", graph.placeHolder("labels", DataType.FLOAT, -1, 10), logits, null);
        graph.setLossVariables("loss");
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.add("a", LoRAConfig.of(1, 1));
        graph.setTrainingConfig(TrainingConfig.builder()
                .updater(new Adam(1e-3))
                .dataSetFeatureMapping("x")
                .dataSetLabelMapping("labels")
                .build());
        lora.train("a");
        DataSet data = new DataSet(normal(1, 10, 784), labels(10, 10));
        return count -> {
            for (int i = 0; i < count; i++) {
                graph.fit(data);
            }
        };
    }

    private SDVariable dense(SameDiff graph, SDVariable x, String name, int in, int out) {
        return x.mmul(graph.var(name + ".weight", normal(Math.sqrt(2.0 / in), in, out)))
                .add(graph.var(name + ".bias", Nd4j.zeros(DataType.FLOAT, out)));
    }

    private Steps denseNetwork() {
        Network network = Network.builder(784)
                .linear("linear1", 1000)
                .relu()
                .linear("linear2", 2000)
                .relu()
                .linear("linear3", 10)
                .build(1);
        LoRAModel model = LoRAModel.of(network);
        model.add("a", LoRAConfig.of(1, 1));
        Trainer trainer =
                Trainer.builder(model.using("a")).updater(new Adam(1e-3)).build();
        DataSet data = new DataSet(normal(1, 10, 784), labels(10, 10));
        return count -> trainer.fit(Collections.nCopies(count, Batch.of(data)));
    }

    private static LoRAConfig queryAndValue() {
        return LoRAConfig.builder()
                .rank(8)
                .alpha(16)
                .targetModules("query", "value")
                .build();
    }

    private Steps bertGraph() throws IOException {
        SameDiff graph = new BertGraph(bert(), TOKENS).graph;
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.add("a", queryAndValue());
        graph.setTrainingConfig(TrainingConfig.builder()
                .updater(new Adam(1e-3))
                .dataSetFeatureMapping("input_ids", "attention_mask", "token_type_ids")
                .dataSetLabelMapping("labels")
                .build());
        lora.train("a");
        INDArray ids = Nd4j.createFromArray(ids()).castTo(DataType.INT64);
        MultiDataSet data = new MultiDataSet(
                new INDArray[] {ids, Nd4j.onesLike(ids), Nd4j.zerosLike(ids)}, new INDArray[] {labels(TEXTS, CLASSES)});
        return count -> {
            for (int i = 0; i < count; i++) {
                graph.fit(data);
            }
        };
    }

    private Steps bertNetwork() throws IOException {
        LoRAModel model = LoRAModel.of(PretrainedModel.load(bert()).classifier());
        model.add("a", queryAndValue());
        Trainer trainer =
                Trainer.builder(model.using("a")).updater(new Adam(1e-3)).build();
        Batch batch = new Batch(Sequences.of(ids()), labels(TEXTS, CLASSES));
        return count -> trainer.fit(Collections.nCopies(count, batch));
    }

    private int[][] ids() {
        int[][] ids = new int[TEXTS][];
        for (int i = 0; i < TEXTS; i++) {
            ids[i] = random.ints(TOKENS, 1, 30_522).toArray();
        }
        return ids;
    }

    /** A folder with an encoder of the size of all-MiniLM-L6-v2 and a classifier. */
    private Path bert() throws IOException {
        Path folder = Files.createTempDirectory("bert");
        Files.writeString(folder.resolve("config.json"), CONFIG);
        long hidden = new ObjectMapper().readTree(CONFIG).path("hidden_size").longValue();
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        tensors.put("bert.embeddings.word_embeddings.weight", normal(0.02, 30_522, hidden));
        tensors.put("bert.embeddings.position_embeddings.weight", normal(0.02, 512, hidden));
        tensors.put("bert.embeddings.token_type_embeddings.weight", normal(0.02, 2, hidden));
        putNorm(tensors, "bert.embeddings.LayerNorm", hidden);
        for (int i = 0; i < 6; i++) {
            String layer = "bert.encoder.layer." + i + '.';
            for (String name : new String[] {"query", "key", "value"}) {
                putDense(tensors, layer + "attention.self." + name, hidden, hidden);
            }
            putDense(tensors, layer + "attention.output.dense", hidden, hidden);
            putNorm(tensors, layer + "attention.output.LayerNorm", hidden);
            putDense(tensors, layer + "intermediate.dense", 4 * hidden, hidden);
            putDense(tensors, layer + "output.dense", hidden, 4 * hidden);
            putNorm(tensors, layer + "output.LayerNorm", hidden);
        }
        putDense(tensors, "bert.pooler.dense", hidden, hidden);
        putDense(tensors, "classifier", CLASSES, hidden);
        Path file = folder.resolve("model.safetensors");
        SafeTensors.of(tensors, Map.of()).write(file);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(file, folder.resolve("config.json"), folder)));
        return folder;
    }

    private static void delete(Path... files) {
        try {
            for (Path file : files) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void putDense(Map<String, INDArray> tensors, String path, long out, long in) {
        tensors.put(path + ".weight", normal(0.02, out, in));
        tensors.put(path + ".bias", Nd4j.zeros(DataType.FLOAT, out));
    }

    private static void putNorm(Map<String, INDArray> tensors, String path, long size) {
        tensors.put(path + ".weight", Nd4j.ones(DataType.FLOAT, size));
        tensors.put(path + ".bias", Nd4j.zeros(DataType.FLOAT, size));
    }
}
