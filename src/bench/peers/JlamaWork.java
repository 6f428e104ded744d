import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.tjake.jlama.model.llama.LlamaConfig;
import com.github.tjake.jlama.model.llama.LlamaModel;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.SafeTensorSupport;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.KvBufferCache.KvBuffer;
import com.github.tjake.jlama.util.JsonSupport;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Generates with Jlama, with the vectors of the JVM and in single precision, and prints one line of JSON, as DecoderWork does. The
 * arguments are key=value; see comparison/users.py, which starts it. The prompt and the number of new tokens are those of
 * DecoderWork. It has no tokenizer: the model has random weights.
 */
final class JlamaWork extends LlamaModel {
    private static final int PROMPT = 16;
    private static final int COUNT = 128;
    private static final int COMPARED = 32;

    private JlamaWork(Path folder) throws Exception {
        super(
                config(folder),
                SafeTensorSupport.loadWeights(folder.toFile()),
                null,
                DType.F32,
                DType.F32,
                Optional.empty());
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> settings = new HashMap<>(Map.of("warm", "6", "seconds", "6"));
        for (String arg : args) {
            settings.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
        }
        double warm = Double.parseDouble(settings.get("warm")) * 1e9;
        double seconds = Double.parseDouble(settings.get("seconds")) * 1e9;
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        JlamaWork model = new JlamaWork(Path.of(settings.get("folder")));
        List<Integer> numbers = model.generate().subList(0, COMPARED);
        long begin = System.nanoTime();
        do {
            model.generate();
        } while (System.nanoTime() - begin < warm);
        List<Long> times = new ArrayList<>();
        long cpu = system.getProcessCpuTime();
        begin = System.nanoTime();
        long last = begin;
        while (last - begin < seconds || times.size() < 3) {
            model.generate();
            long now = System.nanoTime();
            times.add(now - last);
            last = now;
        }
        cpu = system.getProcessCpuTime() - cpu;
        Collections.sort(times);
        System.out.println(new ObjectMapper()
                .writeValueAsString(Map.of(
                        "numbers", numbers,
                        "nanos", times.get(times.size() / 2) / (double) COUNT,
                        "cpu", cpu / (double) times.size() / COUNT)));
        System.exit(0);
    }

    /** Jlama wants to know tokens that the file does not name. */
    private static LlamaConfig config(Path folder) throws Exception {
        ObjectNode config = (ObjectNode)
                JsonSupport.om.readTree(folder.resolve("config.json").toFile());
        return JsonSupport.om.treeToValue(config.put("bos_token_id", -1).put("eos_token_id", -1), LlamaConfig.class);
    }

    private List<Integer> generate() {
        int[] prompt = IntStream.range(0, PROMPT)
                .map(i -> (int) (i * 7919L % c.vocabularySize))
                .toArray();
        List<Integer> found = new ArrayList<>();
        try (KvBuffer cache = kvBufferCache.getEphemeralKvBuffer();
                AbstractTensor logits = makeDenseTensor(c.vocabularySize)) {
            try (AbstractTensor output = batchForward(prompt, 0, cache)) {
                found.add(sample(output.slice(PROMPT - 1), 0, 0, logits));
            }
            while (found.size() < COUNT) {
                int position = PROMPT + found.size() - 1;
                try (AbstractTensor output = forward(found.get(found.size() - 1), position, cache, Optional.empty())) {
                    found.add(sample(output, 0, 0, logits));
                }
                cache.incrementContextPosition();
            }
        }
        return found;
    }
}
