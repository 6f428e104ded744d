package org.lora4j.random;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The values of a {@code double} of a {@link RandomTest}. Both ends are edge cases, and so is zero between them. */
@Target(ElementType.PARAMETER)
@Retention(RetentionPolicy.RUNTIME)
public @interface DoubleRange {
    /** The least value. */
    double min();

    /** The greatest value. */
    double max();
}
