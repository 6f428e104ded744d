package org.lora4j.spark.internal.base;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.internal.memory.Recent;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.text.TextModel;
import org.lora4j.text.task.AdapterTask;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.task.TaskSettings;

/**
 * The files of a model that tags texts, on their way to the executors. An executor that has the broadcast of this object opens the model
 * once, for all its tasks.
 */
public final class BaseTagger implements SentBase {
    private static final long serialVersionUID = 1L;

    private static final int MOST_ADAPTERS = 10_000;

    /** The same for each training, so that all have the same base. An adapter has the trained classifier. */
    private static final long SEED = 0;

    private final String path;
    private final SentModel files;
    private final int maxTokens;
    /** The {@code task.json} of the adapter that trains; null if the model tags. */
    private final @Nullable String learns;

    private transient @Nullable TextModel model;
    private transient @Nullable Network network;
    private transient Tag.@Nullable OnModel learner;
    /** What adapters that were loaded do; a name that is missing can be read again. */
    private transient @Nullable Map<String, Tag.OnModel> ofAdapters;

    private BaseTagger(String path, SentModel files, int maxTokens, @Nullable String learns) {
        this.path = path;
        this.files = files;
        this.maxTokens = maxTokens;
        this.learns = learns;
    }

    /** Returns the same model with a new classifier for the tags that an adapter learns. */
    public BaseTagger learning(Tag tag) {
        return new BaseTagger(path, files, maxTokens, TaskFile.json(tag));
    }

    /**
     * Reads a model for a broadcast; only the paths of the weights if all together have more than some bytes.
     *
     * @param path a folder or a GGUF file, on any file system of Hadoop
     * @param maxTokens the most tokens of a window; 0 for what the files say
     * @throws IllegalArgumentException if the model cannot tag words
     */
    public static BaseTagger read(String path, int maxTokens, Configuration hadoop, long mostBytes) {
        RowTexts.requireLibrary(BaseTagger.class.getClassLoader());
        Path place = new Path(path);
        try {
            if (!SentModel.is(place, hadoop)) {
                throw new FileNotFoundException("another file");
            }
            SentModel files = SentModel.read(place, hadoop, mostBytes);
            TextModel.requireHead(files.source(), Head.TOKENS);
            return new BaseTagger(path, files, maxTokens, null);
        } catch (IOException e) {
            throw unreadable(path, "the driver", e);
        }
    }

    private static UncheckedIOException unreadable(String path, String who, IOException e) {
        return new UncheckedIOException(
                "basePath: " + path + " must be a GGUF file, or a folder with config.json, tokenizer.json and"
                        + " model.safetensors, that " + who + " can read, found: " + e.getMessage()
                        + "; set basePath to where the base is now. A model that is saved with saveBase has a copy of it",
                e);
    }

    private synchronized TextModel model() {
        TextModel opened = model;
        if (opened == null) {
            try {
                opened = TextModel.open(files.source(), BaseStorage.of(Precision.FLOAT));
            } catch (IOException e) {
                throw unreadable(path, "every executor", e);
            }
            model = opened;
        }
        return opened;
    }

    @Override
    public synchronized Network network() {
        Network created = network;
        if (created == null) {
            try {
                created = learns == null
                        ? model().network(Head.TOKENS)
                        : Head.TOKENS.network(model().model(), tag().labels().count(), SEED);
            } catch (IOException e) {
                throw unreadable(path, "every executor", e);
            }
            network = created;
        }
        return created;
    }

    /** The tags that are learned. */
    private Tag tag() throws IOException {
        return (Tag) TaskFile.parse(TaskFile.NAME, Objects.requireNonNull(learns));
    }

    /** What the adapter that trains will do: tags, with the limit with which it learns them. */
    public synchronized Tag learned() {
        try {
            Tag asked = tag();
            return new Tag(
                    asked.labels(), asked.subWords(), OptionalInt.of(learner().maxTokens()));
        } catch (IOException e) {
            throw unreadable(path, "every executor", e);
        }
    }

    /**
     * What makes tokens with labels of the texts that are learned.
     *
     * @throws IllegalArgumentException if the model does not take so long windows
     */
    public synchronized Tag.OnModel learner() {
        Tag.OnModel created = learner;
        if (created == null) {
            try {
                created = on(tag());
            } catch (IOException e) {
                throw unreadable(path, "every executor", e);
            }
            learner = created;
        }
        return created;
    }

    /** What the model does without an adapter; null if it does not tag. */
    private @Nullable Tag alone() throws IOException {
        return model().hasOwn(Head.TOKENS) && model().task() instanceof Tag tag ? asked(tag) : null;
    }

    private Tag asked(Tag said) {
        return said.with(TaskSettings.ofMaxTokens(maxTokens == 0 ? OptionalInt.empty() : OptionalInt.of(maxTokens)));
    }

    private Tag.OnModel on(Tag tag) {
        return tag.on(model().textTokens(), network());
    }

    /**
     * What an adapter does with texts.
     *
     * @param adapter the name of an adapter that was loaded, or that of the base alone
     * @return nothing if so many others were loaded since then that it is forgotten
     * @throws InvalidRowException if the base alone does not tag
     */
    public synchronized Tag.@Nullable OnModel tags(String adapter) {
        if (!adapter.equals(LoRAModel.BASE)) {
            return ofAdapters().get(adapter);
        }
        try {
            Tag alone = alone();
            if (alone == null) {
                throw new InvalidRowException(
                        "adapterCol: each row must name an adapter if the base does not tag texts,"
                                + " found a row without one; name an adapter");
            }
            return on(alone);
        } catch (IOException e) {
            throw unreadable(path, "every executor", e);
        }
    }

    @Override
    public void requireTask(String where, @Nullable String task) throws IOException {
        if (task != null) {
            Object unused = said(where, task);
        }
    }

    private Tag said(String where, String task) throws IOException {
        return require(where, TaskFile.parse(where, task));
    }

    private Tag require(String where, Task said) throws IOException {
        if (said instanceof Tag tag) {
            return asked(tag);
        }
        throw new IOException(where + ": the adapter must be one that tags the words of texts, found one that "
                + said.does() + "; use it in a stage of its own, such as LoRATransformer");
    }

    @Override
    public synchronized void loaded(String name, String where, @Nullable String task, LoRAAdapter adapter)
            throws IOException {
        Tag tag = task == null
                ? require(where, AdapterTask.ofPeft(adapter, model().model(), model().task()))
                : said(where, task);
        tag.requireFits(where, adapter, model().hasOwn(Head.TOKENS));
        ofAdapters().put(name, on(tag));
    }

    private Map<String, Tag.OnModel> ofAdapters() {
        if (ofAdapters == null) {
            ofAdapters = new Recent<>(MOST_ADAPTERS);
        }
        return ofAdapters;
    }

    @Override
    public String identity() {
        return files.identity() + " for tags, " + (learns == null ? maxTokens + " tokens" : learns);
    }

    @Override
    public boolean isBroadcast() {
        return files.hasWeights();
    }
}
