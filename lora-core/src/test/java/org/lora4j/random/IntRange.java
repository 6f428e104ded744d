package org.lora4j.random;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The values of an {@code int} of a {@link RandomTest}. Both ends are edge cases. */
@Target(ElementType.PARAMETER)
@Retention(RetentionPolicy.RUNTIME)
public @interface IntRange {
    /** The least value. */
    int min();

    /** The greatest value. */
    int max();
}
