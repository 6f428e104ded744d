package org.lora4j.adapter;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The layers that target modules are restricted to: PEFT's {@code layers_to_transform} and {@code layers_pattern}. As in PEFT
 * from 0.20 on, the first index in a path counts, and something must stand before the name: {@code layers.0.experts.1.fc}
 * under {@code model} is layer 0.
 */
final class LayerIndices {
    /** The most names. */
    static final int MAX_NAMES = 100;

    private final Set<Integer> indices;
    private final List<Pattern> patterns = new ArrayList<>();

    /**
     * Compiles the names.
     *
     * @param indices the indices; empty for no restriction
     * @param names the names that stand before an index, as expressions; empty for any name
     * @throws IllegalArgumentException if there are too many names, or one is not an expression or too large
     */
    LayerIndices(List<Integer> indices, List<String> names) {
        this.indices = Set.copyOf(indices);
        if (names.size() > MAX_NAMES) {
            throw new IllegalArgumentException(
                    "layersPattern must have at most " + MAX_NAMES + " names, found " + names.size());
        }
        for (String name : names.isEmpty() ? List.of("[^.]*") : names) {
            patterns.add(compile(name));
        }
    }

    private static Pattern compile(String name) {
        PathPattern.of(name);
        try {
            return Pattern.compile("\\.(?:" + new PathExpression(name).translated() + ")\\.(\\d+)\\.");
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("layersPattern must hold expressions, found '" + name + "'", e);
        }
    }

    /** Whether a path is in one of the layers. */
    boolean contains(String path) {
        if (indices.isEmpty()) {
            return true;
        }
        for (Pattern pattern : patterns) {
            Matcher matcher = pattern.matcher(path);
            if (matcher.find()) {
                String index = matcher.group(matcher.groupCount());
                return index.length() < 10 && indices.contains(Integer.valueOf(index));
            }
        }
        return false;
    }
}
