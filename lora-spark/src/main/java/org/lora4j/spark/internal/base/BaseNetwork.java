package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
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

    private static final String TOKENIZER = "tokenizer.json";
    private static final String MODULES = "modules.json";

    private final String path;
    /** The file of a network; null if the base is an encoder. */
    private final @Nullable SentFile file;
    /** The folder of an encoder; null if the base is the file of a network. */
    private final @Nullable SentFolder folder;

    private final EncoderSettings encoder;
    private transient @Nullable Network network;
    private transient boolean poolsPrompt;
    private transient @Nullable TextTokenizer tokenizer;

    private BaseNetwork(String path, @Nullable SentFile file, @Nullable SentFolder folder, EncoderSettings encoder) {
        this.path = path;
        this.file = file;
        this.folder = folder;
        this.encoder = encoder;
    }

    /**
     * Reads a base for a broadcast; only the path of its tensors if they have more than some bytes.
     *
     * @param path a file or a folder, on any file system of Hadoop
     * @param encoder how an encoder becomes a network
     * @param hadoop the settings of the file systems
     * @param mostBytes the most bytes that are sent
     */
    public static BaseNetwork read(String path, EncoderSettings encoder, Configuration hadoop, long mostBytes) {
        Path place = new Path(path);
        try {
            return place.getFileSystem(hadoop).getFileStatus(place).isDirectory()
                    ? new BaseNetwork(path, null, SentFolder.read(place, hadoop, mostBytes), encoder)
                    : new BaseNetwork(
                            path,
                            SentFile.read(place, new SerializableConfiguration(hadoop), mostBytes),
                            null,
                            encoder);
        } catch (IOException e) {
            throw unreadable(path, "the driver", e);
        }
    }

    private static UncheckedIOException unreadable(String path, String who, IOException e) {
        return new UncheckedIOException(
                "basePath: " + path + " must be a file of Network.save, or a folder with config.json and"
                        + " model.safetensors, that " + who + " can read, found: " + e.getMessage()
                        + "; set basePath to where the base is now. A model that is saved with saveBase has a copy of it",
                e);
    }

    /** Whether the input is tokens or texts. */
    public boolean isEncoder() {
        return folder != null;
    }

    /** Whether the model is a decoder. */
    public boolean isDecoder() {
        return folder != null && config(folder).isDecoder();
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
            if (folder == null) {
                return Network.fromTensors(Objects.requireNonNull(file).tensors());
            }
            requireHead();
            PretrainedModel model = PretrainedModel.load(folder, DataType.FLOAT);
            poolsPrompt = encoder.head() != EncoderHead.EMBEDDING || model.poolsPrompt();
            return encoder.head() == EncoderHead.YES_NO ? tokenizer().answer(model) : encoder.network(model);
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
        SentFolder files = Objects.requireNonNull(folder);
        EncoderHead head = encoder.head();
        if (!config(files).isDecoder()) {
            require(head != EncoderHead.YES_NO, "yesNo", "an encoder", "classifier, meanClassifier or embedding");
            return;
        }
        require(head != EncoderHead.MEAN_CLASSIFIER, "meanClassifier", "a decoder", "classifier");
        require(
                head != EncoderHead.EMBEDDING || files.has(MODULES),
                "embedding",
                "a decoder without " + MODULES,
                "classifier");
        require(head != EncoderHead.CLASSIFIER || !encoder.hasPairs(), "classifier", "a decoder with pairCol", "yesNo");
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

    private ModelConfig config(SentFolder files) {
        try {
            return ModelConfig.read(files);
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

    /** The tokenizer of this process. */
    public synchronized TextTokenizer tokenizer() {
        TextTokenizer loaded = tokenizer;
        if (loaded == null) {
            loaded = loadTokenizer();
            tokenizer = loaded;
        }
        return loaded;
    }

    private TextTokenizer loadTokenizer() {
        SentFolder files = folder;
        if (files == null || !files.has(TOKENIZER)) {
            throw new IllegalArgumentException("basePath: " + path + " must have the file " + TOKENIZER
                    + " if featuresCol has texts, found none; add it, or give a column of tokens");
        }
        TextTokenizer.requireLibrary(BaseNetwork.class.getClassLoader());
        try {
            return TextTokenizer.open(files, config(files), encoder);
        } catch (IOException e) {
            throw unreadable(path, "every executor", e);
        }
    }

    @Override
    public String identity() {
        return folder == null ? Objects.requireNonNull(file).identity() : folder.identity() + " with " + encoder;
    }

    @Override
    public boolean isBroadcast() {
        return folder == null ? Objects.requireNonNull(file).hasBytes() : folder.hasWeights();
    }
}
