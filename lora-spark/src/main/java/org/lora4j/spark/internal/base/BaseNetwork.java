package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.internal.memory.Recent;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.spark.internal.param.EncoderHead;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A base on its way to the executors: the file of {@link Network#save}, or the files of an encoder or a decoder. An executor that has the
 * broadcast of this object creates the network once, for all its tasks.
 */
public final class BaseNetwork implements SentBase {
    private static final long serialVersionUID = 1L;

    private static final int MOST_ADAPTERS = 10_000;
    private static final String MODULES = "modules.json";

    private final String path;
    /** The file of a network; null if the base is an encoder. */
    private final @Nullable SentFile file;
    /** The files of an encoder or a decoder; null if the base is the file of a network. */
    private final @Nullable SentModel model;

    private final EncoderSettings encoder;
    private final boolean isAdapted;
    private transient @Nullable Network network;
    private transient boolean poolsPrompt;
    private transient boolean hasOwnHead;
    private transient @Nullable BaseTokens tokens;
    private transient @Nullable RowTexts texts;
    /** What adapters that were loaded are for; a name that is missing can be read again. */
    private transient @Nullable Map<String, RowTexts> ofAdapters;

    private BaseNetwork(
            String path,
            @Nullable SentFile file,
            @Nullable SentModel model,
            EncoderSettings encoder,
            boolean isAdapted) {
        this.path = path;
        this.file = file;
        this.model = model;
        this.encoder = encoder.require();
        this.isAdapted = isAdapted;
    }

    /**
     * Reads a base for a broadcast; only the path of its tensors if they have more than some bytes.
     *
     * @param path a file or a folder, on any file system of Hadoop
     * @param encoder how an encoder becomes a network
     * @param hadoop the settings of the file systems
     * @param mostBytes the most bytes that are sent
     * @param isAdapted whether it computes with adapters, which can bring a classifier
     */
    public static BaseNetwork read(
            String path, EncoderSettings encoder, Configuration hadoop, long mostBytes, boolean isAdapted) {
        Path place = new Path(path);
        try {
            return SentModel.is(place, hadoop)
                    ? new BaseNetwork(path, null, SentModel.read(place, hadoop, mostBytes), encoder, isAdapted)
                    : new BaseNetwork(
                            path,
                            SentFile.read(place, new SerializableConfiguration(hadoop), mostBytes),
                            null,
                            encoder,
                            isAdapted);
        } catch (IOException e) {
            throw unreadable(path, "the driver", e);
        }
    }

    static UncheckedIOException unreadable(String path, String who, IOException e) {
        return new UncheckedIOException(
                "basePath: " + path + " must be a file of Network.save, a GGUF file, or a folder with config.json and"
                        + " model.safetensors, that " + who + " can read, found: " + e.getMessage()
                        + "; set basePath to where the base is now. A model that is saved with saveBase has a copy of it",
                e);
    }

    /** Whether the input is tokens or texts. */
    public boolean isEncoder() {
        return model != null;
    }

    /** What the model of a folder ends with. */
    public EncoderHead head() {
        return encoder.head();
    }

    /** Whether the model is a decoder. */
    public boolean isDecoder() {
        return model != null && config(model).isDecoder();
    }

    @Override
    public synchronized Network network() {
        Network loaded = network;
        if (loaded == null) {
            loaded = load();
            network = loaded;
        }
        return loaded;
    }

    private Network load() {
        try {
            if (model == null) {
                return Network.fromTensors(Objects.requireNonNull(file).tensors());
            }
            requireHead();
            PretrainedModel loaded = PretrainedModel.load(model.source(), DataType.FLOAT);
            EncoderHead head = encoder.head();
            poolsPrompt = head != EncoderHead.EMBEDDING || loaded.poolsPrompt();
            if (head == EncoderHead.YES_NO) {
                hasOwnHead = true;
                return RowTexts.answer(loaded, tokens().get());
            }
            hasOwnHead = !head.hasClassifier()
                    || encoder.labels() > 0
                    || (head == EncoderHead.CLASSIFIER && loaded.hasClassifier());
            // Each adapter puts its own classifier in the place of this one.
            int labels = isAdapted && !hasOwnHead ? 1 : encoder.labels();
            return head.network(loaded, labels, encoder.dimensions());
        } catch (IOException e) {
            throw unreadable(path, "every executor", e);
        }
    }

    /**
     * Checks that the model of a folder can have the head, without reading the weights.
     *
     * @throws IllegalArgumentException if it cannot
     */
    public void requireHead() {
        SentModel files = Objects.requireNonNull(model);
        EncoderHead head = encoder.head();
        if (!config(files).isDecoder()) {
            require(head != EncoderHead.YES_NO, "yesNo", "an encoder", "classifier, meanClassifier or embedding");
            return;
        }
        require(head != EncoderHead.MEAN_CLASSIFIER, "meanClassifier", "a decoder", "classifier");
        require(
                head != EncoderHead.EMBEDDING || has(files, MODULES),
                "embedding",
                "a decoder without " + MODULES,
                "classifier");
        require(
                head != EncoderHead.CLASSIFIER || encoder.pairs() == null,
                "classifier",
                "a decoder with pairCol",
                "yesNo");
        if (head == EncoderHead.CLASSIFIER && encoder.hasPrompt()) {
            throw new IllegalArgumentException(
                    "promptName and prompt must not be set if a classifier is on a decoder, found one; clear it");
        }
    }

    private void require(boolean fits, String head, String model, String other) {
        if (!fits) {
            throw new IllegalArgumentException("encoderHead must fit the model, found '" + head + "' for " + model
                    + " in basePath: " + path + "; set " + other);
        }
    }

    private boolean has(SentModel files, String name) {
        try {
            return files.source().has(name);
        } catch (IOException e) {
            throw unreadable(path, "every executor", e);
        }
    }

    private ModelConfig config(SentModel files) {
        try {
            return ModelConfig.read(files.source());
        } catch (IOException e) {
            throw unreadable(path, "every executor", e);
        }
    }

    /**
     * Checks that tokens are enough to compute the network.
     *
     * @throws IllegalArgumentException if the pooling leaves prompts out, and so must know which tokens are one
     */
    public void requireTokensAreEnough() {
        network();
        if (!poolsPrompt) {
            throw new IllegalArgumentException(
                    "featuresCol must be a column of texts if include_prompt of the pooling is"
                            + " false, found tokens, which do not say how many of them are a prompt");
        }
    }

    private synchronized BaseTokens tokens() {
        if (tokens == null) {
            tokens = new BaseTokens(path, Objects.requireNonNull(model), encoder.head() == EncoderHead.EMBEDDING);
        }
        return tokens;
    }

    /** What the parameters of the stage say of the texts and the outputs of rows. Only encoders and decoders have it. */
    public synchronized RowTexts texts() {
        if (texts == null) {
            texts = new RowTexts(RowTexts.task(encoder, isDecoder()), encoder, tokens(), network());
        }
        return texts;
    }

    /**
     * What an adapter says of the texts and the outputs of rows.
     *
     * @param adapter the name of an adapter that was loaded, or that of the base alone
     * @return nothing if so many others were loaded since then that it is forgotten
     * @throws InvalidRowException if the base alone has no head
     */
    public synchronized @Nullable RowTexts texts(String adapter) {
        if (!adapter.equals(LoRAModel.BASE)) {
            return ofAdapters().get(adapter);
        }
        network();
        if (!hasOwnHead) {
            throw new InvalidRowException(
                    "adapterCol: each row must name an adapter if the base has no classifier, found"
                            + " a row without one; set numLabels, or name an adapter");
        }
        return texts();
    }

    @Override
    public void requireTask(String where, @Nullable String task) throws IOException {
        if (isEncoder() && task != null) {
            Object unused = RowTexts.task(encoder, isDecoder(), where, task);
        }
    }

    @Override
    public synchronized void loaded(String name, String where, @Nullable String task, LoRAAdapter adapter)
            throws IOException {
        if (!isEncoder()) {
            return;
        }
        Network loaded = network();
        if (task != null) {
            RowTexts said = new RowTexts(RowTexts.task(encoder, isDecoder(), where, task), encoder, tokens(), loaded);
            ofAdapters().put(name, said.requireFits(where, adapter, hasOwnHead));
            return;
        }
        if (!hasOwnHead) {
            RowTexts.requireClassifier(where, adapter);
        }
        ofAdapters().put(name, texts());
    }

    private Map<String, RowTexts> ofAdapters() {
        if (ofAdapters == null) {
            ofAdapters = new Recent<>(MOST_ADAPTERS);
        }
        return ofAdapters;
    }

    @Override
    public String identity() {
        return model == null ? Objects.requireNonNull(file).identity() : model.identity() + " with " + encoder;
    }

    @Override
    public boolean isBroadcast() {
        return model == null ? Objects.requireNonNull(file).hasBytes() : model.hasWeights();
    }
}
