package org.lora4j.adapter;

import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

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
     * Counts the modules that each target chooses. It shows a target that chooses more or fewer modules than it should.
     *
     * @param paths the module paths
     * @return how many of them each target chooses, by its text; a module that two names choose counts for both
     */
    default Map<String, Integer> matches(Collection<String> paths) {
        Objects.requireNonNull(paths, "paths must not be null");
        return Map.of(toString(), (int) paths.stream().filter(this::matches).count());
    }

    /** Chooses a module if its path equals an entry or ends with {@code .entry}. */
    final class Paths implements TargetModules {
        /** The most entries. */
        static final int MAX_ENTRIES = 100_000;

        private final List<String> entries;
        private final Set<String> lookup;

        /**
         * Checks the entries.
         *
         * @param entries whole paths or their last parts
         * @throws IllegalArgumentException if there is none, one is blank, or there are more than 100,000
         */
        public Paths(List<String> entries) {
            Objects.requireNonNull(entries, "entries must not be null");
            if (entries.size() > MAX_ENTRIES) {
                throw new IllegalArgumentException(
                        "target modules must be at most " + MAX_ENTRIES + " names, found " + entries.size());
            }
            this.entries = CheckedCopy.of("target modules", entries);
            lookup = new HashSet<>(entries);
            if (entries.isEmpty() || entries.stream().anyMatch(String::isBlank)) {
                throw new IllegalArgumentException("target modules must be one or more names that are not blank, found "
                        + MessageText.list(entries));
            }
        }

        /**
         * Returns the entries.
         *
         * @return whole paths or their last parts
         */
        public List<String> entries() {
            return entries;
        }

        @Override
        public boolean matches(String path) {
            return contains(path) || endsOf(path).anyMatch(lookup::contains);
        }

        @Override
        public Map<String, Integer> matches(Collection<String> paths) {
            Objects.requireNonNull(paths, "paths must not be null");
            Map<String, Integer> counts = new LinkedHashMap<>();
            entries.forEach(entry -> counts.put(entry, 0));
            for (String path : paths) {
                Stream.concat(Stream.of(path), endsOf(path))
                        .filter(lookup::contains)
                        .forEach(entry -> counts.merge(entry, 1, Integer::sum));
            }
            return counts;
        }

        /** Whether a whole path is an entry. */
        boolean contains(String path) {
            return lookup.contains(path);
        }

        /** The parts of a path behind its dots. */
        private static Stream<String> endsOf(String path) {
            return IntStream.range(0, path.length())
                    .filter(i -> path.charAt(i) == '.')
                    .mapToObj(i -> path.substring(i + 1));
        }

        /** The entries that match none of the paths. */
        List<String> unmatched(List<String> paths) {
            Set<String> left = new LinkedHashSet<>(entries);
            for (String path : paths) {
                left.remove(path);
                endsOf(path).forEach(left::remove);
            }
            return List.copyOf(left);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Paths that && entries.equals(that.entries);
        }

        @Override
        public int hashCode() {
            return entries.hashCode();
        }

        @Override
        public String toString() {
            return MessageText.list(entries);
        }
    }

    /**
     * Chooses a module if an expression matches its whole path. The expression has the syntax of Python's {@code re}, as far as
     * it can be matched in linear time; see {@link TargetModules#regex}.
     */
    final class Regex implements TargetModules {
        private final String expression;

        /** Null if the expression is only kept. */
        private final @Nullable PathPattern pattern;

        /** Why the expression is only kept. */
        private final String unsupported;

        /**
         * Compiles the expression.
         *
         * @param expression a regular expression
         * @throws IllegalArgumentException if it cannot be compiled, is too large, or uses what is not supported
         */
        public Regex(String expression) {
            Objects.requireNonNull(expression, "expression must not be null");
            this.expression = expression;
            pattern = PathPattern.of(expression);
            unsupported = "";
        }

        private Regex(String expression, UnsupportedExpression unsupported) {
            this.expression = expression;
            this.pattern = null;
            this.unsupported = String.valueOf(unsupported.getMessage());
        }

        /** An expression of a file, which is kept as text if it is not supported. */
        static Regex stored(String expression) {
            Objects.requireNonNull(expression, "expression must not be null");
            try {
                return new Regex(expression);
            } catch (UnsupportedExpression e) {
                return new Regex(expression, e);
            }
        }

        /**
         * Whether the expression can choose modules. One that was read from a file may use what is not supported; it is kept
         * as text then, and {@link #matches(String)} refuses.
         */
        boolean isSupported() {
            return pattern != null;
        }

        /**
         * Returns the expression.
         *
         * @return the expression as it was given
         */
        public String expression() {
            return expression;
        }

        @Override
        public boolean matches(String path) {
            if (pattern == null) {
                throw new IllegalArgumentException(unsupported + "; name the modules instead");
            }
            return pattern.matches(path);
        }

        @Override
        public Map<String, Integer> matches(Collection<String> paths) {
            return isSupported() ? TargetModules.super.matches(paths) : Map.of();
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Regex that && expression.equals(that.expression);
        }

        @Override
        public int hashCode() {
            return expression.hashCode();
        }

        @Override
        public String toString() {
            return MessageText.quote(expression);
        }
    }

    /** Chooses every dense layer. */
    record AllLinear() implements TargetModules {
        @Override
        public String toString() {
            return "all linear layers";
        }

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
        return new Paths(Arrays.asList(entries));
    }

    /**
     * Chooses modules by a regular expression. It is matched in linear time, so backreferences are not supported, and
     * lookaheads only at the start, as in {@code ^(?!.*visual).*proj}.
     *
     * @param expression matches the whole path
     * @return modules whose path it matches
     * @throws IllegalArgumentException if it cannot be compiled, has more than 4096 characters or, with its repetitions
     *     written out, 2000 parts, or uses what is not supported
     */
    static TargetModules regex(String expression) {
        return new Regex(expression);
    }

    /**
     * Holds an expression of an adapter that exists already, whose layers are known. An expression that is not supported is
     * kept as text, so that it can be written back; it cannot choose layers for a new adapter.
     *
     * @param expression matches the whole path
     * @return modules whose path it matches; see {@link ModuleSelection#canSelect}
     * @throws IllegalArgumentException if it is no expression, or too large, as for {@link #regex}
     */
    static TargetModules storedRegex(String expression) {
        return Regex.stored(expression);
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
