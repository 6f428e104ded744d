import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Runs one work with a model of the shape of a family and random weights, and prints the result as one line of JSON. The
 * arguments are key=value; see comparison/families.py, which starts it.
 */
public final class FamilyWork {
    private static final int CLASSES = 4;
    private static final int NUMBERS = 3;
    private static final double RATE = 1e-3;

    private final Map<String, String> settings;
    private final Path folder;

    private FamilyWork(Map<String, String> settings) {
        this.settings = settings;
        folder = Path.of(settings.get("folder"));
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> settings = new HashMap<>(Map.of("warm", "6", "seconds", "4", "threads", "2"));
        for (String arg : args) {
            settings.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
        }
        Map<String, Object> result = new LinkedHashMap<>();
        FamilyWork work = new FamilyWork(settings);
        String setting = settings.get("threads");
        try (NativeThreads threads =
                setting.equals("engine") ? NativeThreads.forEngine() : NativeThreads.forBlas(Integer.parseInt(setting))) {
            switch (settings.get("work")) {
                case "export" -> work.export();
                case "step" -> work.step(result);
                case "forward" -> work.forward(result);
                case "one" -> work.rows(result, 1);
                case "mixed" -> work.rows(result, 32);
                default -> throw new IllegalArgumentException("unknown work " + settings.get("work"));
            }
        }
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM")) {
                result.put("peak", Long.parseLong(line.replaceAll("\\D", "")) * 1024);
            }
        }
        System.out.println(new ObjectMapper().writeValueAsString(result));
    }

    /** Writes a model with random weights, and the adapter that both sides start with. */
    private void export() throws Exception {
        ModelConfig config = ModelConfig.parse(settings.get("config"));
        PretrainedModel model = PretrainedModel.initialize(config, DataType.FLOAT, 1);
        model.save(config.isDecoder() ? model.causal() : model.lastHiddenState(), folder);
        adapted(model, 1).using("a0").save(folder.resolve("start"));
    }

    private PretrainedModel load() throws Exception {
        Precision precision = Precision.valueOf(settings.getOrDefault("storage", "FLOAT"));
        return PretrainedModel.load(folder, BaseStorage.of(precision));
    }

    private static LoRAModel adapted(PretrainedModel pretrained, int adapters) {
        ModelConfig config = pretrained.config();
        PretrainedModel quiet = pretrained.withDropout(0);
        Network network = config.isDecoder() ? quiet.causal() : quiet.meanClassifier(CLASSES, 1);
        LoRAModel model = LoRAModel.of(network);
        for (int i = 0; i < adapters; i++) {
            LoRAConfigBuilder adapter = LoRAConfig.builder()
                    .rank(8)
                    .alpha(16)
                    .targetModules(config.defaultTargets())
                    .seed(i);
            model.add("a" + i, (config.isDecoder() ? adapter : adapter.modulesToSave("classifier")).build());
        }
        return model;
    }

    /** Texts of arbitrary tokens, which both sides compute by this formula. */
    private Sequences texts(int count) {
        int length = Integer.parseInt(settings.get("length"));
        int vocabulary = Integer.parseInt(settings.get("vocabulary"));
        int[][] ids = new int[count][length];
        for (int i = 0; i < count; i++) {
            int start = 100 * i;
            Arrays.setAll(ids[i], j -> 5 + (start + j * 7919) % (vocabulary - 5));
        }
        return Sequences.of(ids);
    }

    private void step(Map<String, Object> result) throws Exception {
        LoRAModel model = adapted(load(), 1);
        boolean predictsTokens = model.network().outputEmbedding().isPresent();
        Sequences texts = texts(Integer.parseInt(settings.get("texts")));
        INDArray labels = null;
        if (!predictsTokens) {
            labels = Nd4j.zeros(DataType.FLOAT, texts.count(), CLASSES);
            for (int i = 0; i < texts.count(); i++) {
                labels.putScalar(i, i % CLASSES, 1);
            }
        }
        List<Double> losses = new ArrayList<>();
        Clock clock = new Clock();
        boolean[] more = {true};
        Trainer.builder(model.using("a0"))
                .loss(predictsTokens ? Loss.nextToken() : Loss.softmaxCrossEntropy())
                .updater(new AdamW(RATE, 0))
                .restoreOnDivergence(false)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        if (losses.size() < NUMBERS) {
                            losses.add(iteration.loss());
                        }
                        more[0] = clock.tick();
                    }
                })
                .build()
                .fit(new Batches(new Batch(texts, labels), more));
        result.put("numbers", losses);
        clock.addTo(result);
    }

    private void forward(Map<String, Object> result) throws Exception {
        Sequences texts = texts(Integer.parseInt(settings.get("texts")));
        LoRAModel model = adapted(load(), 1);
        AdapterView view = model.using("a0");
        try (INDArray output = view.predict(texts)) {
            INDArray numbers = model.network().outputEmbedding().isPresent() ? output.getRow(output.size(0) - 1) : output;
            result.put(
                    "numbers",
                    IntStream.range(0, (int) Math.min(CLASSES, numbers.length()))
                            .mapToObj(numbers::getDouble)
                            .toList());
        }
        measure(result, () -> view.predict(texts).close());
    }

    /** 32 texts with as many adapters and classifiers, or with one. */
    private void rows(Map<String, Object> result, int adapters) throws Exception {
        Sequences texts = texts(32);
        LoRAModel model = adapted(load(), adapters);
        List<String> names =
                IntStream.range(0, texts.count()).mapToObj(i -> "a" + i % adapters).toList();
        AdapterView first = model.using("a0");
        measure(result, () -> (adapters == 1 ? first.predict(texts) : model.predict(texts, names)).close());
    }

    private interface Operation {
        void run() throws Exception;
    }

    private void measure(Map<String, Object> result, Operation operation) throws Exception {
        Clock clock = new Clock();
        do {
            operation.run();
        } while (clock.tick());
        clock.addTo(result);
    }

    /** Collects the times of operations after a warm-up. */
    private final class Clock {
        private final double warm = Double.parseDouble(settings.get("warm")) * 1e9;
        private final double seconds = Double.parseDouble(settings.get("seconds")) * 1e9;
        private final List<Long> times = new ArrayList<>();
        private final long begin = System.nanoTime();
        private long last = begin;

        /** Counts an operation. Returns true if another one is to follow. */
        boolean tick() {
            long now = System.nanoTime();
            if (last - begin >= warm) {
                times.add(now - last);
            }
            last = now;
            return now - begin < warm + seconds || times.size() < 3;
        }

        void addTo(Map<String, Object> result) {
            Collections.sort(times);
            result.put("nanos", (double) times.get(times.size() / 2));
        }
    }

    /** Repeats a batch until the measurement is over. */
    private record Batches(Batch batch, boolean[] more) implements Iterable<Batch> {
        @Override
        public Iterator<Batch> iterator() {
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return more[0];
                }

                @Override
                public Batch next() {
                    return batch;
                }
            };
        }
    }
}
