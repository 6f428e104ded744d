package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.grammar.internal.NumberBounds.Bound;

/**
 * What several schemas say of a value together, without alternatives: of each type a conjunction. A new one fits every value. To add
 * another one takes as long as that is large, however large this one is.
 */
final class Shape {
    /** A kind of value. */
    enum Kind {
        OBJECT,
        ARRAY,
        STRING,
        NUMBER,
        TRUE,
        FALSE,
        NULL
    }

    /**
     * A pattern or format that a string must fit, or must not fit.
     *
     * @param text the pattern, or the name of the format
     */
    record StringRule(String text, String place, boolean isTrue) {}

    /** A number that a number must be a multiple of, or must not be one of. */
    record Multiple(BigDecimal of, String place, boolean isTrue) {}

    /** The first elements of an array, and those behind them. */
    record Tuple(List<Claim> first, @Nullable Claim rest) {
        @Nullable
        Claim at(int index) {
            return index < first.size() ? first.get(index) : rest;
        }
    }

    /** How many elements of an array must fit. */
    record Contains(Claim element, int min, int max, String place) {}

    /** The values of the properties whose names fit a pattern. */
    record PatternProperty(String pattern, String place, Claim value) {}

    /**
     * The properties that {@code properties} of a schema does not name.
     *
     * @param additional the properties that no pattern fits; null for any
     */
    record Others(
            Set<String> named,
            List<PatternProperty> patterns,
            @Nullable Claim additional) {}

    /**
     * A property that an object must have.
     *
     * @param pattern what its name must fit; null for any name
     * @param not names and patterns that its name must not be and fit
     * @param name what its name must fit as a value; null for any name
     */
    record Some(
            @Nullable PatternProperty pattern,
            Others not,
            @Nullable Claim name,
            Claim value,
            String place) {}

    final EnumSet<Kind> kinds = EnumSet.allOf(Kind.class);

    /** Whether the kinds are named, and those that keywords of one kind speak of. */
    boolean isTyped;

    final EnumSet<Kind> spokenOf = EnumSet.noneOf(Kind.class);

    /** The only values, by their keys; null for any. */
    @Nullable
    Map<String, JsonNode> values;

    final Map<String, JsonNode> excluded = new LinkedHashMap<>();

    boolean isInteger;

    /** Whether whole numbers have no fraction. */
    boolean isPlain;

    boolean isNoInteger;

    @Nullable
    Bound least;

    @Nullable
    Bound most;

    final List<Multiple> multiples = new ArrayList<>();

    int minLength;
    int maxLength = Repeat.UNBOUNDED;
    final Set<StringRule> patterns = new LinkedHashSet<>();
    final Set<StringRule> formats = new LinkedHashSet<>();

    int minItems;
    int maxItems = Repeat.UNBOUNDED;

    /** Where it is said that no element comes twice; null if they may. */
    @Nullable
    String distinct;

    final List<Tuple> tuples = new ArrayList<>();
    final List<Contains> contains = new ArrayList<>();

    int minProperties;
    int maxProperties = Repeat.UNBOUNDED;
    final Set<String> required = new LinkedHashSet<>();

    /** What is said of the values of each name, in the order of the names. */
    final Map<String, List<Claim>> properties = new LinkedHashMap<>();

    final List<Others> others = new ArrayList<>();
    final List<Claim> names = new ArrayList<>();

    final Set<Some> some = new LinkedHashSet<>();

    /** Whether {@code properties} says what there can be. */
    boolean hasProperties;

    /** Names and elements that keywords speak of, which are not unevaluated. */
    final Set<String> evaluatedNames = new LinkedHashSet<>();

    final Map<String, PatternProperty> evaluatedPatterns = new LinkedHashMap<>();
    boolean areNamesEvaluated;
    int evaluatedItems;
    boolean areItemsEvaluated;

