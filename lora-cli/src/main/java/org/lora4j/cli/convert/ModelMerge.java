package org.lora4j.cli.convert;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.cli.file.OutputPath;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.io.ModelSource;
import org.lora4j.io.gguf.model.GgufPrecision;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.MergedTask;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Task;

/** Merges an adapter into its model, and writes the result as a folder of Hugging Face. */
public final class ModelMerge {
    /** The older files of a tokenizer, which only Python reads. */
    private static final List<String> OF_PYTHON =
            List.of("special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt");

    private ModelMerge() {}

    /**
     * Merges.
     *
     * @param model the folder of the model, which stays as it is
     * @param adapter the adapter
     * @param output the folder that is written, another one than those of the model and the adapter
     * @throws IOException if a file cannot be read or written, the adapter does not fit, or the result has no form in the files of
     *     Hugging Face
     */
    public static void merge(Path model, SavedAdapter adapter, Path output) throws IOException {
        ModelConfig config = ModelConfig.read(model);
        LoRAAdapter data = adapter.adapter();
        if (AdaptedModel.tags(adapter)) {
            PretrainedModel loaded = PretrainedModel.load(model);
            loaded.save(merged(AdaptedModel.tagger(loaded), adapter), output);
        } else if (TextClassifier.isClassifier(data)) {
            mergeClassifier(model, adapter, output);
        } else {
            if (config.isDecoder()) {
                AdaptedModel.requireNoClassifier(adapter, "a language model");
            }
            PretrainedModel loaded = PretrainedModel.load(model);
            loaded.save(merged(AdaptedModel.network(loaded, data), adapter), output);
        }
        OutputPath.deleteOtherModels(output, Set.of("model.safetensors"));
        copySettings(model, output, file -> !isWritten(file));
        Optional<Task> task = adapter.task();
        if (task.isPresent()) {
            MergedTask.write(task.get(), output, config.isDecoder());
        }
    }

    /** Copies the files of a model without weights, and those of its tokenizer, that are there. */
    static void copySettings(Path model, Path output, Predicate<String> isCopied) throws IOException {
        List<String> files = new ArrayList<>(PretrainedModel.settingFiles(ModelSource.of(model)));
        files.removeIf(isCopied.negate());
        files.addAll(OF_PYTHON);
        for (String file : files) {
            if (Files.exists(model.resolve(file))) {
                Path copy = output.resolve(file);
                Files.createDirectories(Objects.requireNonNull(copy.getParent()));
                Files.copy(model.resolve(file), copy, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    /**
     * Merges into a GGUF file.
     *
     * @param model the GGUF file, which stays as it is
     * @param adapter the adapter
     * @param precision the form of the matrices that change
     * @param output the GGUF file that is written
     * @throws IOException if a file cannot be read or written, or the adapter does not fit
     */
    public static void mergeGguf(Path model, SavedAdapter adapter, GgufPrecision precision, Path output)
            throws IOException {
        LoRAAdapter data = adapter.adapter();
        AdaptedModel.requireNoClassifier(adapter, "a GGUF file");
        PretrainedModel loaded = PretrainedModel.load(model);
        loaded.saveGguf(merged(AdaptedModel.network(loaded, data), adapter), model, precision, output);
    }

    private static Network merged(Network network, SavedAdapter adapter) throws IOException {
        LoRAModel adapted = LoRAModel.of(network);
        return adapted.add(TextClassifier.ADAPTER, adapter.adapter(adapted.network()))
                .merge();
    }

    /** Whether the merged model is saved with a file: those of the model and its modules. */
    private static boolean isWritten(String file) {
        return file.equals("modules.json") || Path.of(file).endsWith("config.json");
    }

    private static void mergeClassifier(Path model, SavedAdapter adapter, Path output) throws IOException {
        try (TextClassifier classifier =
                TextClassifier.openWithoutTexts(model, adapter, BaseStorage.of(Precision.FLOAT))) {
            if (classifier.head() == Head.MEAN) {
                String advice = PretrainedModel.load(model).canClassify() ? "train it with --head pooler, or " : "";
                throw new IOException(
                        adapter + ": a classifier that is merged must read the pooler, as the classes of Hugging"
                                + " Face do, found one that reads the mean; " + advice + "use the adapter as it is");
            }
            classifier.saveMerged(output);
        }
    }
}
