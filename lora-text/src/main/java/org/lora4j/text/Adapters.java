package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.ExchangedFolder;
import org.lora4j.internal.MessageText;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.Network;
import org.lora4j.serve.AdapterSource;
import org.lora4j.text.KnownTasks.KnownTask;
import org.lora4j.text.task.AdapterTask;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskSettings;

/**
 * The adapters of a model: those in a folder with a sub-folder for each, or single ones. It reads an adapter together with what it is for: its weights, PEFT's
 * configuration and {@code task.json} as they are at one moment. Thread-safe.
 */
public final class Adapters {
    private static final long MOST_BYTES = 16L << 20;

    private final TextModel model;

    /** Holds a sub-folder for each adapter; null if there are only single ones. */
    private final @Nullable Path folder;

    /** Single adapters by name. */
    private final Map<String, Path> single;

    private final Task alone;
    private final TaskSettings asked;
    private final KnownTasks known = new KnownTasks(MOST_BYTES);

    /** What adapters of each head are loaded into. */
    private final Map<Head, End> ends = new EnumMap<>(Head.class);

    /**
     * Creates the adapters of a model.
     *
     * @param model the model
     * @param folder the folder with a sub-folder for each adapter; null for none
     * @param single the folders of single adapters by their names
     * @param alone what the model does without an adapter, which holds for an adapter that says nothing
     * @param asked what a program asks for, in place of what the adapters say
     */
    public Adapters(TextModel model, @Nullable Path folder, Map<String, Path> single, Task alone, TaskSettings asked) {
        this.model = Objects.requireNonNull(model, "model must not be null");
        this.folder = folder;
        this.single = Map.copyOf(Objects.requireNonNull(single, "single must not be null"));
        this.alone = Objects.requireNonNull(alone, "alone must not be null");
        this.asked = Objects.requireNonNull(asked, "asked must not be null");
    }

    /**
     * Returns what an adapter is for.
     *
     * @param name its name
     * @return the task of what was loaded last by this name, or that of its files now
     * @throws IOException if its files cannot be read
     * @throws IllegalArgumentException if there is no adapter of this name
     */
    public Task task(String name) throws IOException {
        KnownTask last = last(name);
        return last == null ? read(name) : last.task();
    }

    private Task read(String name) throws IOException {
        Path own = own(name);
        return PeftAdapters.readWhole(own, () -> with(AdapterTask.of(own, model.model(), alone)));
    }

    /** The folder of an adapter. A name that leads elsewhere is none. */
    private Path own(String name) throws IOException {
        Path given = single.get(name);
        if (given != null) {
            return given;
        }
        String problem = AdapterNames.problem(name);
        Path own = folder == null || problem != null ? null : ExchangedFolder.find(folder, name);
        if (own == null) {
            throw new IllegalArgumentException("the adapter must have a folder, found no " + MessageText.quote(name)
                    + " in " + (folder == null ? single.keySet() : folder)
                    + (problem == null ? "" : ": " + problem));
        }
        return own;
    }

    private Task with(Task task) {
        return task instanceof RowTask<?, ?> ? task.with(asked) : task;
    }

    /** Returns what was loaded last by a name; null if nothing was, or it is forgotten. */
    @Nullable
    KnownTask last(String name) {
        return known.last(Objects.requireNonNull(name, "name must not be null"));
    }

    /** Returns what an adapter that computed an output is for; null if so many others were loaded since then that it is forgotten. */
    @Nullable
    KnownTask known(UsedAdapter adapter) {
        return known.of(adapter);
    }

    /**
     * Returns what an adapter is for that was loaded before.
     *
     * @param adapter its name and its content
     * @return the task; nothing if no source of this object loaded it, or so many others were loaded since then that it is forgotten
     */
    public Optional<Task> task(UsedAdapter adapter) {
        KnownTask task = known.of(Objects.requireNonNull(adapter, "adapter must not be null"));
        return task == null ? Optional.empty() : Optional.of(task.task());
    }

    /**
     * Returns the adapters for a network that a program made, to be loaded into it. The program answers for its head.
     *
     * @param network the network
     * @return a source, which refuses an adapter that has not what its task reads
     */
    public AdapterSource of(Network network) {
        Objects.requireNonNull(network, "network must not be null");
        return (name, base, options) -> load(name, own(name), (own, task) -> new End(network, true), options)
                .adapter();
    }

    /**
     * Returns the adapters for a network, to be loaded into it.
     *
     * @param head what the network ends with
     * @param network the network
     * @return a source, which refuses an adapter with another head, or one that has not what its task reads
     */
    public AdapterSource of(Head head, Network network) {
        Objects.requireNonNull(head, "head must not be null");
        Objects.requireNonNull(network, "network must not be null");
        return (name, base, options) ->
                load(name, own(name), ofHead(head, network), options).adapter();
    }

