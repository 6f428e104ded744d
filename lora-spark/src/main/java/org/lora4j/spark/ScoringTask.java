package org.lora4j.spark;

import java.io.Serializable;
import java.nio.file.Path;
import org.apache.spark.broadcast.Broadcast;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterCache;
import org.lora4j.LoRAModel;
import org.lora4j.io.FingerprintCheck;

/**
 * What executors need to score rows, sent once to each. An executor that has the broadcast of this object has one model, which
 * all its tasks share, and loads adapters into it when rows name them.
 */
final class ScoringTask implements Serializable {
    private static final long serialVersionUID = 1L;

    /** The name of the adapter of a transformer that has one for all rows. */
    static final String OWN = "own";

    private final Broadcast<BaseNetwork> base;
    private final @Nullable AdapterBytes own;
    private final @Nullable String folder;
    private final long maxBytes;
    private final FingerprintCheck check;
    private transient @Nullable Scorer scorer;

    /**
     * A model with the adapters in it.
     *
     * @param cache loads the adapters of rows; null if all rows have the same adapter
     */
    record Scorer(LoRAModel model, @Nullable AdapterCache cache) {}

    ScoringTask(
            Broadcast<BaseNetwork> base,
            @Nullable AdapterBytes own,
            @Nullable String folder,
            long maxBytes,
            FingerprintCheck check) {
        this.base = base;
        this.own = own;
        this.folder = folder;
        this.maxBytes = maxBytes;
        this.check = check;
    }

    synchronized Scorer scorer() {
        Scorer now = scorer;
        if (now == null) {
            ExecutorThreads.limit();
            now = create();
            scorer = now;
        }
        return now;
    }

    private Scorer create() {
        LoRAModel model = LoRAModel.of(base.value().network());
        if (folder != null) {
            return new Scorer(
                    model,
                    AdapterCache.builder(model, Path.of(folder))
                            .maxBytes(maxBytes)
                            .fingerprintCheck(check)
                            .build());
        }
        if (own != null) {
            model.add(OWN, own.adapter(model.network(), check));
        }
        return new Scorer(model, null);
    }
}
