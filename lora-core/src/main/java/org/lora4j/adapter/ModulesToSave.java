package org.lora4j.adapter;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Layers trained in full: PEFT's {@code modules_to_save}. As in PEFT, an entry chooses each module whose path ends with it,
 * and all layers inside that module: {@code classifier} chooses {@code classifier.dense} and {@code classifier.out_proj}.
 */
final class ModulesToSave {
    private final Set<String> entries;

    ModulesToSave(List<String> entries) {
        if (entries.size() > TargetModules.Paths.MAX_ENTRIES || entries.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException("modulesToSave must be at most " + TargetModules.Paths.MAX_ENTRIES
                    + " names that are not blank, found " + entries.size() + " names, the first of them "
                    + entries.subList(0, Math.min(10, entries.size())));
        }
        this.entries = Set.copyOf(entries);
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    /** Whether a layer is trained in full. */
    boolean matches(String path) {
        return !entries.isEmpty() && choices(path).stream().anyMatch(entries::contains);
    }

    /** The entries that choose none of the layers. */
    List<String> unmatched(List<String> paths) {
        List<String> left = new ArrayList<>(entries);
        paths.forEach(path -> left.removeAll(choices(path)));
        return left;
    }

    /** All entries that would choose a layer: the ends of its path and of the paths of the modules around it. */
    private static Set<String> choices(String path) {
        Set<String> choices = new HashSet<>();
        for (int end = path.length(); end > 0; end = path.lastIndexOf('.', end - 1)) {
            for (int from = 0; from < end; from++) {
                choices.add(path.substring(from, end));
            }
        }
        return choices;
    }
}
