package org.lora4j;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Which modules are meant, by their paths: PEFT's {@code target_modules} and {@code exclude_modules}. */
public sealed interface TargetModules {
    /**
     * Whether a module is meant.
     *
     * @param path the module path, such as {@code encoder.linear1}
     * @return true if it is
     */
    boolean matches(String path);

    /**
     * A module is meant if its path equals an entry or ends with {@code .entry}.
     *
     * @param entries whole paths or their last parts
     */
    record Paths(List<String> entries) implements TargetModules {
        /**
         * Checks the entries.
         *
         * @param entries whole paths or their last parts
         * @throws IllegalArgumentException if there is none or one is blank
         */
        public Paths {
            entries = List.copyOf(entries);
            if (entries.isEmpty() || entries.stream().anyMatch(String::isBlank)) {
                throw new IllegalArgumentException(
                        "target modules must be one or more names that are not blank, found " + entries);
            }
        }

        @Override
        public boolean matches(String path) {
            return entries.stream().anyMatch(entry -> path.equals(entry) || path.endsWith("." + entry));
        }

        /** The entries that match none of the paths. */
        List<String> unmatched(List<String> paths) {
            List<String> left = new ArrayList<>(entries);
            left.removeIf(entry -> paths.stream().anyMatch(path -> new Paths(List.of(entry)).matches(path)));
            return left;
        }
    }

    /**
     * A module is meant if the expression matches its whole path.
     *
     * @param expression a regular expression
     */
    record Regex(String expression) implements TargetModules {
        /**
         * Checks the expression.
         *
         * @param expression a regular expression
         * @throws IllegalArgumentException if it cannot be compiled
         */
        public Regex {
            try {
                Pattern.compile(expression);
            } catch (PatternSyntaxException e) {
                throw new IllegalArgumentException(
                        "target modules must be a regular expression, found '" + expression + "': "
                                + e.getDescription(),
                        e);
            }
        }

        @Override
        public boolean matches(String path) {
            return Pattern.matches(expression, path);
        }
    }

    /** Every dense layer is meant. */
    record AllLinear() implements TargetModules {
        @Override
        public boolean matches(String path) {
            return true;
        }
    }

    /**
     * Modules by name.
     *
     * @param entries whole paths or their last parts
     * @return modules whose path equals an entry or ends with {@code .entry}
     * @throws IllegalArgumentException if there is none or one is blank
     */
    static TargetModules of(String... entries) {
        return new Paths(List.of(entries));
    }

    /**
     * Modules by a regular expression.
     *
     * @param expression matches the whole path
     * @return modules whose path it matches
     * @throws IllegalArgumentException if it cannot be compiled
     */
    static TargetModules regex(String expression) {
        return new Regex(expression);
    }

    /**
     * Every dense layer.
     *
     * @return all
     */
    static TargetModules allLinear() {
        return new AllLinear();
    }
}
