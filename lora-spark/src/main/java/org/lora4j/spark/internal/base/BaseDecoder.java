package org.lora4j.spark.internal.base;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Network;
import org.lora4j.spark.internal.param.StorageName;
import org.lora4j.spark.param.HasDecoder;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.task.Generate;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskFile;

/**
 * The folder of a decoder on its way to the executors. An executor that has the broadcast of this object opens the decoder
 * once, for all its tasks.
 */
public final class BaseDecoder implements SentBase {
    private static final long serialVersionUID = 1L;

    private static final int LONGEST_BY_DEFAULT = 1024;

    private final String path;
    private final SentModel files;
    private final StorageName storage;
    private final int maxTokens;
    private transient @Nullable DecoderFolder decoder;

    private BaseDecoder(String path, SentModel files, StorageName storage, int maxTokens) {
        this.path = path;
        this.files = files;
        this.storage = storage;
        this.maxTokens = maxTokens;
    }

    /** Reads the folder of a stage for a broadcast; only the paths of the weights if all together have more than some bytes. */
    public static BaseDecoder read(HasDecoder<?> stage, Configuration hadoop, long mostBytes) {
        RowTexts.requireLibrary(BaseDecoder.class.getClassLoader());
        Path folder = new Path(stage.getBasePath());
        try {
            if (!SentModel.is(folder, hadoop)) {
                throw new FileNotFoundException("a file");
            }
            SentModel files = SentModel.read(folder, hadoop, mostBytes);
            int maxTokens = stage.isDefined(stage.maxTokens()) ? stage.getMaxTokens() : 0;
            return new BaseDecoder(stage.getBasePath(), files, StorageName.of(stage.getStorage()), maxTokens);
        } catch (IOException e) {
            throw unreadable(stage.getBasePath(), "the driver", e);
        }
    }

    private static UncheckedIOException unreadable(String path, String who, IOException e) {
        return new UncheckedIOException(
                "basePath: " + path + " must be the folder of a decoder, with config.json, tokenizer.json and "
                        + "model.safetensors or model.safetensors.index.json, that " + who
                        + " can read, found: " + e.getMessage()
                        + "; set basePath to where the base is now. A model that is saved with saveBase has a copy of it",
                e);
    }

    /** The decoder of this process. */
    public synchronized DecoderFolder decoder() {
        DecoderFolder opened = decoder;
        if (opened == null) {
            RowTexts.requireLibrary(BaseDecoder.class.getClassLoader());
            try {
                opened = storage.open(files.source());
            } catch (IOException e) {
                throw unreadable(path, "every executor", e);
            }
            decoder = opened;
        }
        return opened;
    }

    public DecoderTokens tokens() {
        return decoder().tokens();
    }

    /**
     * The tokens after which an example is cut, or of a block of plain text.
     *
     * @throws IllegalArgumentException if the model has fewer positions
     */
    public int maxTokens() {
        int positions = decoder().maxLength();
        if (maxTokens > positions) {
            throw new IllegalArgumentException("maxTokens must be at most the " + positions
                    + " positions of the decoder, found " + maxTokens + "; set fewer");
        }
        return maxTokens == 0 ? Math.min(positions, LONGEST_BY_DEFAULT) : maxTokens;
    }

    @Override
    public Network network() {
        return decoder().network();
    }

    @Override
    public void requireTask(String where, @Nullable String task) throws IOException {
        if (task != null) {
            Task said = TaskFile.parse(where, task);
            if (!(said instanceof Generate)) {
                throw new IOException(where + ": the adapter must be one that generates texts, found one that "
                        + said.does() + "; use LoRATransformer");
            }
        }
    }

    @Override
    public String identity() {
        return files.identity() + " as " + storage.text();
    }

    @Override
    public boolean isBroadcast() {
        return files.hasWeights();
    }
}
