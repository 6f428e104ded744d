package org.lora4j.io.peft;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.WholeFolder;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.internal.AtomicFile;
import org.lora4j.io.safetensors.SafeTensorsException;

/**
 * Reads and writes adapters in the form of Python's PEFT: a folder with {@code adapter_config.json} and
 * {@code adapter_model.safetensors}. PEFT's {@code PeftModel.from_pretrained(model, folder)} opens a folder written here,
 * and this class reads a folder that {@code save_pretrained(folder)} wrote. {@link PeftFiles} does the same with bytes and
 * streams.
 *
 * <p>Reading is strict. It refuses tensors that are missing, unexpected or of another shape, features that are on and not
 * supported, and values of another type; the message lists all of them. It keeps unknown keys of newer writers, and warns if
 * they are on. It converts tensors of F16, BF16 and F64 to the type of the base, or to FLOAT without a base, and refuses values
 * that would become infinite. Methods such as PiSSA change the base. It reads adapters of them that were converted to
 * ordinary ones, as {@link org.lora4j.adapter.LoRAAdapter#againstBase} and PEFT's
 * {@code path_initial_model_for_weight_conversion} do. With the base it also converts those of PiSSA with an exact
 * decomposition and of OLoRA, within rounding; others are refused, because what was subtracted cannot be computed again.
 *
 * <p>Other spellings of the same adapter are read too: parts of wrapped models in names, frozen copies of the base that are
 * equal to it, state of a training. An adapter of a model whose paths differ from those of the base by one prefix, such as one
 * of a classifier ({@code bert.encoder…}) for an encoder ({@code encoder…}), gets the paths of the base; its head is left out,
 * which is logged.
 *
 * <p>The header is compared with the configuration and the base before any tensor is read, and {@link ReadOptions} bound what
 * is read.
 *
 * <p>Writing is atomic: a crash at any point leaves the old adapter or the new one, never half of each. Other files in the
 * folder stay. Readers and other writers may run at the same time, in this process or another one: a reader sees one adapter
 * as a whole, and a writer waits for the one before it. For that, a folder has the empty file {@code .lora4j.lock} after its
 * first save; it may be deleted while nobody saves.
 *
 * <p>The tensors have the hash of their configuration. A folder in which the two do not belong together is refused: after
 * {@code adapter_config.json} was edited by hand, read both files with {@link PeftFiles#read(byte[], byte[])}, and save the
 * adapter again. Tensors that PEFT wrote have no hash.
 *
 * <p>An adapter that is saved with its base has hashes of the weights it adapts; see {@link FingerprintCheck}. The seed is
 * stored too. The standard deviation of {@link org.lora4j.adapter.LoRAInit#gaussian} is not stored.
 *
 * @see <a href="https://huggingface.co/docs/peft/developer_guides/checkpoint">PEFT checkpoint format</a>
 */
public final class PeftAdapters {
    /** The name of the adapter that lies in the folder of a set itself, not in a sub-folder; PEFT's. */
    public static final String DEFAULT = "default";

    private PeftAdapters() {}

