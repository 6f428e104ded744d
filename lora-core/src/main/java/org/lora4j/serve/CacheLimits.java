package org.lora4j.serve;

import java.util.Set;

/**
 * What an {@link AdapterCache} keeps in the model.
 *
 * @param maxAdapters how many adapters at most
 * @param maxBytes how many bytes their arrays take at most
 * @param kept the names of those that stay in any case
 */
record CacheLimits(int maxAdapters, long maxBytes, Set<String> kept) {
    boolean areExceeded(int adapters, long bytes) {
        return adapters > maxAdapters || bytes > maxBytes;
    }

    boolean keeps(String name) {
        return kept.contains(name);
    }
}
