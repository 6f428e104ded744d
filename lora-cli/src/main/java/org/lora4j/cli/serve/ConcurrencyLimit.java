package org.lora4j.cli.serve;

import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.lora4j.internal.MessageText;

/** How many requests of the model are answered at the same time, in all and for each adapter. Thread-safe. */
final class ConcurrencyLimit {
    /** One adapter takes this part of all places at most, so that it does not keep others out. */
    private static final int PART = 4;

    private final int most;
    private final int mostOfOne;
    private final Map<String, Integer> byAdapter = new HashMap<>();
    private final UnaryOperator<String> tooMany;
    private int taken;

    ConcurrencyLimit(int most) {
        this(
                most,
                adapter -> "too many requests of the adapter " + MessageText.quote(adapter)
                        + " are answered at the same time; try again later");
    }

    /**
     * Creates places that nobody has.
     *
     * @param tooMany says that one has as many as it may
     */
    ConcurrencyLimit(int most, UnaryOperator<String> tooMany) {
        this.most = most;
        this.tooMany = tooMany;
        mostOfOne = Math.max(1, most / PART);
    }

    /**
     * Takes a place. Call {@link #leave} afterwards.
     *
     * @throws ApiException if there is none
     */
    synchronized void enter(String adapter) {
        if (taken >= most) {
            throw ApiException.busy("too many requests are answered at the same time; try again later");
        }
        int own = byAdapter.getOrDefault(adapter, 0);
        if (own >= mostOfOne) {
            throw ApiException.tooMany(tooMany.apply(adapter));
        }
        byAdapter.put(adapter, own + 1);
        taken++;
    }

    /** Gives a place back. */
    synchronized void leave(String adapter) {
        byAdapter.computeIfPresent(adapter, (name, own) -> own == 1 ? null : own - 1);
        taken--;
    }

    /** The number of places that are taken. */
    synchronized int taken() {
        return taken;
    }
}
