import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.onnx.allminilml6v2.AllMiniLmL6V2EmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.store.embedding.CosineSimilarity;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.langchain4j.LoRAEmbeddingModel;
import org.lora4j.text.data.TextFiles;

/**
 * Embeds texts with all-MiniLM-L6-v2 through LangChain4j, with this library or with LangChain4j's own model in ONNX Runtime, as a
 * user has both without any setting, and prints the result as one line of JSON. The arguments are key=value; see
 * comparison/users.py, which starts it.
 */
public final class EmbeddingWork {
    private static final int TEXTS = 16;

    /** LangChain4j's tokenizer cuts at as many. */
    private static final int MOST_TOKENS = 128;

    private final Map<String, String> settings;
    private final List<String> passages;
    private final List<String> sentences;

    private EmbeddingWork(Map<String, String> settings) throws Exception {
        this.settings = settings;
        passages = TextFiles.read(Path.of(settings.get("texts")))
                .map(row -> row.labelled("text", "label").text())
                .stream()
                .limit(TEXTS)
                .toList();
        sentences = passages.stream()
                .map(text -> text.split("(?<=[.;?!]) ", 2)[0])
                .toList();
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> settings = new HashMap<>(Map.of("warm", "4", "seconds", "4"));
        for (String arg : args) {
            settings.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
        }
        EmbeddingWork work = new EmbeddingWork(settings);
        Map<String, Object> result = new LinkedHashMap<>();
        switch (settings.get("work")) {
            case "check" -> work.check(result);
            case "sentence" -> work.single(result, work.sentences);
            case "passage" -> work.single(result, work.passages);
            case "passages" -> work.all(result);
            default -> throw new IllegalArgumentException("unknown work " + settings.get("work"));
        }
        System.out.println(new ObjectMapper().writeValueAsString(result));
    }

    private EmbeddingModel ours() throws Exception {
        return LoRAEmbeddingModel.builder(Path.of(settings.get("folder")))
                .maxTokens(MOST_TOKENS)
                .build();
    }

    private EmbeddingModel model() throws Exception {
        return settings.get("side").equals("lora4j") ? ours() : new AllMiniLmL6V2EmbeddingModel();
    }

    /** The least cosine of the embeddings of both sides, and the tokens that each side counts in each text. */
    private void check(Map<String, Object> result) throws Exception {
        EmbeddingModel one = ours();
        EmbeddingModel other = new AllMiniLmL6V2EmbeddingModel();
        double cosine = 1;
        List<Integer> tokens = new ArrayList<>();
        List<Integer> otherTokens = new ArrayList<>();
        for (String text : Stream.concat(sentences.stream(), passages.stream()).toList()) {
            Response<Embedding> found = one.embed(text);
            Response<Embedding> expected = other.embed(text);
            cosine = Math.min(cosine, CosineSimilarity.between(found.content(), expected.content()));
            tokens.add(found.tokenUsage().inputTokenCount());
            otherTokens.add(expected.tokenUsage().inputTokenCount());
        }
        result.put("cosine", cosine);
        result.put("tokens", tokens);
        result.put("otherTokens", otherTokens);
    }

    private void single(Map<String, Object> result, List<String> texts) throws Exception {
        EmbeddingModel model = model();
        measure(result, texts.size(), () -> texts.forEach(model::embed));
    }

    private void all(Map<String, Object> result) throws Exception {
        EmbeddingModel model = model();
        List<TextSegment> texts = passages.stream().map(TextSegment::from).toList();
        measure(result, 1, () -> model.embedAll(texts));
    }

    /** Measures the time of an operation after a warm-up, and the processor time of all threads of this process. */
    private void measure(Map<String, Object> result, int parts, Runnable operation) {
        double warm = Double.parseDouble(settings.get("warm")) * 1e9;
        double seconds = Double.parseDouble(settings.get("seconds")) * 1e9;
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long begin = System.nanoTime();
        do {
            operation.run();
        } while (System.nanoTime() - begin < warm);
        List<Long> times = new ArrayList<>();
        long cpu = system.getProcessCpuTime();
        begin = System.nanoTime();
        long last = begin;
        while (last - begin < seconds || times.size() < 3) {
            operation.run();
            long now = System.nanoTime();
            times.add(now - last);
            last = now;
        }
        cpu = system.getProcessCpuTime() - cpu;
        Collections.sort(times);
        result.put("nanos", times.get(times.size() / 2) / (double) parts);
        result.put("cpu", cpu / (double) times.size() / parts);
    }
}