    /**
     * Saves an adapter without fingerprints of its base.
     *
     * @param adapter the adapter
     * @param folder the folder, created if it does not exist; an adapter in it is replaced
     * @throws IllegalArgumentException if the arrays are not those that the configuration says, or hold NaN or infinite numbers;
     *     nothing is written then
     * @throws IOException if the files cannot be written; the old adapter is still there then
     */
    public static void save(LoRAAdapter adapter, Path folder) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        PeftFiles.of(adapter).save(folder);
    }

    /**
     * Saves an adapter with fingerprints of its base.
     *
     * @param adapter the adapter
     * @param base the model that it adapts
     * @param folder the folder, created if it does not exist; an adapter in it is replaced
     * @throws IllegalArgumentException if the arrays are not those that the configuration says for this base, or hold NaN or
     *     infinite numbers; nothing is written then
     * @throws IOException if the files cannot be written; the old adapter is still there then
     */
    public static void save(LoRAAdapter adapter, BaseModel base, Path folder) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        PeftFiles.of(adapter, base).save(folder);
    }

    /**
     * Saves a set of adapters without fingerprints of their base; see {@link #saveAll(Map, BaseModel, Path)}.
     *
     * @param adapters the adapters by name
     * @param folder the folder
     * @throws IllegalArgumentException if a name or an adapter is refused; nothing is written then
     * @throws IOException if files cannot be written
     */
    public static void saveAll(Map<String, LoRAAdapter> adapters, Path folder) throws IOException {
        saveAll(adapters, folder, PeftFiles::of);
    }

    /**
     * Saves a set of adapters, each in the sub-folder of its name, and {@value #DEFAULT} in the folder itself. Each is
     * replaced as a whole, one after the other. Those in the folder that are not in the set stay.
     *
     * @param adapters the adapters by name
     * @param base the model that they adapt
     * @param folder the folder, created if it does not exist
     * @throws IllegalArgumentException if a name cannot be that of a folder on every platform, would leave the folder or
     *     differs from another only in case, or an adapter is refused as by {@link #save}; nothing is written then
     * @throws IOException if files cannot be written
     */
    public static void saveAll(Map<String, LoRAAdapter> adapters, BaseModel base, Path folder) throws IOException {
        Objects.requireNonNull(base, "base must not be null");
        saveAll(adapters, folder, adapter -> PeftFiles.of(adapter, base));
    }

    private static void saveAll(
            Map<String, LoRAAdapter> adapters, Path folder, Function<LoRAAdapter, PeftFiles> toFiles)
            throws IOException {
        Objects.requireNonNull(adapters, "adapters must not be null");
        Objects.requireNonNull(folder, "folder must not be null");
        AdapterNames.require(adapters.keySet());
        Map<String, PeftFiles> prepared = new LinkedHashMap<>();
        adapters.forEach((name, adapter) -> {
            try {
                prepared.put(name, toFiles.apply(adapter));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("adapter " + MessageText.quote(name) + ": " + e.getMessage(), e);
            }
        });
        for (Map.Entry<String, PeftFiles> entry : prepared.entrySet()) {
            String name = entry.getKey();
            entry.getValue().save(name.equals(DEFAULT) ? folder : folder.resolve(name));
        }
    }

    /**
     * Loads an adapter without its base. Tensors are compared with the configuration and each other. The options are
     * {@link ReadOptions#defaults()}.
     *
     * @param folder the folder
     * @return the adapter, of FLOAT arrays, its layers in the order of the file
     * @throws PeftFormatException if the folder holds no adapter, or one that is refused; the message lists everything
     * @throws SafeTensorsException if the file of the tensors is damaged
     * @throws IOException if a file cannot be read
     */
    public static LoRAAdapter load(Path folder) throws IOException {
        return loadFrom(folder, null, ReadOptions.defaults());
    }

    /**
     * Loads an adapter for a base with {@link ReadOptions#defaults()}: if it was saved with another base, a warning is logged.
     *
     * @param folder the folder
     * @param base the model to be adapted
     * @return the adapter, in the type of the base, its layers in the order of the base
     * @throws IOException if the adapter is refused as by {@link #load(Path, BaseModel, ReadOptions)}
     */
    public static LoRAAdapter load(Path folder, BaseModel base) throws IOException {
        return load(folder, base, ReadOptions.defaults());
    }

    /**
     * Loads an adapter for a base. There must be exactly the tensors that the configuration says for this base.
     *
     * @param folder the folder
     * @param base the model to be adapted
     * @param options what to do if the adapter was saved with another base, and how much is read
     * @return the adapter, in the type of the base, its layers in the order of the base
     * @throws PeftFormatException if the folder holds no adapter, or one that is refused, does not fit the base or does not
     *     have the required fingerprints; the message lists everything
     * @throws SafeTensorsException if the file of the tensors is damaged or exceeds a limit
     * @throws IOException if a file cannot be read
     */
    public static LoRAAdapter load(Path folder, BaseModel base, ReadOptions options) throws IOException {
        Objects.requireNonNull(base, "base must not be null");
        return loadFrom(folder, base, options);
    }

    /**
     * Reads the files of an adapter into memory, for several uses of one adapter: what is read from them later is of this moment,
     * whatever happens to the folder meanwhile. The options are {@link ReadOptions#defaults()}.
     *
     * @param folder the folder
     * @return the files
     * @throws PeftFormatException if a file is missing, or the two do not belong together
     * @throws SafeTensorsException if the file of the tensors is damaged
     * @throws IOException if a file cannot be read
     */
    public static PeftFiles read(Path folder) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        return readFrom(folder, ReadOptions.defaults(), PeftFiles::toMemory);
    }

    /**
     * Loads the adapters of a set without its base: the one in the folder itself as {@value #DEFAULT}, and one
     * for each sub-folder with an adapter. Other sub-folders are ignored.
     *
     * @param folder the folder
     * @return the adapters by name, {@value #DEFAULT} first, then in the order of their names; empty if there are none
     * @throws IOException if an adapter is refused as by {@link #load(Path)}, or the folder cannot be read
     */
    public static Map<String, LoRAAdapter> loadAll(Path folder) throws IOException {
        return loadAllFrom(folder, null, ReadOptions.defaults());
    }

    /**
     * Loads the adapters of a set for a base with {@link ReadOptions#defaults()}; see {@link #loadAll(Path)}.
     *
     * @param folder the folder
     * @param base the model to be adapted
     * @return the adapters by name, {@value #DEFAULT} first, then in the order of their names; empty if there are none
     * @throws IOException if an adapter is refused as by {@link #load(Path, BaseModel)}, or the folder cannot be read
     */
    public static Map<String, LoRAAdapter> loadAll(Path folder, BaseModel base) throws IOException {
        return loadAll(folder, base, ReadOptions.defaults());
    }

    /**
     * Loads the adapters of a set for a base; see {@link #loadAll(Path)}.
     *
     * @param folder the folder
     * @param base the model to be adapted
     * @param options what to do if an adapter was saved with another base, and how much is read of each adapter
     * @return the adapters by name, {@value #DEFAULT} first, then in the order of their names; empty if there are none
     * @throws IOException if an adapter is refused as by {@link #load(Path, BaseModel, ReadOptions)}, or the folder cannot
     *     be read
     */
    public static Map<String, LoRAAdapter> loadAll(Path folder, BaseModel base, ReadOptions options)
            throws IOException {
        Objects.requireNonNull(base, "base must not be null");
        return loadAllFrom(folder, base, options);
    }

    private static Map<String, LoRAAdapter> loadAllFrom(Path folder, @Nullable BaseModel base, ReadOptions options)
            throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        Objects.requireNonNull(options, "options must not be null");
        Map<String, LoRAAdapter> adapters = new LinkedHashMap<>();
        if (new PeftFolder(folder).exists()) {
            adapters.put(DEFAULT, loadFrom(folder, base, options));
        }
        List<Path> subfolders = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, Files::isDirectory)) {
            found.forEach(subfolders::add);
        }
        subfolders.sort(null);
        for (Path subfolder : subfolders) {
            if (new PeftFolder(subfolder).exists()) {
                String name = subfolder.getFileName().toString();
                if (adapters.put(name, loadFrom(subfolder, base, options)) != null) {
                    throw new PeftFormatException(
                            folder.toString(),
                            List.of("the name '" + DEFAULT + "' must be that of one adapter, found it in the folder"
                                    + " itself and in a sub-folder"));
                }
            }
        }
        return adapters;
    }

    /**
     * Reads from the folder of an adapter.
     *
     * @param <T> the type of the result
     */
    @FunctionalInterface
    public interface WholeReading<T> {
        /**
         * Reads what is needed.
         *
         * @return what was read
         * @throws IOException if a file cannot be read
         */
        T read() throws IOException;
    }

    /**
     * Reads several files of an adapter as they are at one moment, such as its weights and the {@code task.json} of the command line. If
     * the folder or a file of the adapter was replaced meanwhile, all is read again; so a caller never has the labels of one adapter and
     * the weights of another one.
     *
     * @param folder the folder of the adapter
     * @param reading reads the files; called again if they were replaced meanwhile, whether it failed or not
     * @param <T> the type of the result
     * @return what was read
     * @throws IOException what the reading throws, or if the files are replaced all the time
     */
    public static <T> T readWhole(Path folder, WholeReading<T> reading) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        Objects.requireNonNull(reading, "reading must not be null");
        return WholeFolder.read(folder, before -> reading.read());
    }

    private static LoRAAdapter loadFrom(Path folder, @Nullable BaseModel base, ReadOptions options) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        Objects.requireNonNull(options, "options must not be null");
        return readFrom(folder, options, files -> files.toAdapter(base));
    }

    private static <T> T readFrom(Path folder, ReadOptions options, PeftFolder.Reading<T> reading) throws IOException {
        try {
            return new PeftFolder(folder).read(options, reading);
        } catch (ClosedByInterruptException e) {
            throw AtomicFile.failure(folder + ": the adapter cannot be read, because the thread was interrupted", e);
        }
    }
}
