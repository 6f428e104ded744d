package org.lora4j.adapter;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/** A choice of modules by their paths: PEFT's {@code target_modules} and {@code exclude_modules}. */
public sealed interface TargetModules {
    /**
     * Returns whether a module is chosen.
     *
     * @param path the module path, such as {@code encoder.linear1}
     * @return true if it is
     */
    boolean matches(String path);

    /**
     * Chooses a module if its path equals an entry or ends with {@code .entry}.
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
            Objects.requireNonNull(entries, "entries must not be null");
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
     * Chooses a module if the expression matches its whole path.
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
            Objects.requireNonNull(expression, "expression must not be null");
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

    /** Chooses every dense layer. */
    record AllLinear() implements TargetModules {
        @Override
        public boolean matches(String path) {
            return true;
        }
    }

    /**
     * Chooses modules by name.
     *
     * @param entries whole paths or their last parts
     * @return modules whose path equals an entry or ends with {@code .entry}
     * @throws IllegalArgumentException if there is none or one is blank
     */
    static TargetModules of(String... entries) {
        Objects.requireNonNull(entries, "entries must not be null");
        return new Paths(List.of(entries));
    }

    /**
     * Chooses modules by a regular expression.
     *
     * @param expression matches the whole path
     * @return modules whose path it matches
     * @throws IllegalArgumentException if it cannot be compiled
     */
    static TargetModules regex(String expression) {
        return new Regex(expression);
    }

    /**
     * Chooses exactly the modules of some paths, and no other whose path ends like one of them.
     *
     * @param paths whole paths, at least one
     * @return an expression that Java and Python read alike: a backslash stands before each character that is neither a
     *     letter nor a digit
     */
    static TargetModules exactly(Collection<String> paths) {
        Objects.requireNonNull(paths, "paths must not be null");
        return new Regex(paths.stream()
                .map(path -> path.replaceAll("[^\\p{L}\\p{N}_]", "\\\\$0"))
                .collect(Collectors.joining("|")));
    }

    /**
     * Chooses every dense layer.
     *
     * @return all of them
     */
    static TargetModules allLinear() {
        return new AllLinear();
    }
}
