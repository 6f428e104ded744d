package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
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
    /** The files of an encoder or a decoder; null if the base is the file of a network. */
    private final @Nullable SentModel model;

    private final EncoderSettings encoder;
    private transient @Nullable Network network;
    private transient boolean poolsPrompt;
    private transient @Nullable TextTokenizer tokenizer;

    private BaseNetwork(String path, @Nullable SentFile file, @Nullable SentModel model, EncoderSettings encoder) {
        this.path = path;
        this.file = file;
        this.model = model;
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
            return SentModel.is(place, hadoop)
                    ? new BaseNetwork(path, null, SentModel.read(place, hadoop, mostBytes), encoder)
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
                "basePath: " + path + " must be a file of Network.save, a GGUF file, or a folder with config.json and"
                        + " model.safetensors, that " + who + " can read, found: " + e.getMessage()
                        + "; set basePath to where the base is now. A model that is saved with saveBase has a copy of it",
                e);
    }

    /** Whether the input is tokens or texts. */
    public boolean isEncoder() {
        return model != null;
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
            poolsPrompt = encoder.head() != EncoderHead.EMBEDDING || loaded.poolsPrompt();
            return encoder.head() == EncoderHead.YES_NO ? tokenizer().answer(loaded) : encoder.network(loaded);
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

    /** The tokenizer of this process. */
    public synchronized TextTokenizer tokenizer() {
        TextTokenizer loaded = tokenizer;
        if (loaded == null) {
            loaded = loadTokenizer();
            tokenizer = loaded;
        }
        return loaded;
    }

    /**
     * Checks an adapter before a job on texts begins.
     *
     * @param adapter its folder
     * @param hadoop the settings of the file systems
     * @throws IllegalArgumentException if its files say something else than the parameters of the stage
     */
    public void requireTask(String adapter, Configuration hadoop) {
        try {
            tokenizer().requireTask(new HadoopFolder(new Path(adapter), hadoop));
        } catch (IOException e) {
            throw new IllegalArgumentException("adapterPath: " + e.getMessage(), e);
        }
    }

    /** Rows with tokens are as the program cut them; only texts are cut here. */
    @Override
    public synchronized void requireTask(ModelSource files) throws IOException {
        if (tokenizer != null) {
            tokenizer.requireTask(files);
        }
    }

    private TextTokenizer loadTokenizer() {
        SentModel files = model;
        if (files == null || (!(files instanceof SentGguf) && !has(files, TOKENIZER))) {
            throw new IllegalArgumentException("basePath: " + path + " must have the file " + TOKENIZER
                    + " if featuresCol has texts, found none; add it, or give a column of tokens");
        }
        TextTokenizer.requireLibrary(BaseNetwork.class.getClassLoader());
        try {
            return TextTokenizer.open(files.source(), config(files), encoder);
        } catch (IOException e) {
            throw unreadable(path, "every executor", e);
        }
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
