package org.lora4j.adapter;

import java.util.Optional;

/**
 * A key of a rank pattern or an alpha pattern that is a path or the end of one, as nearly all are: letters, digits, dots and
 * escaped characters. It is compared without an engine for expressions. As in an expression, a dot that is not escaped stands
 * for any character.
 */
final class PlainKey {
    /** Stands for any character; no path has it. */
    private static final char ANY = '\0';

    private final String characters;
    private final boolean whole;

    private PlainKey(String characters, boolean whole) {
        this.characters = characters;
        this.whole = whole;
    }

    /** The key, or nothing if it is an expression of another kind. */
    static Optional<PlainKey> of(String key) {
        boolean whole = key.startsWith("^");
        StringBuilder characters = new StringBuilder();
        for (int i = whole ? 1 : 0; i < key.length(); i++) {
            char c = key.charAt(i);
            if (c == '.') {
                characters.append(ANY);
            } else if (c == '\\' && i + 1 < key.length() && !Character.isLetterOrDigit(key.charAt(i + 1))) {
                characters.append(key.charAt(++i));
            } else if (Character.isLetterOrDigit(c) || c == '_' || c == '-') {
                characters.append(c);
            } else {
                return Optional.empty();
            }
        }
        return characters.length() == 0 ? Optional.empty() : Optional.of(new PlainKey(characters.toString(), whole));
    }

    /** Whether a path is the key, or ends with a dot and the key. */
    boolean matches(String path) {
        int start = path.length() - characters.length();
        boolean fits = start == 0 || (start > 0 && !whole && path.charAt(start - 1) == '.');
        for (int i = characters.length() - 1; fits && i >= 0; i--) {
            char expected = characters.charAt(i);
            fits = expected == ANY || expected == path.charAt(start + i);
        }
        return fits;
    }
}
