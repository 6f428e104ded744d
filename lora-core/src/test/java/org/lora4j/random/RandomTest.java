package org.lora4j.random;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test that runs many times, each time with other values of its parameters. The first tries take the edge cases of
 * each parameter: the ends of its range, each constant of its enum, small and extreme numbers. Later tries draw the
 * values at random, and take the end of a range now and then.
 *
 * <p>A parameter is a {@code boolean}, an enum, a {@code long}, an {@code int} with {@link IntRange} or a {@code double}
 * with {@link DoubleRange}. A test that needs values of another type makes them from a {@link java.util.Random}, whose
 * seed is a parameter of the type {@code long}.
 *
 * <p>Each run of a build draws the same values: they depend on the names of the class and the method only.
 * {@code -Drandom.seed=N} draws others.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@TestTemplate
@ExtendWith(RandomTries.class)
public @interface RandomTest {
    /** How often the test runs. */
    int tries();
}
