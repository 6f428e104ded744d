package org.lora4j.adapter;

import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What {@code adapter_config.json} says about an adapter that does not change what it computes here. It is kept when an
 * adapter is read and saved again, because Python's PEFT and programs around it need it: its Auto classes open an adapter by
 * its task type and its base.
 *
 * @param taskType PEFT's task type, such as {@code SEQ_CLS}, or null
 * @param baseModel the name or folder of the base, {@code base_model_name_or_path}, or null
 * @param revision the version of the base, or null
 * @param others all further fields by name, each as JSON
 */
public record HubFields(
        @Nullable String taskType,
        @Nullable String baseModel,
        @Nullable String revision,
        Map<String, String> others) {
    private static final HubFields NONE = new HubFields(null, null, null, Map.of());

    /**
     * Copies the map.
     *
     * @param taskType the task type, or null
     * @param baseModel the name or folder of the base, or null
     * @param revision the version of the base, or null
     * @param others all further fields by name
     */
    public HubFields {
        Objects.requireNonNull(others, "others must not be null");
        others = Collections.unmodifiableMap(new TreeMap<>(CheckedCopy.of("others", others)));
    }

    /**
     * Returns no fields.
     *
     * @return the fields of an adapter of which nothing is known
     */
    public static HubFields none() {
        return NONE;
    }

    /**
     * Changes the task type.
     *
     * @param changed PEFT's task type: {@code SEQ_CLS}, {@code FEATURE_EXTRACTION}, {@code CAUSAL_LM} or another; null for none
     * @return these fields with this change
     */
    public HubFields withTaskType(@Nullable String changed) {
        return new HubFields(changed, baseModel, revision, others);
    }

    /**
     * Changes the base.
     *
     * @param name its name or folder, as {@code from_pretrained} takes it; null for none
     * @return these fields with this change
     */
    public HubFields withBaseModel(@Nullable String name) {
        return new HubFields(taskType, name, revision, others);
    }

    /**
     * Changes the version of the base.
     *
     * @param changed a branch, tag or commit; null for none
     * @return these fields with this change
     */
    public HubFields withRevision(@Nullable String changed) {
        return new HubFields(taskType, baseModel, changed, others);
    }
}
