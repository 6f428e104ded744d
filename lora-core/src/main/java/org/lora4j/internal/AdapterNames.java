package org.lora4j.internal;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** Checks the names of adapters: each must be a valid folder name on every platform. */
public final class AdapterNames {
    /** The name that means "no adapter" in a mixed batch, as in PEFT. */
    public static final String BASE = "__base__";

    /** Excludes what a file system forbids or removes; at most 120 characters, and no leading dot. */
    private static final Pattern ALLOWED = Pattern.compile("(?!\\.)[^\\p{Cntrl}\\p{Cs}/\\\\:*?\"<>|]{1,120}(?<![. ])");

    private static final Pattern DEVICE =
            Pattern.compile("(con|prn|aux|nul|com\\d|lpt\\d)(\\..*)?", Pattern.CASE_INSENSITIVE);

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
            if (!isAllowed(name) || !seen.add(fold(name))) {
                refused.add(name);
            }
        }
        if (!refused.isEmpty()) {
            throw new IllegalArgumentException("adapters' names must be names of folders on every platform, other than "
                    + BASE + " and differing in more than case, found " + Names.list(refused));
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
        if (!isAllowed(name)) {
            throw new IllegalArgumentException(
                    "an adapter's name must be the name of a folder on every platform, other than " + BASE + ", found "
                            + Names.quote(name));
        }
        String folded = fold(name);
        for (String other : others) {
            if (fold(other).equals(folded)) {
                throw new IllegalArgumentException(
                        "an adapter's name must differ from the others in more than case, found " + Names.quote(name)
                                + "; the adapters are " + Names.list(others));
            }
        }
    }

    private static boolean isAllowed(String name) {
        return ALLOWED.matcher(name).matches()
                && !name.isBlank()
                && !DEVICE.matcher(name).matches()
                && !name.equals(BASE);
    }

    private static String fold(String name) {
        return name.toLowerCase(Locale.ROOT);
    }
}
