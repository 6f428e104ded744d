import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedOutputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.generate.BatchGenerator;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Runs one work with a Llama of the shape of SmolLM2-135M, a Qwen2 of the shape of Qwen2.5-0.5B, or a model of one of the
 * {@link Shape#of sizes that people use}, whose weights are random, and prints the result as one line of JSON. The arguments are key=value; see comparison/decoder.py, which starts it.
 */
public final class DecoderWork {
    private static final int PROMPT = 16;
    private static final int LONG_PROMPT = 512;

    /** The new tokens of a text, so many that the prompt takes a small part of the time. */
    private static final int COUNT = 128;

    /** As many of them are compared with the other side. */
    private static final int COMPARED = 32;
    private static final double RATE = 1e-3;

    private final Map<String, String> settings;
    private final Path folder;
    private final Shape shape;

    /** The sizes of a model with tied embeddings, and the bytes of an element of its file. */
    private record Shape(
            String type,
            int layers,
            int width,
            int heads,
            int keyValueHeads,
            int feedForward,
            int vocabulary,
            int fileBytes) {
        static final Shape SMOL = new Shape("llama", 30, 576, 9, 3, 1536, 49_152, Float.BYTES);

        /** Qwen2.5-0.5B. */
        static final Shape QWEN = new Shape("qwen2", 24, 896, 14, 2, 4864, 151_936, Short.BYTES);

        /** The first layers of SmolLM2-135M. */
        static final Shape SHALLOW = new Shape("llama", 6, 576, 9, 3, 1536, 49_152, Float.BYTES);

        /** Gemma-3-1B. */
        static final Shape GEMMA = new Shape("gemma3_text", 26, 1152, 4, 1, 6912, 262_144, Short.BYTES);

        /** A name of a size stands for a Llama with the numbers of Qwen2.5-0.5B, Llama-3.2-1B or Qwen2.5-1.5B, or for a Gemma. */
        static Shape of(String name) {
            return switch (name) {
                case "smol" -> SMOL;
                case "shallow" -> SHALLOW;
                case "qwen" -> QWEN;
                case "0.5b" -> new Shape("llama", 24, 896, 14, 2, 4864, 151_936, Short.BYTES);
                case "1b" -> new Shape("llama", 16, 2048, 32, 8, 8192, 128_256, Short.BYTES);
                case "gemma-1b" -> GEMMA;
                case "1.5b" -> new Shape("llama", 28, 1536, 12, 2, 8960, 151_936, Short.BYTES);
                default -> throw new IllegalArgumentException("unknown shape " + name);
            };
        }

        /** The heads of a Gemma do not divide the width. */
        int headWidth() {
            return this == GEMMA ? 256 : width / heads;
        }

        int keyWidth() {
            return headWidth() * keyValueHeads;
        }

        boolean hasBiases() {
            return type.equals("qwen2");
        }

        /** All tensors in the order of the file. */
        Map<String, int[]> tensors() {
            Map<String, int[]> shapes = new LinkedHashMap<>();
            shapes.put("model.embed_tokens.weight", new int[] {vocabulary, width});
            for (int i = 0; i < layers; i++) {
                String layer = "model.layers." + i + ".";
                shapes.put(layer + "input_layernorm.weight", new int[] {width});
                addLinear(shapes, layer + "self_attn.q_proj", headWidth() * heads, width, hasBiases());
                addLinear(shapes, layer + "self_attn.k_proj", keyWidth(), width, hasBiases());
                addLinear(shapes, layer + "self_attn.v_proj", keyWidth(), width, hasBiases());
                addLinear(shapes, layer + "self_attn.o_proj", width, headWidth() * heads, false);
                shapes.put(layer + "post_attention_layernorm.weight", new int[] {width});
                if (this == GEMMA) {
                    shapes.put(layer + "self_attn.q_norm.weight", new int[] {headWidth()});
                    shapes.put(layer + "self_attn.k_norm.weight", new int[] {headWidth()});
                    shapes.put(layer + "pre_feedforward_layernorm.weight", new int[] {width});
                    shapes.put(layer + "post_feedforward_layernorm.weight", new int[] {width});
                }
                addLinear(shapes, layer + "mlp.gate_proj", feedForward, width, false);
                addLinear(shapes, layer + "mlp.up_proj", feedForward, width, false);
                addLinear(shapes, layer + "mlp.down_proj", width, feedForward, false);
            }
            shapes.put("model.norm.weight", new int[] {width});
            return shapes;
        }

        private static void addLinear(Map<String, int[]> shapes, String name, int out, int in, boolean hasBias) {
            shapes.put(name + ".weight", new int[] {out, in});
            if (hasBias) {
                shapes.put(name + ".bias", new int[] {out});
            }
        }

        /** The elements of all matrices. A token reads each once, that of the embeddings in the head. */
        long matrixElements() {
            return tensors().values().stream()
                    .filter(each -> each.length == 2)
                    .mapToLong(each -> (long) each[0] * each[1])
                    .sum();
        }
    }

    private DecoderWork(Map<String, String> settings) {
        this.settings = settings;
        folder = Path.of(settings.get("folder"));
        shape = Shape.of(settings.get("shape"));
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> settings = new HashMap<>(Map.of(
                "warm", "6", "seconds", "6", "threads", "blas", "shape", "smol", "storage", "float", "adapters", "1",
                "recompute", "false"));
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
                case "first" -> work.first(result);
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
            case "default" -> null;
            case "engine" -> NativeThreads.forEngine();
            case "engine1" -> NativeThreads.forEngine(1);
            case "blas" -> NativeThreads.forBlas();
            default -> NativeThreads.forBlas(Integer.parseInt(setting));
        };
    }

    /** Writes the model, and for a Llama the adapter that both sides start with. */
    private void export() throws Exception {
        Files.createDirectories(folder);
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("model_type", shape.type());
        config.put("architectures", List.of(switch (shape.type()) {
            case "qwen2" -> "Qwen2ForCausalLM";
            case "gemma3_text" -> "Gemma3ForCausalLM";
            default -> "LlamaForCausalLM";
        }));
        config.put("vocab_size", shape.vocabulary());
        config.put("hidden_size", shape.width());
        config.put("intermediate_size", shape.feedForward());
        config.put("num_hidden_layers", shape.layers());
        config.put("num_attention_heads", shape.heads());
        config.put("num_key_value_heads", shape.keyValueHeads());
        config.put("max_position_embeddings", 2048);
        config.put("rms_norm_eps", 1e-5);
        config.put("rope_theta", 10_000.0);
        config.put("tie_word_embeddings", true);
        if (shape == Shape.GEMMA) {
            config.put("head_dim", shape.headWidth());
            config.put("hidden_activation", "gelu_pytorch_tanh");
            config.put("query_pre_attn_scalar", 256);
            config.put("sliding_window", 512);
            config.put("sliding_window_pattern", 6);
            config.put("rope_local_base_freq", 10_000.0);
        } else {
            config.put("hidden_act", "silu");
        }
        new ObjectMapper().writeValue(folder.resolve("config.json").toFile(), config);
        SplittableRandom random = new SplittableRandom(1);
        Path part = folder.resolve("model.part");
        if (shape.fileBytes() == Float.BYTES) {
            Map<String, INDArray> tensors = new LinkedHashMap<>();
            shape.tensors().forEach((name, sizes) -> tensors.put(
                    name, sizes.length == 1 ? Nd4j.ones(sizes[0]) : uniform(random, sizes[0], sizes[1])));
            SafeTensors.of(tensors, Map.of("format", "pt")).write(part);
        } else {
            writeBFloat16(part, random);
        }
        Files.move(part, folder.resolve("model.safetensors"), StandardCopyOption.REPLACE_EXISTING);
        if (shape.type().equals("llama")) {
            model(1).using("a0").save(folder.resolve("start"));
        }
    }

    /** Writes tensor by tensor, because the file is large. Factors of normalizations are 1, biases too. */
    private void writeBFloat16(Path file, SplittableRandom random) throws Exception {
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("__metadata__", Map.of("format", "pt"));
        long end = 0;
        for (Map.Entry<String, int[]> tensor : shape.tensors().entrySet()) {
            long begin = end;
            end += Short.BYTES * Arrays.stream(tensor.getValue()).asLongStream().reduce(1, (a, b) -> a * b);
            header.put(
                    tensor.getKey(),
                    Map.of("dtype", "BF16", "shape", tensor.getValue(), "data_offsets", new long[] {begin, end}));
        }
        byte[] json = new ObjectMapper().writeValueAsBytes(header);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 20)) {
            out.write(ByteBuffer.allocate(Long.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(json.length)
                    .array());
            out.write(json);
            for (int[] sizes : shape.tensors().values()) {
                int rows = sizes.length == 1 ? 1 : sizes[0];
                byte[] row = new byte[Short.BYTES * sizes[sizes.length - 1]];
                for (int i = 0; i < rows; i++) {
                    for (int j = 0; j < row.length; j += Short.BYTES) {
                        int bits = Float.floatToIntBits(sizes.length == 1 ? 1 : uniform(random));
                        row[j] = (byte) (bits >> Short.SIZE);
                        row[j + 1] = (byte) (bits >> Short.SIZE + Byte.SIZE);
                    }
                    out.write(row);
                }
            }
        }
    }

    private static float uniform(SplittableRandom random) {
        return (float) (0.07 * (random.nextDouble() - 0.5));
    }

    private static INDArray uniform(SplittableRandom random, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = uniform(random);
        }
        return Nd4j.create(values, new int[] {rows, columns});
    }

    private Precision storage() {
        return Precision.valueOf(settings.get("storage").toUpperCase(Locale.ROOT));
    }

    private Network network() throws Exception {
        Path files = Path.of(settings.getOrDefault("gguf", settings.get("folder")));
        return storage() == Precision.FLOAT
                ? PretrainedModel.load(files).causal()
                : PretrainedModel.load(files, BaseStorage.of(storage())).causal();
    }

    private LoRAModel model(int adapters) throws Exception {
        LoRAModel model = LoRAModel.of(network());
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
    private int[] tokens(int length, int start) {
        return IntStream.range(0, length)
                .map(i -> (int) ((start + i * 7919L) % shape.vocabulary()))
                .toArray();
    }

    private Sequences texts() {
        int[] lengths = switch (settings.get("data")) {
            case "even" -> new int[] {128, 128};
            case "uneven" -> new int[] {128, 72, 40, 16};
            default -> new int[] {Integer.parseInt(settings.get("data"))}; // one text of so many tokens
        };
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
                .recomputeActivations(Boolean.parseBoolean(settings.get("recompute")))
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
        int adapters = Integer.parseInt(settings.get("adapters"));
        LoRAModel model = model(adapters);
        Generator generator = Generator.of(adapters == 0 ? model.base() : model.using("a0"));
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(COUNT);
        int[] prompt = tokens(PROMPT, 0);
        result.put("numbers", generator.generate(prompt, options).newTokens().subList(0, COMPARED));
        measure(result, COUNT, () -> {
            generator.forget();
            generator.generate(prompt, options);
        });
        result.put("bytes", shape.matrixElements() * bits() / Byte.SIZE);
    }

    /** The bits of an element of a matrix, without the scales of rows. */
    private int bits() {
        return switch (storage()) {
            case FLOAT -> 32;
            case BFLOAT16 -> 16;
            case INT8, INT8_DYNAMIC -> 8;
            case INT4 -> 5;
        };
    }

    /** The milliseconds from the start of the process to the loaded model, and to the first token after a prompt. */
    private void first(Map<String, Object> result) throws Exception {
        long start = ManagementFactory.getRuntimeMXBean().getStartTime();
        result.put("main", System.currentTimeMillis() - start);
        Generator generator = Generator.of(model(0).base());
        result.put("loaded", System.currentTimeMillis() - start);
        result.put("numbers", generator.generate(tokens(PROMPT, 0), GenerationOptions.greedy().withMaxTokens(1)).newTokens());
        result.put("first", System.currentTimeMillis() - start);
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
        result.put("numbers", generator.generate(prompt, options).newTokens());
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
        private final OperatingSystemMXBean system =
                (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        private final long begin = System.nanoTime();
        private long last = begin;
        private long cpuBegin = system.getProcessCpuTime();

        /** Counts an operation. Returns true if another one is to follow. */
        boolean tick() {
            long now = System.nanoTime();
            if (last - begin >= warm) {
                times.add(now - last);
            } else {
                cpuBegin = system.getProcessCpuTime();
            }
            last = now;
            return now - begin < warm + seconds || times.size() < 3;
        }

        /** Adds the median time of a part of an operation, and the mean processor time of all threads of this process. */
        void addTo(Map<String, Object> result, int parts) {
            Collections.sort(times);
            result.put("nanos", times.get(times.size() / 2) / (double) parts);
            result.put("cpu", (system.getProcessCpuTime() - cpuBegin) / (double) times.size() / parts);
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
