package org.lora4j.nn.weight.internal;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.linalg.ProductEngine.Direction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The copy of a frozen matrix that a product engine packed for one direction, when the first product needed it. Thread-safe. */
final class PackedCopy {
    private static final Logger log = LoggerFactory.getLogger(PackedCopy.class);

    private final Direction direction;
    private volatile @Nullable Packed known;

    PackedCopy(Direction direction) {
        this.direction = direction;
    }

    /** What was packed, in which precision, and how often the weight was unfrozen before. Empty: the engine refused. */
    private record Packed(Optional<PackedWeight> weight, Precision precision, int thaws) {
        boolean isFor(Precision wanted, int thawsNow) {
            return precision == wanted && thaws == thawsNow;
        }
    }

    /**
     * Returns the copy. One thread packs, and the others wait for it.
     *
     * @param name the name of the weight, for the log
     * @param thaws how often the weight was unfrozen before the matrix was read
     * @return null if the engine is not faster for a matrix of these sizes
     */
    @Nullable
    PackedWeight of(ProductEngine engine, String name, WeightMatrix matrix, Precision wanted, int thaws) {
        Packed now = known;
        if (now == null || !now.isFor(wanted, thaws)) {
            now = pack(engine, name, matrix, wanted, thaws);
        }
        return now.weight().orElse(null);
    }

    private synchronized Packed pack(
            ProductEngine engine, String name, WeightMatrix matrix, Precision wanted, int thaws) {
        Packed now = known;
        if (now == null || !now.isFor(wanted, thaws)) {
            // Before the new copy needs memory.
            known = null;
            now = new Packed(pack(engine, matrix, wanted), wanted, thaws);
            known = now;
            log.debug(
                    "{}: packed {} by {} in {}",
                    name,
                    direction,
                    engine.name(),
                    now.weight().isPresent() ? wanted : "no precision, because it is not faster for these sizes");
        }
        return now;
    }

    private Optional<PackedWeight> pack(ProductEngine engine, WeightMatrix matrix, Precision wanted) {
        if (direction == Direction.TRANSPOSED) {
            return matrix.lend(array -> engine.prepare(array, wanted, direction));
        }
        if (!(matrix instanceof OwnedMatrix owned)) {
            return PackedRows.of(engine, matrix, wanted);
        }
        // Another parameter may share the matrix.
        Optional<PackedWeight> held = owned.packed(wanted);
        if (held.isPresent()) {
            return held;
        }
        Optional<PackedWeight> packed = PackedRows.of(engine, matrix, wanted);
        packed.ifPresent(copy -> owned.moveTo(copy, wanted));
        return packed;
    }

    void drop() {
        known = null;
    }

    /** Whether the engine does not multiply with the matrix. It is asked with the first product. */
    boolean isRefused() {
        Packed now = known;
        return now != null && now.weight().isEmpty();
    }

    /** What is packed now. */
    Optional<PackedWeight> now() {
        Packed now = known;
        return now == null ? Optional.empty() : now.weight();
    }

    long bytes() {
        return now().map(PackedWeight::bytes).orElse(0L);
    }
}
