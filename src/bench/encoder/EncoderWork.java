import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.example.text.ExampleFiles;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.tokens.Tokenizer;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Runs one work with all-MiniLM-L6-v2 and prints the result as one line of JSON. The arguments are key=value; see
 * comparison/encoder.py, which starts it.
 */
public final class EncoderWork {
    private static final int TEXTS = 16;
    private static final int MOST_TOKENS = 128;
    private static final int CLASSES = 4;
    private static final int NUMBERS = 5;
    private static final double RATE = 1e-3;
    private static final String EXACT = "all-minilm-l6-v2";

    private final Map<String, String> settings;
    private final Path folder;

    private EncoderWork(Map<String, String> settings) {
        this.settings = settings;
        folder = Path.of(settings.get("folder"));
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> settings = new HashMap<>(Map.of("warm", "6", "seconds", "4", "threads", "2"));
        for (String arg : args) {
            settings.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
        }
        Map<String, Object> result = new LinkedHashMap<>();
        EncoderWork work = new EncoderWork(settings);
        String setting = settings.get("threads");
        try (NativeThreads threads = switch (setting) {
            case "default" -> null;
            case "engine" -> NativeThreads.forEngine();
            default -> NativeThreads.forBlas(Integer.parseInt(setting));
        }) {
            switch (settings.get("work")) {
                case "export" -> work.export();
                case "step" -> work.step(result);
                case "forward" -> work.forward(result);
                case "single" -> work.single(result);
                case "embed" -> work.mixed(result, 1);
                case "mixed" -> work.mixed(result, TEXTS);
                case "onnx" -> work.onnx(result);
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

    /** Writes the tokens of all data, and the adapter and the classifier that both sides start with. */
    private void export() throws Exception {
        // The folder of the model is the one that has all files of this comparison.
        ExampleFiles files = ExampleFiles.write(folder.toAbsolutePath().getParent());
        PretrainedModel bert = load();
        List<String> passages = TextFiles.read(files.texts("train"))
                .map(row -> row.labelled("text", "label").text())
                .stream()
                .toList();
        Map<String, int[][]> data = new LinkedHashMap<>();
        try (Tokenizer tokens = Tokenizer.load(folder, MOST_TOKENS)) {
            data.put("passages", ids(tokens, passages.subList(0, TEXTS)));
            data.put(
                    "sentences",
                    ids(
                            tokens,
                            passages.subList(0, TEXTS).stream()
                                    .map(text -> text.split("(?<=[.;?!]) ", 2)[0])
                                    .toList()));
            data.put(
                    "exact",
                    Stream.of(ids(tokens, passages.subList(0, 400)))
                            .filter(text -> text.length == MOST_TOKENS)
                            .limit(TEXTS)
                            .toArray(int[][]::new));
        }
        new ObjectMapper().writeValue(folder.resolve("tokens.json").toFile(), data);
        LoRAModel model = model(bert, 1);
        model.using("a0").save(folder.resolve("start"));
    }

    private static int[][] ids(Tokenizer tokens, List<String> texts) {
        Sequences all = tokens.sequences(texts);
        return IntStream.range(0, all.count())
                .mapToObj(text -> IntStream.range(0, all.length(text))
                        .map(token -> all.id(all.start(text) + token))
                        .toArray())
                .toArray(int[][]::new);
    }

    private int[][] tokens() throws Exception {
        return new ObjectMapper()
                .readerForMapOf(int[][].class)
                .<Map<String, int[][]>>readValue(folder.resolve("tokens.json").toFile())
                .get(settings.get("data"));
    }

    private static LoRAModel model(PretrainedModel bert, int adapters) {
        Network network = bert.withDropout(0).meanClassifier(CLASSES, 1);
        LoRAModel model = LoRAModel.of(network);
        for (int i = 0; i < adapters; i++) {
            model.add("a" + i, config(i).modulesToSave("classifier").build());
        }
        return model;
    }

    private static LoRAConfigBuilder config(int seed) {
        return LoRAConfig.builder()
                .rank(8)
                .alpha(16)
                .targetModules("query", "value")
                .seed(seed);
    }

    /** Opens the model in the precision of {@code storage}. */
    private PretrainedModel load() throws Exception {
        Precision precision = Precision.valueOf(settings.getOrDefault("storage", "FLOAT"));
        return PretrainedModel.load(folder, BaseStorage.of(precision));
    }

    private LoRAModel model(int adapters) throws Exception {
        return model(load(), adapters);
    }

    private void step(Map<String, Object> result) throws Exception {
        Sequences sequences = Sequences.of(tokens());
        INDArray labels = Nd4j.zeros(DataType.FLOAT, sequences.count(), CLASSES);
        for (int i = 0; i < sequences.count(); i++) {
            labels.putScalar(i, i % CLASSES, 1);
        }
        Network network = load().withDropout(0).meanClassifier(CLASSES, 1);
        AdapterView view = LoRAModel.of(network)
                .add(
                        "a0",
                        config(0).modulesToSave("classifier")
                                .dora(settings.containsKey("dora"))
                                .dropout(Double.parseDouble(settings.getOrDefault("dropout", "0")))
                                .build());
        List<Double> losses = new ArrayList<>();
        Clock clock = new Clock();
        boolean[] more = {true};
        Trainer.builder(view)
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
                .fit(new Batches(new Batch(sequences, labels), more));
        result.put("numbers", losses);
        clock.addTo(result, 1);
    }

    private void forward(Map<String, Object> result) throws Exception {
        Sequences sequences = Sequences.of(tokens());
        AdapterView view = model(1).using("a0");
        try (INDArray output = view.predict(sequences)) {
            result.put("numbers", numbers(output));
        }
        measure(result, 1, () -> view.predict(sequences).close());
    }

    private void single(Map<String, Object> result) throws Exception {
        Sequences[] texts = Arrays.stream(tokens()).map(text -> Sequences.of(text)).toArray(Sequences[]::new);
        AdapterView view = model(1).using("a0");
        measure(result, texts.length, () -> {
            for (Sequences text : texts) {
                view.predict(text).close();
            }
        });
    }

    /**
     * Computes a batch with an adapter for each text or with one for all: sentence embeddings, or with {@code head=classifier}
     * the outputs of the adapters' own classifiers.
     */
    private void mixed(Map<String, Object> result, int adapters) throws Exception {
        Sequences sequences = Sequences.of(tokens());
        LoRAModel model = settings.containsKey("head")
                ? model(adapters)
                : withAdapters(load().sentenceEmbeddings(), adapters);
        List<String> names = IntStream.range(0, sequences.count())
                .mapToObj(i -> "a" + i % adapters)
                .toList();
        AdapterView first = model.using("a0");
        measure(result, 1, () -> (adapters == 1 ? first.predict(sequences) : model.predict(sequences, names)).close());
    }

    private static LoRAModel withAdapters(Network network, int adapters) {
        LoRAModel model = LoRAModel.of(network);
        for (int i = 0; i < adapters; i++) {
            model.add("a" + i, config(i).build());
        }
        return model;
    }

    /**
     * Computes sentence embeddings of single texts with ONNX Runtime, as LangChain4j's model has it, and with the network. Of both
     * it gives the mean cosine to the embeddings of ONNX Runtime in single precision.
     */
    private void onnx(Map<String, Object> result) throws Exception {
        int[][] texts = tokens();
        if (settings.getOrDefault("side", "onnx").equals("lora4j")) {
            Network network = load().sentenceEmbeddings();
            network.freeze();
            Sequences[] each = Arrays.stream(texts).map(text -> Sequences.of(text)).toArray(Sequences[]::new);
            result.put("cosine", cosine(texts, i -> {
                try (INDArray embedding = network.predict(each[i])) {
                    return embedding.toFloatVector();
                }
            }));
            measure(result, texts.length, () -> {
                for (Sequences text : each) {
                    network.predict(text).close();
                }
            });
            return;
        }
        try (OnnxModel model = new OnnxModel(settings.getOrDefault("model", EXACT))) {
            result.put("cosine", cosine(texts, i -> model.embedding(texts[i])));
            measure(result, texts.length, () -> {
                for (int[] text : texts) {
                    model.tokens(text);
                }
            });
        }
    }

    private interface Embedding {
        float[] of(int text) throws Exception;
    }

    /** The mean cosine to the embeddings of ONNX Runtime in single precision, whose session ends before anything is timed. */
    private static double cosine(int[][] texts, Embedding embedding) throws Exception {
        double sum = 0;
        try (OnnxModel exact = new OnnxModel(EXACT)) {
            for (int i = 0; i < texts.length; i++) {
                sum += cosine(embedding.of(i), exact.embedding(texts[i]));
            }
        }
        return sum / texts.length;
    }

    /** A model of LangChain4j: an ONNX file on the class path. */
    private static final class OnnxModel implements AutoCloseable {
        private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
        private final OrtSession session;

        OnnxModel(String name) throws Exception {
            try (InputStream stream = EncoderWork.class.getResourceAsStream("/" + name + ".onnx")) {
                session = environment.createSession(stream.readAllBytes());
            }
        }

        /** The vectors of all tokens of one text. */
        float[][] tokens(int[] text) throws Exception {
            long[][] ids = {Arrays.stream(text).asLongStream().toArray()};
            long[][] ones = {new long[text.length]};
            Arrays.fill(ones[0], 1);
            try (OnnxTensor input = OnnxTensor.createTensor(environment, ids);
                    OnnxTensor mask = OnnxTensor.createTensor(environment, ones);
                    OnnxTensor types = OnnxTensor.createTensor(environment, new long[1][text.length]);
                    OrtSession.Result output = session.run(
                            Map.of("input_ids", input, "attention_mask", mask, "token_type_ids", types))) {
                return ((float[][][]) output.get(0).getValue())[0];
            }
        }

        /** The sum of the vectors; a cosine needs no mean. */
        float[] embedding(int[] text) throws Exception {
            float[][] tokens = tokens(text);
            float[] sum = new float[tokens[0].length];
            for (float[] token : tokens) {
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += token[i];
                }
            }
            return sum;
        }

        @Override
        public void close() throws Exception {
            session.close();
        }
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        double squares = 0;
        double otherSquares = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            squares += (double) a[i] * a[i];
            otherSquares += (double) b[i] * b[i];
        }
        return product / Math.sqrt(squares * otherSquares);
    }

    private static List<Double> numbers(INDArray output) {
        return IntStream.range(0, (int) output.length())
                .mapToObj(output::getDouble)
                .toList();
    }

    private interface Operation {
        void run() throws Exception;
    }

    private void measure(Map<String, Object> result, int texts, Operation operation) throws Exception {
        Clock clock = new Clock();
        do {
            operation.run();
        } while (clock.tick());
        clock.addTo(result, texts);
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

        void addTo(Map<String, Object> result, int texts) {
            Collections.sort(times);
            result.put("nanos", times.get(times.size() / 2) / (double) texts);
        }
    }

    /** Repeats a batch until the measurement is over. */
    private record Batches(Batch batch, boolean[] more) implements Iterable<Batch> {
        @Override
        public java.util.Iterator<Batch> iterator() {
            return new java.util.Iterator<>() {
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
