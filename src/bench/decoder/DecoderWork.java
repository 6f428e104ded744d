import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.generate.BatchGenerator;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.io.SafeTensors;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.LlamaModel;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Runs one work with a Llama of the shape of SmolLM2-135M, whose weights are random, and prints the result as one line of
 * JSON. The arguments are key=value; see comparison/decoder.py, which starts it.
 */
public final class DecoderWork {
    private static final int LAYERS = 30;
    private static final int WIDTH = 576;
    private static final int HEADS = 9;
    private static final int KEY_VALUE_HEADS = 3;
    private static final int FEED_FORWARD = 1536;
    private static final int VOCABULARY = 49_152;
    private static final int PROMPT = 16;
    private static final int LONG_PROMPT = 512;

    /** The new tokens of a text, so many that the prompt takes a small part of the time. */
    private static final int COUNT = 128;

    /** As many of them are compared with the other side. */
    private static final int COMPARED = 32;
    private static final double RATE = 1e-3;

    private final Map<String, String> settings;
    private final Path folder;

    private DecoderWork(Map<String, String> settings) {
        this.settings = settings;
        folder = Path.of(settings.get("folder"));
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> settings = new HashMap<>(Map.of("warm", "6", "seconds", "6", "threads", "blas"));
        for (String arg : args) {
            settings.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
        }
        Map<String, Object> result = new LinkedHashMap<>();
        DecoderWork work = new DecoderWork(settings);
        try (NativeThreads threads = threads(settings.get("threads"))) {
            switch (settings.get("work")) {
                case "export" -> work.export();
                case "step" -> work.step(result);
                case "generate" -> work.generate(result);
                case "batch" -> work.batch(result);
                case "prompt" -> work.prompt(result);
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

    private static NativeThreads threads(String setting) {
        return switch (setting) {
            case "engine" -> NativeThreads.forEngine();
            case "engine1" -> NativeThreads.forEngine(1);
            case "blas" -> NativeThreads.forBlas();
            default -> NativeThreads.forBlas(Integer.parseInt(setting));
        };
    }

    /** Writes the model and the adapter that both sides start with. */
    private void export() throws Exception {
        Files.createDirectories(folder);
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("model_type", "llama");
        config.put("architectures", List.of("LlamaForCausalLM"));
        config.put("vocab_size", VOCABULARY);
        config.put("hidden_size", WIDTH);
        config.put("intermediate_size", FEED_FORWARD);
        config.put("num_hidden_layers", LAYERS);
        config.put("num_attention_heads", HEADS);
        config.put("num_key_value_heads", KEY_VALUE_HEADS);
        config.put("max_position_embeddings", 2048);
        config.put("rms_norm_eps", 1e-5);
        config.put("rope_theta", 10_000.0);
        config.put("tie_word_embeddings", true);
        config.put("hidden_act", "silu");
        new ObjectMapper().writeValue(folder.resolve("config.json").toFile(), config);
        SplittableRandom random = new SplittableRandom(1);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        tensors.put("model.embed_tokens.weight", uniform(random, VOCABULARY, WIDTH));
        int keyWidth = WIDTH / HEADS * KEY_VALUE_HEADS;
        for (int i = 0; i < LAYERS; i++) {
            String layer = "model.layers." + i + ".";
            tensors.put(layer + "input_layernorm.weight", Nd4j.ones(WIDTH));
            tensors.put(layer + "self_attn.q_proj.weight", uniform(random, WIDTH, WIDTH));
            tensors.put(layer + "self_attn.k_proj.weight", uniform(random, keyWidth, WIDTH));
            tensors.put(layer + "self_attn.v_proj.weight", uniform(random, keyWidth, WIDTH));
            tensors.put(layer + "self_attn.o_proj.weight", uniform(random, WIDTH, WIDTH));
            tensors.put(layer + "post_attention_layernorm.weight", Nd4j.ones(WIDTH));
            tensors.put(layer + "mlp.gate_proj.weight", uniform(random, FEED_FORWARD, WIDTH));
            tensors.put(layer + "mlp.up_proj.weight", uniform(random, FEED_FORWARD, WIDTH));
            tensors.put(layer + "mlp.down_proj.weight", uniform(random, WIDTH, FEED_FORWARD));
        }
        tensors.put("model.norm.weight", Nd4j.ones(WIDTH));
        SafeTensors.of(tensors, Map.of("format", "pt")).write(folder.resolve("model.safetensors"));
        model(1).using("a0").save(folder.resolve("start"));
    }

    private static INDArray uniform(SplittableRandom random, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.07 * (random.nextDouble() - 0.5));
        }
        return Nd4j.create(values, new int[] {rows, columns});
    }

    private LoRAModel model(int adapters) throws Exception {
        LoRAModel model = LoRAModel.of(LlamaModel.load(folder).causal());
        for (int i = 0; i < adapters; i++) {
            model.add(
                    "a" + i,
                    LoRAConfig.builder()
                            .rank(8)
                            .alpha(16)
                            .targetModules("q_proj", "v_proj")
                            .seed(i)
                            .build());
        }
        return model;
    }

    /** The same tokens as in peers/decoder.py. */
    private static int[] tokens(int length, int start) {
        return IntStream.range(0, length)
                .map(i -> (int) ((start + i * 7919L) % VOCABULARY))
                .toArray();
    }

    private Sequences texts() {
        int[] lengths = settings.get("data").equals("even") ? new int[] {128, 128} : new int[] {128, 72, 40, 16};
        int[][] texts = new int[lengths.length][];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = tokens(lengths[i], 100 * i);
        }
        return Sequences.of(texts);
    }

