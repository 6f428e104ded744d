package org.lora4j.spark.internal.param;

import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;

/** One of the values of a parameter: a constant of an enum. The parameter takes its name in camel case. */
public interface Choice {
    /** The first letter of each word but the first. */
    Pattern WORD = Pattern.compile("_(.)");

    /** Returns the name of the constant. */
    String name();

    /** Returns the value of the parameter that stands for the constant. */
    default String text() {
        return text(name());
    }

    /** Returns {@code meanClassifier} for {@code MEAN_CLASSIFIER}. */
    static String text(String name) {
        return WORD.matcher(name.toLowerCase(Locale.ROOT))
                .replaceAll(word -> word.group(1).toUpperCase(Locale.ROOT));
    }

    /** Returns the values of a parameter, in the order of its constants. */
    static <E extends Enum<E>> String[] texts(Class<E> type) {
        return Arrays.stream(type.getEnumConstants())
                .map(choice -> text(choice.name()))
                .toArray(String[]::new);
    }

    /** Returns the constant of a value that the parameter has checked. */
    static <E extends Enum<E>> E of(Class<E> type, String text) {
        for (E choice : type.getEnumConstants()) {
            if (text(choice.name()).equals(text)) {
                return choice;
            }
        }
        throw new IllegalArgumentException(type.getSimpleName() + " has no " + text);
    }
}
