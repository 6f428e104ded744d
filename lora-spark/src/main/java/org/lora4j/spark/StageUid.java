package org.lora4j.spark;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The uid of a stage that is being created. The constructors of Spark's predictors ask a stage for its uid before a class of
 * Java can store it in a field.
 */
final class StageUid {
    private static final ThreadLocal<String> CURRENT = new ThreadLocal<>();

    private final String uid;

    private StageUid(String uid) {
        this.uid = uid;
    }

    /** Begins the creation of a stage. It is an argument of its constructor, so it comes before that of Spark. */
    static StageUid begin(String uid) {
        CURRENT.set(Objects.requireNonNull(uid, "uid must not be null"));
        return new StageUid(uid);
    }

    /** Ends the part in which the stage has no field, and returns the uid. */
    String end() {
        CURRENT.remove();
        return uid;
    }

    /** The uid of a stage: its field, or while it has none, that of the stage that is being created. */
    static String of(@Nullable String field) {
        return field == null ? CURRENT.get() : field;
    }
}
