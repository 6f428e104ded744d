import dev.langchain4j.model.embedding.onnx.allminilml6v2.AllMiniLmL6V2EmbeddingModel;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.LoRAModel;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.lora4j.text.task.Embed;

/**
 * Embeds one sentence and ends: the least that a process with a model does. It prints the first number of the embedding. The
 * arguments are a folder with all-MiniLM-L6-v2, or nothing for LangChain4j's own model in ONNX Runtime; see src/bench/first, which
 * starts it.
 */
public final class FirstEmbedding {
    private static final String SENTENCE = "How do I return a parcel that arrived damaged?";

    private FirstEmbedding() {}

    public static void main(String[] args) throws Exception {
        System.out.println(args.length == 0 ? OnnxRuntime.embed() : ours(Path.of(args[0])));
    }

    private static float ours(Path folder) throws Exception {
        try (TextModel model = TextModel.open(ModelSource.of(folder), BaseStorage.of(Precision.FLOAT));
                TextService service =
                        TextService.builder(model).allowBase(true).build()) {
            return service.answer(
                            Embed.class,
                            LoRAModel.BASE,
                            Embed.Texts.of(List.of(SENTENCE)),
                            RequestOptions.defaults())
                    .values()
                    .get(0)[0];
        }
    }

    /** A class of its own, which is not loaded without LangChain4j. */
    private static final class OnnxRuntime {
        static float embed() {
            return new AllMiniLmL6V2EmbeddingModel().embed(SENTENCE).content().vector()[0];
        }
    }
}
