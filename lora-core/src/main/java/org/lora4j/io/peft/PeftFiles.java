package org.lora4j.io.peft;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.MessageText;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.internal.ArrayBytes;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.io.safetensors.SafeTensorsReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An adapter as the content of PEFT's two files, for stores other than folders: databases, object stores, messages.
 *
 * <pre>{@code
 * PeftFiles files = PeftFiles.of(adapter, base);
 * store(files.config(), files.tensors());                                   // two byte arrays
 * LoRAAdapter same = PeftFiles.read(config, tensors).adapter(base);
 * }</pre>
 *
 * <p>The checks are those of {@link PeftAdapters}, except that any configuration is taken: a store has to keep the two
 * together, and may write the JSON in its own way. So this class also reads a folder whose configuration was edited by hand.
 * Immutable.
 */
public final class PeftFiles {
    private static final String IN_MEMORY = "adapter in memory";
    private static final Logger log = LoggerFactory.getLogger(PeftFiles.class);
    private static final String SEED = "lora4j.seed";

    private final String source;
    private final byte[] config;
    private final TensorSource tensors;
    private final ReadOptions options;

    /** Holds what comes from a source, which messages name. */
    PeftFiles(String source, byte[] config, TensorSource tensors, ReadOptions options) {
        this.source = source;
        this.config = config;
        this.tensors = tensors;
        this.options = options;
    }

    /**
     * Creates the files of an adapter without fingerprints of its base.
     *
     * @param adapter the adapter
     * @return the files; they hold the arrays of the adapter, not copies
     * @throws IllegalArgumentException if the arrays are not those that the configuration says, or hold NaN or infinite numbers
     */
    public static PeftFiles of(LoRAAdapter adapter) {
        return create(adapter, null, Map.of());
    }

    /**
     * Creates the files of an adapter with fingerprints of its base.
     *
     * @param adapter the adapter
     * @param base the model that it adapts
     * @return the files; they hold the arrays of the adapter, not copies
     * @throws IllegalArgumentException if the arrays are not those that the configuration says for this base, or hold NaN or
     *     infinite numbers
     */
    public static PeftFiles of(LoRAAdapter adapter, BaseModel base) {
        Objects.requireNonNull(base, "base must not be null");
        return create(adapter, base, Map.of());
    }

