package org.lora4j.io.gguf;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.MessageText;
import org.lora4j.io.gguf.internal.GgufReader;
import org.lora4j.io.internal.AtomicFile;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.io.safetensors.Dtype;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Writes adapters of language models as GGUF files for llama.cpp and the programs around it, such as Ollama, and reads them. The file
 * that is written is what
 * llama.cpp's {@code convert_lora_to_gguf.py} writes of the same adapter, with its names of the layers and its order of the
 * rows, where that program writes an adapter that computes the same.
 *
 * <p>llama.cpp computes {@code α/r·B·A} with one α for all layers and the rank of each layer. If the scale of a layer is another
 * one, as with {@code alpha_pattern}, or with rsLoRA and several ranks, B of this layer is multiplied by what is missing. So
 * the file computes what the adapter does, within rounding.
 *
 * <p>A GGUF file has factors of weights, and nothing else. An adapter with more is refused: DoRA, biases, layers trained in
 * full, rows of tokens; layers that llama.cpp does not adapt, such as positions; and an adapted embedding or head if both share
 * one matrix, because llama.cpp does not tell them apart. {@link org.lora4j.algebra.AdapterConversion} makes LoRA of DoRA.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">The GGUF format</a>
 */
public final class GgufAdapters {
    private static final String EXTENSION = ".gguf";
    private static final int QUANTIZATION_VERSION = 2;

    private final LoRAAdapter adapter;
    private final GgufModel model;
    private final List<String> problems = new ArrayList<>();

    private GgufAdapters(LoRAAdapter adapter, GgufModel model) {
        this.adapter = adapter;
        this.model = model;
    }

    /**
     * Saves an adapter with numbers of 32 bits; see {@link #save(LoRAAdapter, GgufModel, Dtype, Path)}.
     *
     * @param adapter the adapter
     * @param model the model that it adapts
     * @param file the file, replaced if it exists; its folder must exist
     * @throws IllegalArgumentException if a GGUF file cannot hold the adapter
     * @throws IOException if the file cannot be written
     */
    public static void save(LoRAAdapter adapter, GgufModel model, Path file) throws IOException {
        save(adapter, model, Dtype.F32, file);
    }

    /**
     * Saves an adapter. The file appears completely or not at all. Its name without {@code .gguf} is stored as the name of the
     * adapter. The shapes are not compared with those of the model; llama.cpp does that when it loads the adapter.
     *
     * @param adapter the adapter
     * @param model the model that it adapts
     * @param precision {@link Dtype#F32} or {@link Dtype#F16}; halves are rounded to the nearest
     * @param file the file, replaced if it exists; its folder must exist
     * @throws IllegalArgumentException if the precision is another one, a GGUF file cannot hold the adapter, its layers are not
     *     those of the model, its arrays are not those that its configuration says, or a number is NaN, infinite or too large for
     *     the precision; the message lists what is wrong, and nothing is written
     * @throws IOException if the file cannot be written; an older file is still there then
     */
    public static void save(LoRAAdapter adapter, GgufModel model, Dtype precision, Path file) throws IOException {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(precision, "precision must not be null");
        Objects.requireNonNull(file, "file must not be null");
        if (precision != Dtype.F32 && precision != Dtype.F16) {
            throw new IllegalArgumentException("precision must be F32 or F16, found " + precision);
        }
        GgufFile content = new GgufAdapters(adapter, model).toFile(precision, nameOf(file));
        AtomicFile.write(file, channel -> content.writeTo(bytes -> AtomicFile.writeFully(channel, bytes)));
    }

