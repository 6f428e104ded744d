package org.lora4j.internal.math;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The JVM vectorizes loops over an array of one type, so floats and doubles have loops of their own. Both must compute the same: all
 * methods have the same text but for the type, except those whose functions are polynomials for floats.
 */
class RowMathSourceTest {
    private static final Path SOURCES = Path.of("src/main/java/org/lora4j/internal/math");

    /** A method of the class, from its name to the brace that ends it. */
    private static final Pattern METHOD = Pattern.compile(
            "^ {4}[a-z][^;={]*? (\\w+)\\([^;={]*?\\) \\{\n.*?^ {4}}$", Pattern.MULTILINE | Pattern.DOTALL);

    @Test
    void floatsAndDoublesAreComputedInTheSameWay() throws IOException {
        Map<String, String> floats = methods("FloatRowMath");
        Map<String, String> doubles = methods("DoubleRowMath");
        TreeSet<String> differing = new TreeSet<>(floats.keySet());
        differing.addAll(doubles.keySet());
        differing.removeIf(name -> Objects.equals(floats.get(name), doubles.get(name)));
        assertThat(floats).hasSizeGreaterThan(30);
        assertThat(differing)
                .containsExactlyInAnyOrder(
                        // Floats are rounded.
                        "of",
                        // Floats are compared in the way that takes the least time.
                        "max",
                        // Functions that are polynomials for floats, and what is computed in other steps with these.
                        "exp",
                        "expMinusOne",
                        "sigmoid",
                        "tanh",
                        "softcap",
                        "softcapWithDerivative",
                        "erf",
                        "cdf",
                        "density",
                        "gelu",
                        "geluWithDerivative",
                        "twiceInner",
                        "geluTanh",
                        "geluTanhWithDerivative");
    }

    private static Map<String, String> methods(String type) throws IOException {
        Matcher found = METHOD.matcher(Files.readString(SOURCES.resolve(type + ".java")));
        return found.results()
                .collect(Collectors.toMap(
                        result -> result.group(1),
                        result -> withoutType(result.group()),
                        (one, other) -> one + other,
                        TreeMap::new));
    }

    private static String withoutType(String method) {
        return method.replaceAll("\\b(float|double)\\b", "number")
                .replaceAll("\\b(Float|Double|FLOAT|DOUBLE)\\b", "Number")
                .replace("(number) ", "")
                .replaceAll("\\s+", "");
    }
}
