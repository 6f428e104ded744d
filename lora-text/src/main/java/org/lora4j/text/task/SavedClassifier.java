package org.lora4j.text.task;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.safetensors.SafeTensorsHeader;
import org.lora4j.text.data.Labels;

/**
 * The classifier among the modules that an adapter stores in full.
 *
 * @param module the path of the module, such as {@code classifier} or {@code score}
 * @param outputs how many outputs it has
 */
public record SavedClassifier(String module, long outputs) {
    private static final String WEIGHT = ".weight";
    private static final List<String> MODULES = List.of("classifier", "classifier.out_proj", "score");

    /**
     * Finds the classifier of an adapter.
     *
     * @param adapter the adapter
     * @return its classifier; nothing if it has none
     */
    public static Optional<SavedClassifier> of(LoRAAdapter adapter) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        for (Map.Entry<String, LoRAAdapter.SavedModule> saved :
                adapter.savedModules().entrySet()) {
            if (isClassifier(saved.getKey())) {
                return Optional.of(new SavedClassifier(
                        saved.getKey(), saved.getValue().weight().size(0)));
            }
        }
        return Optional.empty();
    }

    /** Finds the classifier among the tensors of PEFT's file. */
    static Optional<SavedClassifier> ofHeader(SafeTensorsHeader header) {
        for (String name : header.names()) {
            String module = name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
            if (header.shape(name).length == 2 && isClassifier(module)) {
                return Optional.of(new SavedClassifier(module, header.shape(name)[0]));
            }
        }
        return Optional.empty();
    }

    /** Whether a module is a classifier, and not {@code pre_classifier}, which DistilBERT has below it. */
    private static boolean isClassifier(String module) {
        return MODULES.stream().anyMatch(name -> module.equals(name) || module.endsWith("." + name));
    }

    /** Checks that an adapter has a classifier with an output for each label, or none if the model has one of its own. */
    static void require(Object where, LoRAAdapter adapter, Labels labels, boolean hasOwn) throws IOException {
        Optional<SavedClassifier> classifier = of(adapter);
        if (classifier.isEmpty() && !hasOwn) {
            throw new IOException(where + ": the adapter must have a classifier among its saved modules, found "
                    + adapter.savedModules().keySet());
        }
        if (classifier.isPresent() && classifier.get().outputs != labels.count()) {
            throw new IOException(where + ": the classifier must have an output for each of the " + labels.count()
                    + " labels " + labels + ", found " + classifier.get().outputs);
        }
    }
}
