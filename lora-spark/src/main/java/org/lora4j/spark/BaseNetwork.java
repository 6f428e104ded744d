package org.lora4j.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.transformer.BertModel;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A base on its way to the executors: the file of {@link Network#save}, or the files of an encoder. An executor that has the
 * broadcast of this object creates the network once, for all its tasks.
 */
final class BaseNetwork implements SentBase {
    private static final long serialVersionUID = 1L;

    private static final String CONFIG = "config.json";
    private static final String TENSORS = "model.safetensors";
    private static final String TOKENIZER = "tokenizer.json";
    private static final String MODULES = "modules.json";
    private static final String POOLING = "1_Pooling/config.json";

    /** The files of an encoder that are read, if they exist. */
    static final List<String> FILES = List.of(CONFIG, TENSORS, TOKENIZER, MODULES, POOLING);

    private final String path;
    private final SentFile tensors;
    /** The files of an encoder; null if the base is a file of a network. */
    private final @Nullable SentFile config;

    private final @Nullable SentFile vocabulary;
    /** What sentence-transformers stores beside an encoder. */
    private final @Nullable SentFile modules;

    private final @Nullable SentFile pooling;
    private final EncoderSettings encoder;
    private transient @Nullable Network network;
    private transient @Nullable TextTokenizer tokenizer;

    private BaseNetwork(
            String path,
            SentFile tensors,
            @Nullable SentFile config,
            @Nullable SentFile vocabulary,
            @Nullable SentFile modules,
            @Nullable SentFile pooling,
            EncoderSettings encoder) {
        this.path = path;
        this.tensors = tensors;
        this.config = config;
        this.vocabulary = vocabulary;
        this.modules = modules;
        this.pooling = pooling;
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
    static BaseNetwork read(String path, EncoderSettings encoder, Configuration hadoop, long mostBytes) {
        SerializableConfiguration settings = new SerializableConfiguration(hadoop);
        Path file = new Path(path);
        try {
            if (!file.getFileSystem(hadoop).getFileStatus(file).isDirectory()) {
                return new BaseNetwork(path, SentFile.read(file, settings, mostBytes), null, null, null, null, encoder);
            }
            return new BaseNetwork(
                    path,
                    SentFile.read(new Path(file, TENSORS), settings, mostBytes),
                    SentFile.read(new Path(file, CONFIG), settings, SentFile.MOST_BYTES),
                    SentFile.readIfExists(new Path(file, TOKENIZER), settings),
                    SentFile.readIfExists(new Path(file, MODULES), settings),
                    SentFile.readIfExists(new Path(file, POOLING), settings),
                    encoder);
        } catch (IOException e) {
            throw unreadable(path, "the driver", e);
        }
    }

    private static UncheckedIOException unreadable(String path, String who, IOException e) {
        return new UncheckedIOException(
                "basePath: " + path + " must be a file of Network.save, or a folder with " + CONFIG + " and " + TENSORS
                        + ", that " + who + " can read, found: " + e.getMessage()
                        + "; set basePath to where the base is now. A model that is saved with saveBase has a copy of it",
                e);
    }

    /** Whether the input is tokens or texts. */
    boolean isEncoder() {
        return config != null;
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
            SentFile description = config;
            return description == null
                    ? Network.fromTensors(tensors.tensors())
                    : encoder.head().network(model(description), encoder.labels());
        } catch (IOException e) {
            throw unreadable(path, "every executor", e);
        }
    }

    private BertModel model(SentFile description) throws IOException {
        return BertModel.of(HadoopFiles.text(description), tensors.tensors(), DataType.FLOAT)
                .withSentenceModules(
                        modules == null ? null : HadoopFiles.text(modules),
                        pooling == null ? null : HadoopFiles.text(pooling));
    }

    /** The tokenizer of this process. */
    synchronized TextTokenizer tokenizer() {
        TextTokenizer loaded = tokenizer;
        if (loaded == null) {
            loaded = loadTokenizer();
            tokenizer = loaded;
        }
        return loaded;
    }

    private TextTokenizer loadTokenizer() {
        SentFile file = vocabulary;
        if (file == null) {
            throw new IllegalArgumentException("basePath: " + path + " must have the file " + TOKENIZER
                    + " if featuresCol has texts, found none; add it, or give a column of tokens");
        }
        TextTokenizer.requireLibrary(BaseNetwork.class.getClassLoader());
        try (InputStream in = file.open()) {
            return TextTokenizer.load(in, positions(), encoder.maxTokens());
        } catch (IOException e) {
            throw unreadable(path, "every executor", e);
        }
    }

    /** The longest sequence that the encoder takes. */
    private int positions() {
        return ((TokenEmbeddings) network().layers().get(0)).maxLength();
    }

    @Override
    public String identity() {
        return config == null
                ? tensors.identity()
                : tensors.identity() + " and " + config.identity() + " with " + encoder + ", modules "
                        + identity(modules) + ", pooling " + identity(pooling);
    }

    private static String identity(@Nullable SentFile file) {
        return file == null ? "none" : file.identity();
    }

    @Override
    public boolean isBroadcast() {
        return tensors.hasBytes();
    }
}
