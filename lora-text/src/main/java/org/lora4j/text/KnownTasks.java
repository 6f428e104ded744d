package org.lora4j.text;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.nn.Network;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.RowModel;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.Task;
import org.lora4j.text.tokens.TextTokens;

/**
 * The tasks of adapters by name and content, in memory up to a number of bytes; those that were not used for the longest time are
 * forgotten. An adapter can be replaced by one with another task while requests run, so a task belongs to both. Thread-safe.
 */
final class KnownTasks {
    /** A label, a prompt and a key have some objects each. */
    private static final long OBJECT = 64;

    private final long mostBytes;
    private long bytes;

    /** In the order of their last use. */
    private final Map<UsedAdapter, KnownTask> tasks = new LinkedHashMap<>(16, 0.75f, true);

    /** The content of each name that was loaded last. */
    private final Map<String, UsedAdapter> last = new LinkedHashMap<>();

    /**
     * What an adapter or a model does, ready for requests.
     *
     * @param task the task
     * @param rows the task on the model; null if it has not one answer for each text
     */
    record KnownTask(Task task, @Nullable RowModel<?, ?> rows) {
        /**
         * Prepares a task.
         *
         * @param network the network with the head of the task
         * @throws IllegalArgumentException if the model does not take so long texts, or a prompt leaves no room
         */
        static KnownTask of(Task task, TextTokens tokens, Network network) {
            return new KnownTask(task, task instanceof RowTask<?, ?> rows ? rows.on(tokens, network) : null);
        }
    }

    KnownTasks(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    synchronized void put(UsedAdapter adapter, KnownTask task) {
        KnownTask before = tasks.put(adapter, task);
        bytes += weight(adapter, task.task()) - (before == null ? 0 : weight(adapter, before.task()));
        last.put(adapter.name(), adapter);
        Iterator<Map.Entry<UsedAdapter, KnownTask>> all = tasks.entrySet().iterator();
        while (bytes > mostBytes && tasks.size() > 1) {
            Map.Entry<UsedAdapter, KnownTask> eldest = all.next();
            bytes -= weight(eldest.getKey(), eldest.getValue().task());
            all.remove();
            last.remove(eldest.getKey().name(), eldest.getKey());
        }
    }

    /** Returns the task of an adapter; null if it is not known any more. */
    synchronized @Nullable KnownTask of(UsedAdapter adapter) {
        return tasks.get(adapter);
    }

    /** Returns the task of what was loaded last by a name; null if it is not known. */
    synchronized @Nullable KnownTask last(String name) {
        UsedAdapter adapter = last.get(name);
        return adapter == null ? null : tasks.get(adapter);
    }

    /** Forgets which content a name has. */
    synchronized void forget(String name) {
        last.remove(name);
    }

    private static long weight(UsedAdapter adapter, Task task) {
        long characters = (long) adapter.name().length() + adapter.fingerprint().length();
        long objects = 3;
        List<String> labels = task.classes().map(Labels::names).orElse(List.of());
        objects += labels.size();
        characters += labels.stream().mapToLong(String::length).sum();
        if (task instanceof Embed embed) {
            objects += 2L * embed.prompts().texts().size();
            characters += embed.prompts().texts().values().stream()
                    .mapToLong(String::length)
                    .sum();
        }
        return OBJECT * objects + Character.BYTES * characters;
    }
}
