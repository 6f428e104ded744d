package org.lora4j.io.gguf.internal;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ForModules;
import org.lora4j.internal.MessageText;
import org.lora4j.io.gguf.model.GgufException;

/**
 * The keys of a GGUF file with their values, such as {@code general.architecture} or {@code tokenizer.ggml.tokens}. Immutable.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">The GGUF format</a>
 */
@ForModules
public final class GgufKeys {
    private final String file;

    /** Long, Double, Boolean, String, long[], double[], boolean[] or a list of strings, by its key. */
    private final Map<String, Object> values;

    GgufKeys(String file, Map<String, Object> values) {
        this.file = file;
        this.values = Collections.unmodifiableMap(values);
    }

    /**
     * Returns the name of the file, for messages.
     *
     * @return its path
     */
    public String file() {
        return file;
    }

    /**
     * Returns the keys.
     *
     * @return their names, in the order of the file
     */
    public Set<String> names() {
        return values.keySet();
    }

    /**
     * Returns whether there is a key.
     *
     * @param key its name
     * @return true if it has a value of any type
     */
    public boolean has(String key) {
        return values.containsKey(key);
    }

    /** Whether the value of a key is an array. */
    boolean isArray(String key) {
        Object value = values.get(key);
        return value instanceof List || (value != null && value.getClass().isArray());
    }

    /**
     * Returns a text.
     *
     * @param key its name
     * @return the text; nothing if there is no such key
     * @throws GgufException if the value is of another type
     */
    public Optional<String> text(String key) throws GgufException {
        return Optional.ofNullable(get(key, String.class, "a string"));
    }

    /**
     * Returns a whole number.
     *
     * @param key its name
     * @return the number; nothing if there is no such key
     * @throws GgufException if the value is of another type
     */
    public OptionalLong whole(String key) throws GgufException {
        Long value = get(key, Long.class, "a whole number");
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    /**
     * Returns a number.
     *
     * @param key its name
     * @return a whole or other number; nothing if there is no such key
     * @throws GgufException if the value is of another type
     */
    public OptionalDouble number(String key) throws GgufException {
        Number value = get(key, Number.class, "a number");
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value.doubleValue());
    }

    /**
     * Returns true or false.
     *
     * @param key its name
     * @return the truth value; nothing if there is no such key
     * @throws GgufException if the value is of another type
     */
    public Optional<Boolean> truth(String key) throws GgufException {
        return Optional.ofNullable(get(key, Boolean.class, "a truth value"));
    }

    /**
     * Returns several texts.
     *
     * @param key its name
     * @return the texts; nothing if there is no such key
     * @throws GgufException if the value is of another type
     */
    @SuppressWarnings("unchecked") // The reader puts only strings into lists.
    public Optional<List<String>> texts(String key) throws GgufException {
        return Optional.ofNullable((List<String>) get(key, List.class, "an array of strings"));
    }

    /**
     * Returns several whole numbers.
     *
     * @param key its name
     * @return the numbers, in a new array; nothing if there is no such key
     * @throws GgufException if the value is of another type
     */
    public Optional<long[]> wholes(String key) throws GgufException {
        return Optional.ofNullable(get(key, long[].class, "an array of whole numbers"))
                .map(long[]::clone);
    }

    /**
     * Returns several numbers.
     *
     * @param key its name
     * @return the numbers, in a new array; nothing if there is no such key
     * @throws GgufException if the value is of another type
     */
    public Optional<double[]> numbers(String key) throws GgufException {
        if (values.get(key) instanceof long[] wholes) {
            return Optional.of(Arrays.stream(wholes).asDoubleStream().toArray());
        }
        return Optional.ofNullable(get(key, double[].class, "an array of numbers"))
                .map(double[]::clone);
    }

    /**
     * Returns several truth values.
     *
     * @param key its name
     * @return the values, in a new array; nothing if there is no such key
     * @throws GgufException if the value is of another type
     */
    public Optional<boolean[]> truths(String key) throws GgufException {
        return Optional.ofNullable(get(key, boolean[].class, "an array of truth values"))
                .map(boolean[]::clone);
    }

    private <T> @Nullable T get(String key, Class<T> type, String what) throws GgufException {
        Object value = values.get(Objects.requireNonNull(key, "key must not be null"));
        if (value != null && !type.isInstance(value)) {
            throw refuse(key, "must be " + what, describe(value));
        }
        return type.cast(value);
    }

    /**
     * Returns the refusal of a value.
     *
     * @param key the key
     * @param rule what its value must be
     * @param found what it is
     * @return an exception that names the file and the key
     */
    public GgufException refuse(String key, String rule, Object found) {
        return new GgufException(file, key, rule, found);
    }

    private static String describe(Object value) {
        if (value instanceof String text) {
            return "the string " + MessageText.quote(text);
        }
        if (value instanceof List<?> list) {
            return "an array of " + list.size() + " strings";
        }
        return value.getClass().isArray() ? "an array of numbers or truth values" : value.toString();
    }

    @Override
    public String toString() {
        return "GgufKeys[" + file + ", " + values.size() + " keys]";
    }
}
