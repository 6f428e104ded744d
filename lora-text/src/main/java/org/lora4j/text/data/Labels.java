package org.lora4j.text.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.text.internal.Json;
import org.lora4j.text.internal.TextCheck;

/** The labels of a classifier as words: {@code id2label} of {@code config.json}. The class of a label is its index. */
public final class Labels {
    private static final String CONFIG = "config.json";

    private final List<String> names;
    private final Map<String, Integer> ids = new LinkedHashMap<>();

    private Labels(List<String> names) {
        this.names = names;
        for (int i = 0; i < names.size(); i++) {
            Integer before = ids.put(names.get(i), i);
            if (before != null) {
                throw new IllegalArgumentException("labels: each class must have a name of its own, found '"
                        + names.get(i) + "' for " + before + " and " + i);
            }
        }
    }

    /**
     * Names classes.
     *
     * @param names the name of each class
     * @return the labels
     * @throws IllegalArgumentException if two classes have the same name
     */
    public static Labels of(List<String> names) {
        TextCheck.requireAll("names", names);
        return new Labels(List.copyOf(names));
    }

    /**
     * Names classes by their numbers, as Hugging Face does for those without names.
     *
     * @param classes how many classes there are
     * @return {@code LABEL_0}, {@code LABEL_1} and so on
     */
    public static Labels numbered(int classes) {
        return new Labels(
                IntStream.range(0, classes).mapToObj(id -> "LABEL_" + id).toList());
    }

    /**
     * Returns weights with which all classes count the same, as {@code class_weight="balanced"} of scikit-learn: {@code n / (K · nₖ)} for
     * n examples of K classes, of which nₖ have class k. Their mean over the examples is 1.
     *
     * @param counts how many examples each class has
     * @return a weight for each class; 1 for one without an example
     */
    public static double[] balancedWeights(int... counts) {
        double all = IntStream.of(counts).asLongStream().sum();
        return IntStream.of(counts)
                .mapToDouble(count -> count == 0 ? 1 : all / counts.length / count)
                .toArray();
    }

    /**
     * Reads the labels of a model with a classifier.
     *
     * @param source the files of the model, with {@code config.json}
     * @param outputs how many outputs the classifier has
     * @return the labels of the file, if there is one for each output; otherwise as {@link #numbered} names them
     * @throws IOException if the file cannot be read
     * @throws IllegalArgumentException as {@link #parse}
     */
    public static Labels read(ModelSource source, long outputs) throws IOException {
        Labels named = read(source);
        return named.count() == outputs ? named : numbered(Math.toIntExact(outputs));
    }

    /**
     * Reads the labels of a model.
     *
     * @param source the files of the model, with {@code config.json}
     * @return the labels, as {@link #parse} returns them
     * @throws IOException if the file cannot be read
     * @throws IllegalArgumentException as {@link #parse}
     */
    public static Labels read(ModelSource source) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        String config = Json.textIfExists(source, CONFIG);
        if (config == null) {
            throw new NoSuchFileException(source.describe(CONFIG));
        }
        return parse(config);
    }

    /**
     * Reads the labels of a model.
     *
     * @param config the content of {@code config.json}
     * @return the labels; {@code LABEL_0}, {@code LABEL_1} and so on if it only has {@code num_labels}; none without both
     * @throws IllegalArgumentException if the classes of {@code id2label} are not 0, 1, …, a name is not a text, or two are the
     *     same
     */
    public static Labels parse(String config) {
        Objects.requireNonNull(config, "config must not be null");
        ObjectNode root = Json.object(CONFIG, config);
        Map<Integer, String> found = new TreeMap<>();
        root.path("id2label").properties().forEach(label -> {
            JsonNode name = label.getValue();
            if (!name.isTextual() || !label.getKey().matches("[0-9]{1,6}")) {
                throw new IllegalArgumentException(
                        "config.json: id2label must have a text for each of the classes 0, 1, …, found '"
                                + label.getKey() + "': " + Json.describe(name));
            }
            found.put(Integer.valueOf(label.getKey()), name.textValue());
        });
        for (int i = 0; i < found.size(); i++) {
            if (!found.containsKey(i)) {
                throw new IllegalArgumentException("config.json: id2label must have the classes 0 to "
                        + (found.size() - 1) + ", found " + found.keySet());
            }
        }
        return found.isEmpty()
                ? numbered(Math.min(1_000_000, root.path("num_labels").asInt(0)))
                : new Labels(List.copyOf(found.values()));
    }

    /**
     * Returns the number of classes.
     *
     * @return 0 if there are none
     */
    public int count() {
        return names.size();
    }

    /**
     * Returns all names.
     *
     * @return the names in the order of the classes
     */
    public List<String> names() {
        return names;
    }

    /**
     * Returns the name of a class.
     *
     * @param id the class
     * @return its name
     * @throws IllegalArgumentException if there is no such class
     */
    public String name(int id) {
        if (id < 0 || id >= names.size()) {
            throw new IllegalArgumentException(
                    "labels: a class must be between 0 and " + (names.size() - 1) + ", found " + id);
        }
        return names.get(id);
    }

    /**
     * Returns the class of a name.
     *
     * @param name the name
     * @return its class
     * @throws IllegalArgumentException if no class has this name; the message lists the names
     */
    public int id(String name) {
        Objects.requireNonNull(name, "name must not be null");
        Integer id = ids.get(name);
        if (id == null) {
            throw new IllegalArgumentException("labels: a label must be one of " + names + ", found '" + name + "'");
        }
        return id;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Labels that && names.equals(that.names);
    }

    @Override
    public int hashCode() {
        return names.hashCode();
    }

    @Override
    public String toString() {
        return names.toString();
    }
}
