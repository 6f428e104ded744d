package org.lora4j.internal;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Checks the names of adapters: each must be a valid folder name on every platform. */
@ForModules
public final class AdapterNames {
    /** The name that means "no adapter" in a mixed batch, as in PEFT. */
    public static final String BASE = "__base__";

    private static final int MOST_CHARACTERS = 120;
    private static final int MOST_BYTES = 255;
    private static final int MOST_LISTED = 10;
    private static final String FORBIDDEN = "/\\:*?\"<>|";

    /** Windows takes these for devices, also with spaces and an extension after them. */
    private static final Pattern DEVICE = Pattern.compile(
            "(con|prn|aux|nul|conin\\$|conout\\$|(com|lpt)[0-9\u00b9\u00b2\u00b3]) *(\\..*)?",
            Pattern.CASE_INSENSITIVE);

    private AdapterNames() {}

    /**
     * Checks the names of a set of adapters.
     *
     * @param names the names
     * @throws IllegalArgumentException if a name is invalid, or two names differ only in case; the message lists them
     */
    public static void require(Collection<String> names) {
        List<String> refused = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            String problem = problem(name);
            if (problem == null && !seen.add(fold(name))) {
                problem = "it differs from another one only in case";
            }
            if (problem != null) {
                refused.add(MessageText.quote(name) + ": " + problem);
            }
        }
        if (!refused.isEmpty()) {
            String more = refused.size() > MOST_LISTED ? "; and " + (refused.size() - MOST_LISTED) + " more" : "";
            throw new IllegalArgumentException("adapters' names must be names of folders on every platform, other than "
                    + BASE + " and differing in more than case, found "
                    + String.join("; ", refused.subList(0, Math.min(refused.size(), MOST_LISTED))) + more);
        }
    }

    /**
     * Checks the name of a new adapter.
     *
     * @param name the name
     * @param others the names of the existing adapters
     * @throws IllegalArgumentException if the name is invalid, exists, or differs from an existing one only in case
     */
    public static void requireNew(String name, Collection<String> others) {
        String problem = problem(name);
        if (problem != null) {
            throw new IllegalArgumentException(
                    "an adapter's name must be the name of a folder on every platform, other than " + BASE + ", found "
                            + MessageText.quote(name) + ": " + problem);
        }
        String folded = fold(name);
        for (String other : others) {
            if (fold(other).equals(folded)) {
                throw new IllegalArgumentException(
                        "an adapter's name must differ from the others in more than case, found "
                                + MessageText.quote(name) + "; the adapters are " + MessageText.list(others));
            }
        }
    }

    /** Returns why a name is refused, or null if it is not. */
    public static @Nullable String problem(String name) {
        if (name.isBlank()) {
            return "it must not be blank";
        }
        if (name.equals(BASE)) {
            return "it stands for no adapter";
        }
        OptionalInt refused = name.codePoints().filter(c -> !isAllowed(c)).findFirst();
        if (refused.isPresent()) {
            return String.format(
                    Locale.ROOT,
                    "it must not have the character U+%04X (%s)",
                    refused.getAsInt(),
                    kind(refused.getAsInt()));
        }
        if (!Normalizer.isNormalized(name, Normalizer.Form.NFC)) {
            return "it must be in Unicode's form NFC, or some systems take it for another name;"
                    + " use Normalizer.normalize(name, Normalizer.Form.NFC)";
        }
        if (name.startsWith(".")) {
            return "it must not begin with a dot, which hides a folder";
        }
        if (name.endsWith(".") || name.endsWith(" ")) {
            return "it must not end with a dot or a space, which Windows removes";
        }
        if (DEVICE.matcher(name).matches()) {
            return "it is the name of a device on Windows";
        }
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (name.length() > MOST_CHARACTERS || bytes > MOST_BYTES) {
            return "it must have at most " + MOST_CHARACTERS + " characters and " + MOST_BYTES
                    + " bytes in UTF-8, found " + name.length() + " and " + bytes;
        }
        return null;
    }

    private static boolean isAllowed(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> FORBIDDEN.indexOf(c) < 0;
        };
    }

    private static String kind(int c) {
        return switch (Character.getType(c)) {
            case Character.FORMAT -> "invisible";
            case Character.SURROGATE -> "half of a surrogate pair";
            case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> "a control character";
            default -> Character.toString(c);
        };
    }

    /**
     * Returns the names that differ from another one only in case, which are one name on some file systems.
     *
     * @param names names, each once
     */
    public static Set<String> alikeButForCase(Collection<String> names) {
        Map<String, Integer> counts = new HashMap<>();
        names.forEach(name -> counts.merge(fold(name), 1, Integer::sum));
        return names.stream()
                .filter(name -> counts.getOrDefault(fold(name), 0) > 1)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Upper case first: some letters have the same upper case and different lower cases, and file systems differ. */
    private static String fold(String name) {
        return name.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
    }
}
