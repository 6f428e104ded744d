package org.lora4j.text.chat.internal;

import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Filters that return numbers. */
final class NumberFilters {
    static final Map<String, Routine> KNOWN = Map.of(
            "length", Routine.of("", (value, given) -> Values.length(value, given.budget())),
            "count", Routine.of("", (value, given) -> Values.length(value, given.budget())),
            "abs", Routine.of("", (value, given) -> Numbers.absolute(value)),
            "int", Routine.of("default=0, base=10", NumberFilters::whole),
            "float", Routine.of("default=0.0", NumberFilters::real),
            "round", Routine.of("precision=0, method='common'", NumberFilters::round),
            "sum", Routine.of("attribute=None, start=0", NumberFilters::sum));

    private NumberFilters() {}

    private static @Nullable Object whole(@Nullable Object value, CallArguments given) {
        if (value instanceof Undefined missing) {
            throw missing.error();
        }
        if (Numbers.isWhole(value)) {
            return Numbers.of(Numbers.whole(value));
        }
        if (value instanceof Double number) {
            if (Double.isInfinite(number)) {
                throw new JinjaException("int: must be a number that has an end, found " + Numbers.text(number));
            }
            return Double.isNaN(number) ? given.get(0) : Numbers.truncated(number);
        }
        if (!(value instanceof String text)) {
            return given.get(0);
        }
        given.budget().read(text.length());
        int base = given.integer(1);
        boolean isBase = base == 0 || (base >= Character.MIN_RADIX && base <= Character.MAX_RADIX);
        Object number = isBase ? NumberParser.whole(text, base) : null;
        if (number != null) {
            return number;
        }
        Double real = NumberParser.real(text);
        return real == null || Double.isNaN(real) || Double.isInfinite(real) ? given.get(0) : Numbers.truncated(real);
    }

    private static @Nullable Object real(@Nullable Object value, CallArguments given) {
        if (value instanceof Undefined missing) {
            throw missing.error();
        }
        if (Numbers.isNumber(value)) {
            return Numbers.real(value);
        }
        if (!(value instanceof String text)) {
            return given.get(0);
        }
        given.budget().read(text.length());
        Double number = NumberParser.real(text);
        return number == null ? given.get(0) : number;
    }

    private static Object round(@Nullable Object value, CallArguments given) {
        String method = given.text(1);
        Numbers.real(value);
        int precision = given.integer(0);
        if (method.equals("common")) {
            return Numbers.round(value, precision);
        }
        if (!method.equals("ceil") && !method.equals("floor")) {
            throw new JinjaException("round: method must be common, ceil or floor, found " + method);
        }
        Object factor = Numbers.arithmetic("**", 10L, (long) precision, given.budget());
        Object scaled = Numbers.arithmetic("*", value, factor, given.budget());
        Object cut = scaled instanceof Double number
                ? Numbers.truncated(method.equals("ceil") ? Math.ceil(number) : Math.floor(number))
                : scaled;
        return Numbers.arithmetic("/", cut, factor, given.budget());
    }

    /** As Python since 3.12: numbers that are not whole are added with a correction (Neumaier). */
    private static Object sum(@Nullable Object value, CallArguments given) {
        Object start = given.get(1);
        if (start instanceof String) {
            throw new JinjaException("sum: must add numbers or lists, found a text; use join");
        }
        Object sum = start;
        double correction = 0;
        Iterator<@Nullable Object> elements = Values.iterator(value, given.budget());
        while (elements.hasNext()) {
            Object next = Attributes.path(elements.next(), given.get(0), given.budget());
            if (sum instanceof Double total && Numbers.isNumber(next)) {
                double x = Numbers.real(next);
                double added = total + x;
                correction += Math.abs(total) >= Math.abs(x) ? total - added + x : x - added + total;
                sum = added;
            } else {
                sum = Operators.binary("+", sum, next, given.budget());
            }
        }
        boolean corrected =
                sum instanceof Double && correction != 0 && !Double.isNaN(correction) && !Double.isInfinite(correction);
        return corrected ? (Object) (Numbers.real(sum) + correction) : Objects.requireNonNull(sum);
    }
}
