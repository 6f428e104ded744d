package org.lora4j.text.task;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.GgufSource;
import org.lora4j.io.ModelSource;
import org.lora4j.io.gguf.GgufAdapters;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.internal.Json;

/**
 * All files of an adapter's folder as they were at one moment: those of PEFT, and {@code task.json}. What is read from it later never
 * mixes two adapters, also if the folder has another one meanwhile. A GGUF file takes the place of a folder. Immutable.
 */
public final class SavedAdapter {
    private static final String CONFIG = "adapter_config.json";
    private static final Set<String> CLASSIFIERS = Set.of("SEQ_CLS", "TOKEN_CLS");

    private final Path folder;
    private final PeftFiles files;
    private final long length;
    private final @Nullable Task task;

    private SavedAdapter(Path folder, PeftFiles files, long length, @Nullable Task task) {
        this.folder = folder;
        this.files = files;
        this.length = length;
        this.task = task;
    }

    /**
     * Reads a folder.
     *
     * @param folder the folder of an adapter
     * @return its files
     * @throws IOException if a file is missing, damaged, or replaced all the time
     */
    public static SavedAdapter read(Path folder) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        return PeftAdapters.readWhole(folder, () -> {
            PeftFiles files = PeftAdapters.read(folder);
            return new SavedAdapter(
                    folder, files, files.tensorsLength(), TaskFile.read(folder).orElse(null));
        });
    }

    /**
     * Reads a folder, or a GGUF file of an adapter, which has llama.cpp's names and order of the rows.
     *
     * @param adapter the folder or the file
     * @param model the folder of its model, or a GGUF file; null if it is not known
     * @return its files
     * @throws IOException as {@link #read(Path)}, or if the GGUF file cannot be read as by {@link GgufAdapters#load}, or no model is given
     *     with it
     */
    public static SavedAdapter read(Path adapter, @Nullable Path model) throws IOException {
        Objects.requireNonNull(adapter, "adapter must not be null");
        if (!GgufSource.is(adapter)) {
            return read(adapter);
        }
        if (model == null) {
            throw new IOException(adapter
                    + ": the GGUF file of an adapter must be read with its model, which decides the order of the rows,"
                    + " found none; give the model with --model");
        }
        try {
            return of(
                    adapter, GgufAdapters.load(adapter, ModelConfig.read(model).ggufModel()));
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /**
     * Reads the GGUF file of an adapter as it is stored, to look at it without its model; see {@link GgufAdapters#loadAsStored}.
     *
     * @param file the file
     * @return an adapter that fits no model
     * @throws IOException if the file cannot be read
     */
    public static SavedAdapter readAsStored(Path file) throws IOException {
        return of(file, GgufAdapters.loadAsStored(file));
    }

    private static SavedAdapter of(Path file, LoRAAdapter adapter) throws IOException {
        return new SavedAdapter(file, PeftFiles.of(adapter), Files.size(file), null);
    }

    /**
     * Returns where the adapter was read.
     *
     * @return the folder, whose files may be others now; or the GGUF file
     */
    public Path folder() {
        return folder;
    }

    /**
     * Returns the name of the adapter.
     *
     * @return the name of its folder, or of its GGUF file without the ending
     */
    public String name() {
        return ModelSource.of(folder).name();
    }

    /**
     * Returns the size of the file with its numbers.
     *
     * @return its bytes
     */
    public long length() {
        return length;
    }

    /**
     * Returns PEFT's files.
     *
     * @return the configuration and the tensors
     */
    public PeftFiles files() {
        return files;
    }

    /**
     * Returns what stands in {@code task.json}.
     *
     * @return the task; nothing if there is no such file
     */
    public Optional<Task> task() {
        return Optional.ofNullable(task);
    }

    /**
     * Returns what the adapter is for, whoever wrote it.
     *
     * @param model the model
     * @param alone what the model does without an adapter, which holds for an adapter that says nothing
     * @return as {@link AdapterTask#ofPeft}
     * @throws IOException if the adapter is refused
     */
    public Task task(PretrainedModel model, Task alone) throws IOException {
        return task == null ? AdapterTask.ofPeft(adapter(), model, alone) : task;
    }

    /**
     * Returns what the adapter is for, before the weights of a model are read.
     *
     * @param alone what the model does without an adapter, which holds for an adapter that says nothing
     * @return as {@link #task(PretrainedModel, Task)}; nothing for an adapter of PEFT with a classifier, whose head depends on the model
     * @throws IOException if the adapter is refused
     */
    public Optional<Task> task(Task alone) throws IOException {
        return task == null ? AdapterTask.withoutClassifier(adapter(), alone) : Optional.of(task);
    }

    /**
     * Returns whether the files say that the adapter classifies, tags or scores texts.
     *
     * @return what {@code task.json} says, or whether PEFT's type is {@code SEQ_CLS} or {@code TOKEN_CLS}
     * @throws IOException if the configuration is no JSON object
     */
    public boolean classifies() throws IOException {
        if (task != null) {
            return !(task instanceof Embed);
        }
        String place = folder.resolve(CONFIG).toString();
        try {
            return CLASSIFIERS.contains(Json.object(place, new String(files.config(), StandardCharsets.UTF_8))
                    .path("task_type")
                    .asText());
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /**
     * Returns the adapter without its base.
     *
     * @return the adapter, of FLOAT arrays
     * @throws IOException if it is refused as by {@link PeftFiles#adapter()}
     */
    public LoRAAdapter adapter() throws IOException {
        return named(files::adapter);
    }

    /**
     * Returns the adapter for its base.
     *
     * @param base the model to be adapted
     * @return the adapter, in the type of the base
     * @throws IOException if it is refused as by {@link PeftFiles#adapter(BaseModel)}
     */
    public LoRAAdapter adapter(BaseModel base) throws IOException {
        return named(() -> files.adapter(base));
    }

    /** What was read from a GGUF file does not know its name. */
    private LoRAAdapter named(PeftAdapters.WholeReading<LoRAAdapter> reading) throws IOException {
        try {
            return reading.read();
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage());
            throw message.contains(folder.toString()) ? e : new IOException(folder + ": " + message, e);
        }
    }

    @Override
    public String toString() {
        return folder.toString();
    }
}
