package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.serve.AdapterSource;
import org.lora4j.text.AdapterTask;
import org.lora4j.text.ClassifierHead;
import org.lora4j.text.Labels;
import org.lora4j.text.TextClassifier;

/**
 * Reads adapters with the labels of their classifiers. An adapter can be replaced by one with other labels while requests run, so
 * labels belong to an adapter's name and content together.
 */
final class LabelledAdapters implements AdapterSource {
    /** For each adapter that can be loaded, labels of that before it too. */
    private static final int VERSIONS = 4;

    /** If the number of adapters has no limit, the memory for labels still has one. */
    private static final int MOST_LABELS = 100_000;

    private final Path folder;
    private final ClassifierHead head;
    private final ClassifierHead headOfPeft;
    private final int maxTokens;
    private final AdapterSource folders;

    /** In the order of their last use. */
    private final Map<UsedAdapter, Labels> labels;

    /**
     * Creates the source.
     *
     * @param folder the folder with a sub-folder for each adapter
     * @param head what the classifier of the served network reads
     * @param headOfPeft what the classifier of an adapter of PEFT reads
     * @param maxTokens where the tokenizer cuts texts
     * @param adapters how many adapters are loaded at the same time
     */
    LabelledAdapters(Path folder, ClassifierHead head, ClassifierHead headOfPeft, int maxTokens, int adapters) {
        this.folder = folder;
        this.head = head;
        this.headOfPeft = headOfPeft;
        this.maxTokens = maxTokens;
        folders = AdapterSource.of(folder);
        long most = Math.min(MOST_LABELS, VERSIONS * (long) adapters);
        labels = Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<UsedAdapter, Labels> eldest) {
                return size() > most;
            }
        });
    }

    @Override
    public LoRAAdapter load(String name, BaseModel base, ReadOptions options) throws IOException {
        Labelled loaded = PeftAdapters.readWhole(folder.resolve(name), () -> loadWhole(name, base, options));
        labels.put(new UsedAdapter(name, loaded.adapter.fingerprint()), loaded.labels);
        return loaded.adapter;
    }

    /** An adapter and the labels that stood beside it. */
    private record Labelled(LoRAAdapter adapter, Labels labels) {}

    private Labelled loadWhole(String name, BaseModel base, ReadOptions options) throws IOException {
        Path own = folder.resolve(name);
        AdapterTask task = TextClassifier.task(own);
        ClassifierHeads.requireSame(own, task.head() == null ? headOfPeft : task.head(), head);
        if (task.limit().orElse(maxTokens) != maxTokens) {
            throw new IOException(own + ": texts must be cut where the server cuts them, after " + maxTokens
                    + " tokens, found " + task.maxTokens() + "; serve it apart, or with --max-tokens");
        }
        LoRAAdapter adapter = folders.load(name, base, options);
        long outputs = adapter.savedModules().entrySet().stream()
                .filter(module -> TextClassifier.isClassifier(module.getKey()))
                .mapToLong(module -> module.getValue().weight().size(0))
                .findFirst()
                .orElseThrow(() ->
                        new IOException(own + ": the adapter must have a classifier among its saved modules, found "
                                + adapter.savedModules().keySet()));
        if (outputs != task.labels().count()) {
            throw new IOException(own + ": the classifier must have an output for each of the labels " + task.labels()
                    + ", found " + outputs);
        }
        return new Labelled(adapter, task.labels());
    }

    /** The labels of an adapter that was loaded; null if so many others were used since then that they were forgotten. */
    @Nullable
    Labels labels(UsedAdapter adapter) {
        return labels.get(adapter);
    }
}
