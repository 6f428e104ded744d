import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.serve.GenerationHandle;
import org.lora4j.serve.GenerationRequest;
import org.lora4j.serve.GenerationService;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Measures prompts that begin alike in a {@link GenerationService} of a Llama with random weights: the time to the first token of the second
 * conversation with a system prompt beside that of the first one, and how many tokens of the prompts of 16 conversations of 4 adapters are
 * computed. The arguments are key=value; src/bench/prompts starts it.
 */
public final class PromptWork {
    private static final int ADAPTERS = 4;
    private static final int CONVERSATIONS = 16;
    private static final int VOCABULARY = 4096;
    private static final int WARM = 15;

    private final SplittableRandom random = new SplittableRandom(1);
    private final int system;
    private final int question;
    private final int rounds;
    private final LoRAModel model;

    private PromptWork(Map<String, Integer> settings) {
        system = settings.get("system");
        question = settings.get("question");
        rounds = settings.get("rounds");
        model = model(settings.get("layers"), settings.get("width"));
    }

    public static void main(String[] args) {
        Map<String, Integer> settings =
                new HashMap<>(Map.of("layers", 8, "width", 256, "system", 1000, "question", 20, "rounds", 25));
        for (String arg : args) {
            settings.put(arg.substring(0, arg.indexOf('=')), Integer.valueOf(arg.substring(arg.indexOf('=') + 1)));
        }
        PromptWork work = new PromptWork(settings);
        work.firstTokens();
        work.conversations(true);
        work.conversations(false);
    }

    private static LoRAModel model(int layers, int width) {
        String config = """
                {"model_type": "llama", "vocab_size": %d, "hidden_size": %d, "num_hidden_layers": %d, "num_attention_heads": 4,
                 "num_key_value_heads": 2, "intermediate_size": %d, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5,
                 "rope_theta": 10000.0, "tie_word_embeddings": true, "hidden_act": "silu"}
                """.formatted(VOCABULARY, width, layers, 3 * width);
        Network network = PretrainedModel.initialize(ModelConfig.parse(config), DataType.FLOAT, 1).causal();
        LoRAModel model = LoRAModel.of(network);
        for (int i = 0; i < ADAPTERS; i++) {
            LoRAConfig adapter = LoRAConfig.builder()
                    .rank(8)
                    .alpha(16)
                    .targetModules("q_proj", "v_proj")
                    .init(LoRAInit.random())
                    .seed(i)
                    .build();
            model.add("a" + i, LoRAAdapter.initialize(network, adapter).adapter());
        }
        return model;
    }

    private int[] ids(int length) {
        return random.ints(length, 0, VOCABULARY).toArray();
    }

    private int[] prompt(int[] beginning) {
        int[] prompt = Arrays.copyOf(beginning, beginning.length + question);
        System.arraycopy(ids(question), 0, prompt, beginning.length, question);
        return prompt;
    }

    private static GenerationRequest request(String adapter, int[] prompt, int tokens) {
        return GenerationRequest.of(adapter, prompt, GenerationOptions.greedy().withMaxTokens(tokens));
    }

    /** Each round has a system prompt of its own. The first rounds are not counted: the JVM compiles. */
    private void firstTokens() {
        List<Double> first = new ArrayList<>();
        List<Double> second = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        long[] processors = new long[2];
        try (GenerationService service = GenerationService.builder(model).build()) {
            for (int round = -WARM; round < rounds; round++) {
                int[] beginning = ids(system);
                long before = processorNanos();
                double one = millisToToken(service, prompt(beginning));
                long between = processorNanos();
                double other = millisToToken(service, prompt(beginning));
                if (round >= 0) {
                    first.add(one);
                    second.add(other);
                    ratios.add(other / one);
                    processors[0] += between - before;
                    processors[1] += processorNanos() - between;
                }
            }
        }
        print("first token of the first conversation: %.1f ms, of the second: %.1f ms, ratio %.3f (medians of %d; ratio %.3f to %.3f)",
                median(first), median(second), median(ratios), rounds, ratios.get(0), ratios.get(rounds - 1));
        print("the same in time of the processors, which a busy machine changes less: %.1f ms, %.1f ms, ratio %.3f (means)",
                processors[0] / 1e6 / rounds, processors[1] / 1e6 / rounds, (double) processors[1] / processors[0]);
    }

    private static double millisToToken(GenerationService service, int[] prompt) {
        long begin = System.nanoTime();
        service.generate(request("a0", prompt, 1)).join();
        return (System.nanoTime() - begin) / 1e6;
    }

    private static long processorNanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }

    private static double median(List<Double> values) {
        values.sort(null);
        return values.get(values.size() / 2);
    }

    /** All arrive at once, and each answers 16 tokens. */
    private void conversations(boolean shares) {
        GenerationService.Builder builder = GenerationService.builder(model);
        try (GenerationService service = (shares ? builder : builder.maxPrefixBytes(0)).build()) {
            int[] tools = ids(system);
            List<GenerationHandle> all = new ArrayList<>();
            long begin = System.nanoTime();
            for (int i = 0; i < CONVERSATIONS; i++) {
                all.add(service.generate(request("a" + i % ADAPTERS, prompt(tools), 16)));
            }
            long prompts = 0;
            long reused = 0;
            for (GenerationHandle one : all) {
                prompts += one.join().promptTokens();
                reused += one.join().reusedTokens();
            }
            print("%d conversations of %d adapters, %s: %.1f %% of the tokens of the prompts computed, %.2f s until the last answer, %.1f MB kept",
                    CONVERSATIONS, ADAPTERS, shares ? "shared" : "not shared", 100.0 * (prompts - reused) / prompts,
                    (System.nanoTime() - begin) / 1e9, service.prefixBytes() / 1e6);
        }
    }

    private static void print(String form, Object... values) {
        System.out.println(String.format(Locale.ROOT, form, values));
    }
}