    /**
     * Returns the adapters of all heads, to be loaded into one model, so that one cache bounds them and requests for all of them are
     * computed in common batches.
     *
     * @return a source, which refuses an adapter that has not what its task reads. The model that it loads into must be an end of the
     *     same transformer
     */
    public AdapterSource ofAllHeads() {
        return new AdapterSource() {
            @Override
            public LoRAAdapter load(String name, BaseModel base, ReadOptions options) throws IOException {
                return read(name, options).adapter();
            }

            @Override
            public Loaded read(String name, Network base, ReadOptions options) throws IOException {
                return read(name, options);
            }

            private Loaded read(String name, ReadOptions options) throws IOException {
                return Adapters.this.load(name, own(name), (own, task) -> end(task.head()), options);
            }
        };
    }

    /**
     * Returns the adapters of all heads, as {@link #ofAllHeads()} does, for a model that a program made.
     *
     * @param ofAlone the network of the model, with the head of what it does alone. Adapters of this head are loaded into it
     * @return a source
     */
    public AdapterSource ofAllHeads(Network ofAlone) {
        Objects.requireNonNull(ofAlone, "ofAlone must not be null");
        synchronized (ends) {
            ends.put(alone.head(), new End(ofAlone, true));
        }
        return ofAllHeads();
    }

    /**
     * Returns what adapters of a head are loaded into, which is made when the first one needs it.
     *
     * @throws IOException if the model cannot have this head, or a file cannot be read
     */
    Network network(Head head) throws IOException {
        return end(head).network;
    }

    private End end(Head head) throws IOException {
        synchronized (ends) {
            End end = ends.get(head);
            if (end == null) {
                end = newEnd(head);
                ends.put(head, end);
            }
            return end;
        }
    }

    private End newEnd(Head head) throws IOException {
        try {
            return new End(model.network(head), model.hasOwn(head));
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /**
     * Reads an adapter that is not in the folder, and remembers what it is for.
     *
     * @param name the name that it gets in the model
     * @param own its folder
     * @param head what the network ends with
     * @param network the network
     * @return the adapter, to be added to the model by this name
     * @throws IOException if it cannot be read, has another head, or has not what its task reads
     */
    public LoRAAdapter read(String name, Path own, Head head, Network network) throws IOException {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(own, "own must not be null");
        Objects.requireNonNull(head, "head must not be null");
        return load(name, own, ofHead(head, network), ReadOptions.defaults()).adapter();
    }

    /**
     * Forgets which content a name has, so that its files are read again.
     *
     * @param name the name of an adapter
     */
    public void forget(String name) {
        known.forget(name);
    }

    /**
     * What an adapter is loaded into.
     *
     * @param network the network
     * @param isWhole whether its head needs nothing that an adapter brings
     */
    private record End(Network network, boolean isWhole) {}

    /** Chooses what an adapter is loaded into. */
    private interface EndChoice {
        End of(Path own, Task task) throws IOException;
    }

    private EndChoice ofHead(Head head, Network network) {
        return (own, task) -> {
            if (task.head() != head) {
                throw new IOException(own + ": the adapter must be one for a model with the head " + head.text()
                        + ", found one that " + task.does() + " with the head "
                        + task.head().text());
            }
            return new End(network, model.hasOwn(head));
        };
    }

    /** An adapter with what it is for. */
    private record Read(AdapterSource.Loaded loaded, Task task) {}

    /** Reads an adapter and what it is for at one moment. */
    private AdapterSource.Loaded load(String name, Path own, EndChoice choice, ReadOptions options) throws IOException {
        Read read = PeftAdapters.readWhole(own, () -> {
            Task task = AdapterTask.of(own, model.model(), alone);
            End end = choice.of(own, task);
            LoRAAdapter adapter = PeftAdapters.load(own, end.network, options);
            task.requireFits(own, adapter, end.isWhole);
            return new Read(new AdapterSource.Loaded(adapter, end.network), task);
        });
        LoRAAdapter adapter = read.loaded.adapter();
        UsedAdapter content = new UsedAdapter(name, adapter.fingerprint());
        try {
            known.put(content, KnownTask.of(with(read.task), model.textTokens(), read.loaded.network()));
        } catch (IllegalArgumentException e) {
            throw new IOException(own + ": " + e.getMessage() + "; use the model that the adapter was trained with", e);
        }
        return read.loaded;
    }
}
