package org.lora4j.cli.convert;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.Set;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.cli.file.OutputPath;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextModel;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.MergedTask;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Task;
import org.lora4j.text.tokens.Truncation;

/** Merges an adapter into its model, and writes the result as a file of ONNX with the files of the model that are no weights. */
public final class OnnxMerge {
    /** The name that other exporters give the file. */
    public static final String FILE = "model.onnx";

    private OnnxMerge() {}

    /**
     * Merges. The file computes what the adapter is for: embeddings, of the length that the adapter says; the logits of classes, of the
     * tags of each token, or the score of a pair; also those of a head that has no place in the files of Hugging Face. Its tokenizer cuts
     * texts where the adapter does.
     *
     * @param model the folder of the model, which stays as it is
     * @param adapter the adapter
     * @param output the folder that is written, another one than those of the model and the adapter
     * @throws IOException if a file cannot be read or written, the adapter does not fit or is for texts that a model generates
     * @throws IllegalArgumentException if the network has no form in ONNX
     */
    public static void merge(Path model, SavedAdapter adapter, Path output) throws IOException {
        try (TextModel opened = TextModel.open(ModelSource.of(model), BaseStorage.of(Precision.FLOAT))) {
            Task task = adapter.task(opened.model(), opened.task());
            if (!(task instanceof RowTask<?, ?> ofRows)) {
                throw new IOException(adapter
                        + ": an adapter that is merged into a file of ONNX must be one that embeds, classifies, tags or scores texts,"
                        + " found one for a model that " + task.does() + "; leave out --onnx");
            }
            Network merged = merged(opened, task, adapter);
            boolean isNew = !Files.exists(output);
            Files.createDirectories(output);
            try {
                merged.saveOnnx(output.resolve(FILE));
            } catch (IOException | RuntimeException e) {
                if (isNew) {
                    // A network without a form in ONNX leaves nothing.
                    Files.deleteIfExists(output);
                }
                throw e;
            }
            OutputPath.deleteOtherModels(output, Set.of(FILE, FILE + "_data"));
            ModelMerge.copySettings(model, output, file -> true);
            MergedTask.write(written(task), output, opened.model().config().isDecoder());
            // Who runs the file does not read the files of sentence embeddings.
            Truncation.write(ofRows.limit(opened.textTokens()), output);
        }
    }

    private static Network merged(TextModel opened, Task task, SavedAdapter adapter) throws IOException {
        OptionalInt length = task instanceof Embed embed ? embed.dimensions() : OptionalInt.empty();
        Network network =
                length.isPresent() ? opened.model().sentenceEmbeddings(length.getAsInt()) : opened.network(task.head());
        LoRAModel adapted = LoRAModel.of(network);
        LoRAAdapter data = adapter.adapter(network);
        task.requireFits(adapter, data, opened.hasOwn(task.head()));
        return adapted.add(TextClassifier.ADAPTER, data).merge();
    }

    /** The length of embeddings stands in the file of ONNX, so no other file need say it. */
    private static Task written(Task task) {
        return task instanceof Embed embed ? new Embed(embed.maxTokens(), OptionalInt.empty(), embed.prompts()) : task;
    }
}