    /** A number that tells how much there is. */
    int size() {
        return 1
                + (values == null ? 0 : values.size())
                + excluded.size()
                + patterns.size()
                + formats.size()
                + multiples.size()
                + tuples.size()
                + contains.size()
                + required.size()
                + 2 * properties.size()
                + others.size()
                + names.size()
                + some.size();
    }

    /** All values of a kind. */
    static Shape of(Kind kind) {
        Shape shape = new Shape();
        shape.kinds.retainAll(EnumSet.of(kind));
        shape.isTyped = true;
        return shape;
    }

    /** All objects with a property. */
    static Shape withProperty(String name) {
        Shape shape = of(Kind.OBJECT);
        shape.required.add(name);
        return shape;
    }

    /** All values but objects with a property. */
    static Shape withoutProperty(String name) {
        Shape shape = new Shape();
        shape.property(name, Claim.NEVER);
        return shape;
    }

    Shape copy() {
        Shape copy = new Shape();
        copy.add(this);
        return copy;
    }

    /** The same as something that is said within {@code not}, which makes no name known. */
    Shape silent() {
        hasProperties = false;
        evaluatedNames.clear();
        evaluatedPatterns.clear();
        areNamesEvaluated = false;
        evaluatedItems = 0;
        areItemsEvaluated = false;
        spokenOf.clear();
        return this;
    }

    void least(@Nullable Bound bound) {
        Bound mine = least;
        if (bound != null && (mine == null || isTighter(bound, mine, 1))) {
            least = bound;
        }
    }

    void most(@Nullable Bound bound) {
        Bound mine = most;
        if (bound != null && (mine == null || isTighter(bound, mine, -1))) {
            most = bound;
        }
    }

    private static boolean isTighter(Bound bound, Bound than, int sign) {
        int compared = sign * bound.value().compareTo(than.value());
        return compared > 0 || (compared == 0 && !bound.isReached());
    }

    void values(Map<String, JsonNode> only) {
        Map<String, JsonNode> mine = values;
        if (mine == null) {
            values = new LinkedHashMap<>(only);
        } else {
            mine.keySet().retainAll(only.keySet());
        }
    }

    void property(String name, @Nullable Claim value) {
        List<Claim> claims = properties.computeIfAbsent(name, key -> new ArrayList<>(1));
        if (value != null) {
            claims.add(value);
        }
    }

    /** Adds what another one says. */
    void add(Shape other) {
        kinds.retainAll(other.kinds);
        isTyped |= other.isTyped;
        spokenOf.addAll(other.spokenOf);
        if (other.values != null) {
            values(other.values);
        }
        excluded.putAll(other.excluded);
        isInteger |= other.isInteger;
        isPlain |= other.isPlain;
        isNoInteger |= other.isNoInteger;
        least(other.least);
        most(other.most);
        multiples.addAll(other.multiples);
        minLength = Math.max(minLength, other.minLength);
        maxLength = Math.min(maxLength, other.maxLength);
        patterns.addAll(other.patterns);
        formats.addAll(other.formats);
        minItems = Math.max(minItems, other.minItems);
        maxItems = Math.min(maxItems, other.maxItems);
        distinct = distinct == null ? other.distinct : distinct;
        tuples.addAll(other.tuples);
        contains.addAll(other.contains);
        minProperties = Math.max(minProperties, other.minProperties);
        maxProperties = Math.min(maxProperties, other.maxProperties);
        required.addAll(other.required);
        other.properties.forEach((name, claims) -> properties
                .computeIfAbsent(name, key -> new ArrayList<>(claims.size()))
                .addAll(claims));
        others.addAll(other.others);
        names.addAll(other.names);
        some.addAll(other.some);
        hasProperties |= other.hasProperties;
        evaluatedNames.addAll(other.evaluatedNames);
        evaluatedPatterns.putAll(other.evaluatedPatterns);
        areNamesEvaluated |= other.areNamesEvaluated;
        evaluatedItems = Math.max(evaluatedItems, other.evaluatedItems);
        areItemsEvaluated |= other.areItemsEvaluated;
    }
}
