package org.lora4j.random;

import java.lang.reflect.Parameter;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;

/** The values of a parameter of a random test: its edge cases, and how to draw any value. */
record Values(List<?> edgeCases, Function<SplittableRandom, ?> any) {
    /** @throws IllegalArgumentException if the type has no values here, the range is missing, or min is not less than max */
    static Values of(Parameter parameter) {
        Class<?> type = parameter.getType();
        IntRange ints = parameter.getAnnotation(IntRange.class);
        DoubleRange doubles = parameter.getAnnotation(DoubleRange.class);
        if (type == boolean.class) {
            return oneOf(List.of(false, true));
        } else if (type.isEnum()) {
            return oneOf(List.of(type.getEnumConstants()));
        } else if (type == long.class) {
            return new Values(List.of(0L, 1L, -1L, Long.MAX_VALUE, Long.MIN_VALUE), SplittableRandom::nextLong);
        } else if (type == int.class && ints != null) {
            return in(ints);
        } else if (type == double.class && doubles != null) {
            return in(doubles);
        }
        throw new IllegalArgumentException(
                "a parameter of a random test must be a boolean, an enum, a long, an int with @IntRange or a double"
                        + " with @DoubleRange, found " + parameter);
    }

    private static Values oneOf(List<?> all) {
        return new Values(all, random -> all.get(random.nextInt(all.size())));
    }

    private static Values in(IntRange range) {
        check(range.min() < range.max(), range);
        return mixed(List.of(range.min(), range.max()), random -> (int) random.nextLong(range.min(), range.max() + 1L));
    }

    private static Values in(DoubleRange range) {
        check(range.min() < range.max(), range);
        return mixed(
                range.min() < 0 && 0 < range.max()
                        ? List.of(range.min(), range.max(), 0.0)
                        : List.of(range.min(), range.max()),
                random -> random.nextDouble(range.min(), range.max()));
    }

    private static void check(boolean ordered, Object range) {
        if (!ordered) {
            throw new IllegalArgumentException("min must be less than max, found " + range);
        }
    }

    /** Draws an edge case again in one of eight tries, so that it meets many values of the other parameters. */
    private static Values mixed(List<?> edgeCases, Function<SplittableRandom, ?> others) {
        return new Values(
                edgeCases,
                random -> random.nextInt(8) == 0
                        ? edgeCases.get(random.nextInt(edgeCases.size()))
                        : others.apply(random));
    }

    /** Returns the value for a try, which counts from 0: first each edge case, then any value. */
    Object draw(int number, SplittableRandom random) {
        return number < edgeCases.size() ? edgeCases.get(number) : any.apply(random);
    }
}
