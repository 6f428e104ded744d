package org.lora4j.spark.internal.score;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.Objects;
import org.apache.hadoop.fs.Path;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.nn.Model;
import org.lora4j.serve.AdapterCache;
import org.lora4j.spark.internal.base.AdapterBytes;
import org.lora4j.spark.internal.base.ExecutorThreads;
import org.lora4j.spark.internal.base.FolderAdapters;
import org.lora4j.spark.internal.base.SentBase;

/**
 * What executors need to score rows, sent once to each. An executor that has the broadcast of this object has one model, which
 * all its tasks share, and loads adapters into it when rows name them.
 *
 * @param <B> the kind of base
 */
public final class ScoringTask<B extends SentBase> implements Serializable {
    private static final long serialVersionUID = 1L;

    /** The name of the adapter of a transformer that has one for all rows. */
    public static final String OWN = "own";

    private final Broadcast<B> base;
    private final @Nullable AdapterBytes own;
    private final @Nullable String folder;
    private final long maxBytes;
    private final FingerprintCheck check;
    private final SerializableConfiguration hadoop;
    private transient @Nullable Scorer<B> scorer;

    /**
     * A model with the adapters in it.
     *
     * @param base the base
     * @param model its model
     * @param cache loads the adapters of rows; null if all rows have the same adapter
     * @param <B> the kind of base
     */
    public record Scorer<B extends SentBase>(
            Broadcast<B> base, LoRAModel model, @Nullable AdapterCache cache) {
        /** The model of a row, which names an adapter that is loaded. */
        Model of(String adapter) {
            if (cache == null) {
                return model.names().isEmpty() ? model.base() : model.using(OWN);
            }
            return adapter.equals(LoRAModel.BASE) ? model.base() : model.using(adapter);
        }

        /** The name of the adapter of a row among those that are loaded. */
        String name(String adapter) {
            return cache != null ? adapter : model.names().isEmpty() ? LoRAModel.BASE : OWN;
        }

        /** Reads an adapter of the cache again. */
        void reload(String adapter) {
            Objects.requireNonNull(cache).refresh(adapter);
        }
    }

    public ScoringTask(
            Broadcast<B> base,
            @Nullable AdapterBytes own,
            @Nullable String folder,
            long maxBytes,
            FingerprintCheck check,
            SerializableConfiguration hadoop) {
        this.base = base;
        this.own = own;
        this.folder = folder;
        this.maxBytes = maxBytes;
        this.check = check;
        this.hadoop = hadoop;
    }

    public Broadcast<B> sentBase() {
        return base;
    }

    public B base() {
        return base.value();
    }

    public synchronized Scorer<B> scorer() {
        Scorer<B> now = scorer;
        if (now == null) {
            ExecutorThreads.limit();
            now = create();
            scorer = now;
        }
        return now;
    }

    private Scorer<B> create() {
        LoRAModel model = LoRAModel.of(base.value().network());
        if (folder != null) {
            return new Scorer<>(
                    base,
                    model,
                    cache(model, new Path(folder))
                            .maxBytes(maxBytes)
                            .readOptions(ReadOptions.of(check))
                            .build());
        }
        if (own != null) {
            try {
                base.value().requireTask("task.json", own.task());
                LoRAAdapter read = own.adapter(model.network(), ReadOptions.of(check));
                base.value().loaded(OWN, "task.json", own.task(), read);
                model.add(OWN, read);
            } catch (IOException e) {
                throw new UncheckedIOException("the adapter cannot be used with this base: " + e.getMessage(), e);
            }
        }
        return new Scorer<>(base, model, null);
    }

    private AdapterCache.Builder cache(LoRAModel model, Path adapters) {
        try {
            return AdapterCache.builder(model, FolderAdapters.of(adapters, hadoop.value(), base.value()));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "adapterFolder: " + folder + " must be a path of a file system of Hadoop, found: " + e.getMessage(),
                    e);
        }
    }
}
