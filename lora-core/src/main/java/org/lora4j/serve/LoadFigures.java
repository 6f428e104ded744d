package org.lora4j.serve;

import org.jspecify.annotations.Nullable;

/**
 * What an {@link AdapterCache} did for an adapter.
 *
 * @param loads how often it was loaded
 * @param failedLoads how often it could not be loaded
 * @param evictions how often it was deleted to keep a limit
 * @param lastFailure the last failure of a load, or null
 */
record LoadFigures(long loads, long failedLoads, long evictions, ServingStats.OfAdapter.@Nullable Failure lastFailure) {
    static final LoadFigures NONE = new LoadFigures(0, 0, 0, null);

    LoadFigures plus(LoadFigures other) {
        return new LoadFigures(
                loads + other.loads,
                failedLoads + other.failedLoads,
                evictions + other.evictions,
                ServingStats.OfAdapter.Failure.later(lastFailure, other.lastFailure));
    }
}