    /**
     * Creates the files of an adapter that was computed of others, with the fingerprints of their base. They have none if one of the
     * others has none, or two of them were saved with different bases, which is logged as a warning.
     *
     * @param adapter the adapter
     * @param sources the files of the adapters of which it was computed, at least one
     * @return the files; they hold the arrays of the adapter, not copies
     * @throws IllegalArgumentException if there is no source, the arrays are not those that the configuration says, or hold NaN or
     *     infinite numbers
     */
    public static PeftFiles of(LoRAAdapter adapter, List<PeftFiles> sources) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        if (sources.isEmpty()) {
            throw new IllegalArgumentException("sources must have at least one adapter, found none");
        }
        Map<String, String> fingerprints =
                Fingerprint.common(sources.stream().map(PeftFiles::fingerprints).toList());
        Map<String, String> ofLayers = new LinkedHashMap<>();
        for (String path : adapter.weights().keySet()) {
            String fingerprint = fingerprints.get(Fingerprint.KEY + path);
            if (fingerprint != null) {
                ofLayers.put(Fingerprint.KEY + path, fingerprint);
            }
        }
        return create(adapter, null, ofLayers);
    }

    /** Returns the fingerprints of the base, by {@link Fingerprint#KEY} and the path of the layer. */
    private Map<String, String> fingerprints() {
        Map<String, String> fingerprints = new LinkedHashMap<>(tensors.header().metadata());
        fingerprints.keySet().removeIf(key -> !key.startsWith(Fingerprint.KEY));
        return fingerprints;
    }

    /**
     * Returns how many layers have a fingerprint of their base.
     *
     * @return the number of layers; 0 for an adapter that PEFT wrote
     */
    public int fingerprintCount() {
        return fingerprints().size();
    }

    /**
     * Returns the size of {@code adapter_model.safetensors}.
     *
     * @return its bytes
     */
    public long tensorsLength() {
        return tensors.header().fileLength();
    }

    /**
     * Returns the tensors of an adapter that are weights of the base. PEFT stores them with an adapter of an embedding or of a head, and
     * computes with them. {@link #adapter(BaseModel)} refuses those that are not the base's; {@link #adapter()} cannot compare them and
     * leaves them out.
     *
     * @return the names of the tensors; mostly none
     */
    public List<String> baseCopies() {
        FileKeys keys = FileKeys.read(tensors.header(), path -> true, key -> false);
        return BaseCopies.weights(keys).stream().map(keys::name).toList();
    }

    private static PeftFiles create(LoRAAdapter adapter, @Nullable BaseModel base, Map<String, String> fingerprints) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        SafeTensorsBuilder tensors = SafeTensors.builder().metadata("format", "pt");
        PeftTensors.of(adapter, base).forEach((key, array) -> tensors.tensor(key.text(), array));
        if (adapter.config().seed() != 0) {
            tensors.metadata(SEED, Long.toString(adapter.config().seed()));
        }
        Map<String, String> ofBase = base == null
                ? fingerprints
                : Fingerprint.metadata(base, adapter.weights().keySet());
        ofBase.forEach(tensors::metadata);
        byte[] config =
                PeftConfigWriter.toBytes(adapter.config(), adapter.weights().keySet());
        TensorSource source = TensorSource.of(PeftFolder.withConfigHash(config, tensors));
        return new PeftFiles(IN_MEMORY, config, source, ReadOptions.defaults());
    }

    /**
     * Reads the two files from bytes with {@link ReadOptions#defaults()}.
     *
     * @param config the content of {@code adapter_config.json}; copied
     * @param tensors the content of {@code adapter_model.safetensors}; copied
     * @return the files
     * @throws IOException if they are refused as by {@link #read(byte[], byte[], ReadOptions)}
     */
    public static PeftFiles read(byte[] config, byte[] tensors) throws IOException {
        return read(config, tensors, ReadOptions.defaults());
    }

    /**
     * Reads the two files from bytes. Only the header of the tensors is read here; {@link #adapter} reads the tensors.
     *
     * @param config the content of {@code adapter_config.json}; copied
     * @param tensors the content of {@code adapter_model.safetensors}; copied
     * @param options how much is read here, and what {@link #adapter(BaseModel)} does if the adapter was saved with another
     *     base
     * @return the files
     * @throws PeftFormatException if the configuration is too large
     * @throws SafeTensorsException if the tensors are damaged or too large
     */
    public static PeftFiles read(byte[] config, byte[] tensors, ReadOptions options) throws IOException {
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(tensors, "tensors must not be null");
        Objects.requireNonNull(options, "options must not be null");
        requireSize(config.length, options);
        return inMemory(config.clone(), tensors.clone(), options);
    }

    /**
     * Reads the two files from streams with {@link ReadOptions#defaults()}.
     *
     * @param config the content of {@code adapter_config.json}
     * @param tensors the content of {@code adapter_model.safetensors}
     * @return the files
     * @throws IOException if they are refused as by {@link #read(InputStream, InputStream, ReadOptions)}
     */
    public static PeftFiles read(InputStream config, InputStream tensors) throws IOException {
        return read(config, tensors, ReadOptions.defaults());
    }

    /**
     * Reads the two files from streams, each to its end, and no more than the limits allow. The streams are not closed.
     *
     * @param config the content of {@code adapter_config.json}
     * @param tensors the content of {@code adapter_model.safetensors}, at most 2,147,483,639 bytes
     * @param options how much is read here, and what {@link #adapter(BaseModel)} does if the adapter was saved with another
     *     base
     * @return the files
     * @throws PeftFormatException if the configuration is too large
     * @throws SafeTensorsException if the tensors are damaged or too large
     * @throws IOException if a stream cannot be read
     */
    public static PeftFiles read(InputStream config, InputStream tensors, ReadOptions options) throws IOException {
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(tensors, "tensors must not be null");
        Objects.requireNonNull(options, "options must not be null");
        byte[] configBytes = config.readNBytes(oneMore(options.configBytes()));
        requireSize(configBytes.length, options);
        return inMemory(configBytes, tensors.readNBytes(oneMore(options.fileBytes())), options);
    }

    /** One byte beyond a limit shows that it is exceeded. */
    private static int oneMore(long limit) {
        return (int) Math.min(limit, ArrayBytes.LARGEST_ARRAY - 1) + 1;
    }

    private static void requireSize(int found, ReadOptions options) throws PeftFormatException {
        if (found > options.configBytes()) {
            throw PeftFolder.tooLarge(place(IN_MEMORY, PeftFolder.CONFIG), found, options);
        }
    }

    private static PeftFiles inMemory(byte[] config, byte[] tensors, ReadOptions options) throws SafeTensorsException {
        String place = place(IN_MEMORY, PeftFolder.TENSORS);
        TensorSource source = TensorSource.of(SafeTensorsReader.of(place, tensors, options));
        return new PeftFiles(IN_MEMORY, config, source, options);
    }

    /**
     * Returns the content of {@code adapter_config.json}.
     *
     * @return a copy of the bytes
     */
    public byte[] config() {
        return config.clone();
    }

    /**
     * Returns the content of {@code adapter_model.safetensors}.
     *
     * @return new bytes
     */
    public byte[] tensors() {
        return all().toBytes();
    }

    /**
     * Writes the two files to streams, which are not closed.
     *
     * @param configTo gets the content of {@code adapter_config.json}
     * @param tensorsTo gets the content of {@code adapter_model.safetensors}
     * @throws IOException if a stream cannot be written
     */
    public void write(OutputStream configTo, OutputStream tensorsTo) throws IOException {
        Objects.requireNonNull(configTo, "configTo must not be null");
        Objects.requireNonNull(tensorsTo, "tensorsTo must not be null");
        configTo.write(config);
        configTo.flush();
        all().write(tensorsTo);
    }

    /**
     * Saves the adapter; see {@link PeftAdapters}.
     *
     * @param folder the folder, created if it does not exist; an adapter in it is replaced
     * @throws IOException if the files cannot be written; the old adapter is still there then
     */
    public void save(Path folder) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        new PeftFolder(folder).write(config, all());
    }

    /** Returns the same files in memory, which stay as they are if those in the folder are replaced. */
    PeftFiles toMemory() throws IOException {
        return new PeftFiles(source, config, TensorSource.of(tensors.all()), options);
    }

    /**
     * Reads the adapter whose base is not at hand. The tensors are compared with the configuration and with each other.
     *
     * @return the adapter, of FLOAT arrays, its layers in the order of the file
     * @throws PeftFormatException if the adapter is refused; the message lists everything
     */
    public LoRAAdapter adapter() throws PeftFormatException {
        return fromMemory(null);
    }

    /**
     * Reads the adapter for a base. There must be exactly the tensors that the configuration says for this base. The options
     * with which the files were read say what happens if the adapter was saved with another base; by default a warning is
     * logged.
     *
     * @param base the model to be adapted
     * @return the adapter, in the type of the base, its layers in the order of the base
     * @throws PeftFormatException if the adapter is refused, does not fit the base or does not have the required
     *     fingerprints; the message lists everything
     */
    public LoRAAdapter adapter(BaseModel base) throws PeftFormatException {
        Objects.requireNonNull(base, "base must not be null");
        return fromMemory(base);
    }

    /**
     * Reads the adapter for a base; see {@link #adapter(BaseModel)}.
     *
     * @param base the model to be adapted
     * @param check what to do if the adapter was saved with another base, in place of what the options say
     * @return the adapter, in the type of the base, its layers in the order of the base
     * @throws PeftFormatException as {@link #adapter(BaseModel)}
     */
    public LoRAAdapter adapter(BaseModel base, FingerprintCheck check) throws PeftFormatException {
        return new PeftFiles(source, config, tensors, ReadOptions.of(check)).adapter(base);
    }

    private SafeTensors all() {
        try {
            return tensors.all();
        } catch (IOException e) {
            throw new AssertionError("reading from memory does not fail", e);
        }
    }

    private LoRAAdapter fromMemory(@Nullable BaseModel base) throws PeftFormatException {
        try {
            return toAdapter(base);
        } catch (PeftFormatException e) {
            throw e;
        } catch (IOException e) {
            // A tensor that no array can hold.
            throw new PeftFormatException(source, MessageText.line(String.valueOf(e.getMessage())), e);
        }
    }

    LoRAAdapter toAdapter(@Nullable BaseModel base) throws IOException {
        String tensorsPlace = place(source, PeftFolder.TENSORS);
        Map<String, String> metadata = tensors.header().metadata();
        LoRAConfig read = PeftConfigReader.read(
                place(source, PeftFolder.CONFIG), config, seed(tensorsPlace, metadata), base != null);
        BaseModel seen = base == null ? null : withPathsOfFile(tensorsPlace, base);
        LoRAAdapter adapter = PeftTensors.read(tensorsPlace, tensors, read, seen);
        if (seen != null) {
            Fingerprint.check(source, metadata, seen, adapter.weights().keySet(), options.fingerprintCheck());
        }
        if (seen != null && read.init().subtractsFromBase()) {
            adapter = againstBase(tensorsPlace, adapter, seen);
        }
        return seen instanceof PrefixedBase other ? other.toBase(adapter) : adapter;
    }

    /** Converts an adapter that was made for a base from which its initial update was subtracted. */
    private static LoRAAdapter againstBase(String place, LoRAAdapter adapter, BaseModel base)
            throws PeftFormatException {
        log.warn(
                "{}: the adapter was made for a base from which its initial update ({}) was subtracted; this update is computed"
                        + " again from this base, which must be the original one, and the adapter gets twice the rank",
                place,
                adapter.config().init());
        try {
            return adapter.againstBase(base);
        } catch (IllegalArgumentException e) {
            throw new PeftFormatException(place, MessageText.line(String.valueOf(e.getMessage())), e);
        }
    }

    /** The base under the paths that the adapter has for its layers, if they differ by a prefix. */
    private BaseModel withPathsOfFile(String place, BaseModel base) throws PeftFormatException {
        Set<String> paths = Set.copyOf(base.paths());
        FileKeys keys = FileKeys.read(tensors.header(), paths::contains, key -> false);
        try {
            PathPrefix prefix = PathPrefix.find(keys.adapted(), paths).orElse(null);
            if (prefix == null) {
                return base;
            }
            log.info(
                    "{}: the adapter is one of another model with the same layers; they are applied {}", place, prefix);
            return new PrefixedBase(base, prefix);
        } catch (IllegalArgumentException e) {
            throw new PeftFormatException(place, MessageText.line(String.valueOf(e.getMessage())), e);
        }
    }

    private static String place(String source, String file) {
        return source.equals(IN_MEMORY)
                ? file + " in memory"
                : Path.of(source, file).toString();
    }

    private static long seed(String place, Map<String, String> metadata) throws PeftFormatException {
        String text = metadata.getOrDefault(SEED, "0");
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new PeftFormatException(
                    place,
                    "the metadata " + SEED + " must be an integer of 64 bits, found " + MessageText.quote(text),
                    e);
        }
    }

    @Override
    public String toString() {
        return "PeftFiles[" + config.length + " bytes of configuration, "
                + tensors.header().names().size() + " tensors]";
    }
}
