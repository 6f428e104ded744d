package org.lora4j.adapter;

import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.internal.MessageText;

/**
 * Layers trained in full: PEFT's {@code modules_to_save}. As in PEFT, an entry chooses each module whose path ends with it,
 * and all layers inside that module: {@code classifier} chooses {@code classifier.dense} and {@code classifier.out_proj}.
 */
final class ModulesToSave {
    private final List<String> entries;

    /** The entries backwards; without those that end with another, since the other chooses the same modules and more. */
    private final NavigableSet<String> backwards = new TreeSet<>();

    ModulesToSave(List<String> entries) {
        if (entries.size() > TargetModules.Paths.MAX_ENTRIES || entries.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException("modulesToSave must be at most " + TargetModules.Paths.MAX_ENTRIES
                    + " names that are not blank, found " + MessageText.list(entries));
        }
        this.entries = List.copyOf(entries);
        for (String entry :
                new TreeSet<>(entries.stream().map(ModulesToSave::backwards).toList())) {
            if (backwards.isEmpty() || !entry.startsWith(backwards.last())) {
                backwards.add(entry);
            }
        }
    }

    private static String backwards(String text) {
        return new StringBuilder(text).reverse().toString();
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    /** Whether a layer is trained in full. */
    boolean matches(String path) {
        return !backwards.isEmpty() && modules(path).anyMatch(this::endsWithEntry);
    }

    private boolean endsWithEntry(String moduleBackwards) {
        // Among texts of which none begins with another, only the next lower one can be the beginning of this text.
        String candidate = backwards.floor(moduleBackwards);
        return candidate != null && moduleBackwards.startsWith(candidate);
    }

    /** The paths, backwards, of a layer and of all modules around it. */
    private static Stream<String> modules(String path) {
        String whole = backwards(path);
        return IntStream.range(0, whole.length())
                .filter(i -> i == 0 || whole.charAt(i - 1) == '.')
                .mapToObj(whole::substring);
    }

    /** The entries that choose none of the layers. */
    List<String> unmatched(List<String> paths) {
        NavigableSet<String> modules = new TreeSet<>();
        paths.forEach(path -> modules(path).forEach(modules::add));
        return entries.stream()
                .filter(entry -> {
                    // The next higher text begins with it, if any does.
                    String found = modules.ceiling(backwards(entry));
                    return found == null || !found.startsWith(backwards(entry));
                })
                .toList();
    }
}