    /**
     * Returns whether a GGUF file is one of an adapter.
     *
     * @param file the file
     * @return true if it says so
     * @throws IOException if it cannot be read, or breaks a rule of the format
     */
    public static boolean isAdapter(Path file) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        try (GgufReader reader = GgufReader.open(file)) {
            return reader.keys()
                    .text(GgufAdapterReader.TYPE)
                    .filter(GgufAdapterReader.ADAPTER::equals)
                    .isPresent();
        }
    }

    /**
     * Loads an adapter that {@link #save} or llama.cpp's {@code convert_lora_to_gguf.py} wrote, of any type of numbers that a model can
     * have. The rows of queries and keys get their order back. If the file has no α, or 0, the scale of each layer is 1, as in llama.cpp.
     *
     * @param file the file
     * @param model the model that the adapter was made for
     * @return the adapter, of FLOAT arrays, with the paths of the language model
     * @throws IOException if the file cannot be read, breaks a rule of the format, holds another kind of adapter or one of another
     *     architecture, or has factors that do not belong together, or are of no weight that llama.cpp adapts
     */
    public static LoRAAdapter load(Path file, GgufModel model) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        Objects.requireNonNull(model, "model must not be null");
        return GgufAdapterReader.read(file, model);
    }

    /**
     * Loads an adapter as it stands in the file, to look at it without its model: the layers have llama.cpp's names, such as
     * {@code blk.0.attn_q.weight}, and the rows the order of the file.
     *
     * @param file the file
     * @return the adapter, which fits no model
     * @throws IOException as {@link #load}
     */
    public static LoRAAdapter loadAsStored(Path file) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        return GgufAdapterReader.read(file, null);
    }

    private static String nameOf(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.endsWith(EXTENSION) ? name.substring(0, name.length() - EXTENSION.length()) : name;
    }

    private GgufFile toFile(Dtype precision, String name) {
        PeftFiles.of(adapter); // Refuses arrays that are not those of the configuration, NaN and infinities.
        float alpha = alpha();
        List<GgufTensor> tensors = new ArrayList<>();
        weightsByPath().forEach((path, weight) -> add(tensors, path, weight, alpha));
        refuse("magnitudes (DoRA)", pathsOf(LoRAWeights::magnitude));
        refuse("biases of B (lora_bias)", pathsOf(LoRAWeights::loraBBias));
        refuse("biases", List.copyOf(adapter.biases().keySet()));
        refuse(
                "layers trained in full (modules_to_save)",
                List.copyOf(adapter.savedModules().keySet()));
        refuse(
                "rows of tokens (trainable_token_indices)",
                List.copyOf(adapter.tokenRows().keySet()));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "a GGUF file must be able to hold the whole adapter, found " + String.join("; ", problems));
        }
        tensors.forEach(tensor -> tensor.requireFinite(precision));
        return new GgufFile(tensors, precision)
                .metadata(GgufAdapterReader.ARCHITECTURE, model.architecture())
                .metadata(GgufAdapterReader.TYPE, GgufAdapterReader.ADAPTER)
                .metadata(GgufAdapterReader.ADAPTER_TYPE, GgufAdapterReader.LORA)
                .metadata("general.name", name)
                .metadata(GgufAdapterReader.ALPHA, alpha)
                .metadata("general.quantization_version", QUANTIZATION_VERSION);
    }

    private interface OptionalArray {
        @Nullable
        INDArray of(LoRAWeights weights);
    }

    private List<String> pathsOf(OptionalArray array) {
        return adapter.weights().entrySet().stream()
                .filter(entry -> array.of(entry.getValue()) != null)
                .map(Map.Entry::getKey)
                .toList();
    }

    private void refuse(String what, List<String> paths) {
        if (!paths.isEmpty()) {
            problems.add(what + " of " + MessageText.list(paths));
        }
    }

    /** The adapted weights, in the order that the tensors have in PEFT's files. */
    private Map<String, GgufModel.Weight> weightsByPath() {
        Map<String, GgufModel.Weight> weights = new TreeMap<>();
        List<String> unknown = new ArrayList<>();
        for (String path : adapter.weights().keySet()) {
            Optional<GgufModel.Weight> weight = model.weightOf(path);
            if (weight.isEmpty()) {
                unknown.add(path);
            } else if (weights.containsValue(weight.get())) {
                problems.add("two updates of " + weight.get().name());
            } else {
                weights.put(path, weight.get());
            }
        }
        refuse(
                "layers that llama.cpp does not adapt in the architecture " + model.architecture() + ": updates",
                unknown);
        return weights;
    }

    private void add(List<GgufTensor> tensors, String path, GgufModel.Weight weight, float alpha) {
        LoRAWeights weights = Objects.requireNonNull(adapter.weights().get(path));
        boolean isEmbedding = weight.name().equals(GgufModel.EMBEDDING);
        boolean isOutput = weight.name().equals(GgufModel.OUTPUT);
        if (weights.kind() != (isEmbedding ? LayerKind.EMBEDDING : LayerKind.LINEAR)) {
            problems.add("an update of " + MessageText.quote(path) + " as of a layer of the kind " + weights.kind());
        } else if (model.tiedEmbeddings() && (isEmbedding || isOutput)) {
            problems.add("an update of " + MessageText.quote(path)
                    + ", where embedding and head share one matrix, which llama.cpp cannot adapt");
        } else {
            double factor = alpha == (float) alphaOf(path) ? 1 : alphaOf(path) / alpha;
            INDArray loraA = isEmbedding ? weights.loraA().transpose() : weights.loraA();
            tensors.add(GgufTensor.of(weight.name() + GgufAdapterReader.LORA_A, loraA));
            tensors.add(loraB(path, weight, weights.loraB(), factor));
        }
    }

    private GgufTensor loraB(String path, GgufModel.Weight weight, INDArray loraB, double factor) {
        String name = weight.name() + GgufAdapterReader.LORA_B;
        if (weight.interleavedHeads() == 0) {
            return new GgufTensor(name, loraB, row -> row, factor);
        }
        long expected = (long) weight.interleavedHeads() * model.headSize();
        if (loraB.size(0) != expected) {
            problems.add("an update of " + MessageText.quote(path) + " with " + loraB.size(0)
                    + " rows, where the model has " + expected);
        }
        return new GgufTensor(name, loraB, model::sourceRow, factor);
    }

    /** The α that gives the scale of a layer as α/r. */
    private double alphaOf(String path) {
        return adapter.config().scaleOf(path) * adapter.config().rankOf(path);
    }

    /** The α of the file: that of the first layer which has one. llama.cpp takes a scale of 1 if α is 0. */
    private float alpha() {
        for (String path : adapter.weights().keySet()) {
            float alpha = (float) alphaOf(path);
            if (alpha != 0 && Float.isFinite(alpha)) {
                return alpha;
            }
        }
        return 1;
    }
}