    private void step(Map<String, Object> result) throws Exception {
        Batch batch = new Batch(texts(), null);
        List<Double> losses = new ArrayList<>();
        Clock clock = new Clock();
        boolean[] more = {true};
        Trainer.builder(model(1).using("a0"))
                .loss(Loss.nextToken())
                .updater(new AdamW(RATE, 0))
                .restoreOnDivergence(false)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        if (losses.size() < 3) {
                            losses.add(iteration.loss());
                        }
                        more[0] = clock.tick();
                    }
                })
                .build()
                .fit(new Batches(batch, more));
        result.put("numbers", losses);
        clock.addTo(result, 1);
    }

    private void generate(Map<String, Object> result) throws Exception {
        Generator generator = Generator.of(model(1).using("a0"));
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(COUNT);
        int[] prompt = tokens(PROMPT, 0);
        result.put("numbers", generator.generate(prompt, options).tokens().subList(0, COMPARED));
        measure(result, COUNT, () -> {
            generator.forget();
            generator.generate(prompt, options);
        });
    }

    private void batch(Map<String, Object> result) throws Exception {
        int texts = 16;
        LoRAModel model = model(texts);
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(COUNT);
        measure(result, COUNT * texts, () -> {
            BatchGenerator batch = BatchGenerator.of(model.base());
            for (int i = 0; i < texts; i++) {
                batch.add(model.using("a" + i), tokens(PROMPT, 100 * i), options);
            }
            while (batch.step() > 0) {
                // Until all have ended.
            }
        });
    }

    private void prompt(Map<String, Object> result) throws Exception {
        Generator generator = Generator.of(model(1).using("a0"));
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(1);
        int[] prompt = tokens(LONG_PROMPT, 0);
        result.put("numbers", generator.generate(prompt, options).tokens());
        measure(result, 1, () -> {
            generator.forget();
            generator.generate(prompt, options);
        });
    }

    private interface Operation {
        void run() throws Exception;
    }

    private void measure(Map<String, Object> result, int parts, Operation operation) throws Exception {
        Clock clock = new Clock();
        do {
            operation.run();
        } while (clock.tick());
        clock.addTo(result, parts);
    }

    /** Collects the times of operations after a warm-up. */
    private final class Clock {
        private final double warm = Double.parseDouble(settings.get("warm")) * 1e9;
        private final double seconds = Double.parseDouble(settings.get("seconds")) * 1e9;
        private final List<Long> times = new ArrayList<>();
        private final List<Long> cpu = new ArrayList<>();
        private final long begin = System.nanoTime();
        private long last = begin;
        private long lastCpu = cpuNow();

        private long cpuNow() {
            return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        }

        /** Counts an operation. Returns true if another one is to follow. */
        boolean tick() {
            long now = System.nanoTime();
            if (last - begin >= warm) {
                times.add(now - last);
                cpu.add(cpuNow() - lastCpu);
            }
            last = now;
            lastCpu = cpuNow();
            return now - begin < warm + seconds || times.size() < 3;
        }

        void addTo(Map<String, Object> result, int parts) {
            Collections.sort(times);
            Collections.sort(cpu);
            result.put("nanos", times.get(times.size() / 2) / (double) parts);
            result.put("cpu", cpu.get(cpu.size() / 2) / (double) parts);
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
