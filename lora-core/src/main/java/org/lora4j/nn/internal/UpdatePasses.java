package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.function.Function;
import org.lora4j.nn.parametrization.internal.WeightUpdate;

/**
 * The computations of the updates of one layer. A computation that is not needed is kept for a later update of its kind, so
 * a layer that switches between adapters creates no native contexts.
 *
 * @param <P> the computation of one update
 */
final class UpdatePasses<P> {
    private final BiPredicate<P, WeightUpdate> binds;
    private final Function<WeightUpdate, P> create;
    private final List<P> bound = new ArrayList<>();
    private final List<P> idle = new ArrayList<>();

    /**
     * Creates an empty list.
     *
     * @param binds binds a computation to an update; false if the update is of another kind
     * @param create creates a computation that is bound to an update
     */
    UpdatePasses(BiPredicate<P, WeightUpdate> binds, Function<WeightUpdate, P> create) {
        this.binds = binds;
        this.create = create;
    }

    /** The computations of the updates that were bound last. */
    List<P> bound() {
        return bound;
    }

    /** Binds a computation to each update. It reuses one of the same kind if there is one. */
    void bind(List<WeightUpdate> wanted) {
        idle.addAll(bound);
        bound.clear();
        for (WeightUpdate update : wanted) {
            bound.add(bind(update));
        }
    }

    private P bind(WeightUpdate update) {
        for (int i = 0; i < idle.size(); i++) {
            if (binds.test(idle.get(i), update)) {
                return idle.remove(i);
            }
        }
        return create.apply(update);
    }
}
