package org.lora4j.io.peft;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.internal.MessageText;

/**
 * By which beginning the module paths of an adapter differ from those of a base: an adapter of a classifier adapts
 * {@code bert.encoder.layer.0…}, which is {@code encoder.layer.0…} in an encoder without a head.
 *
 * @param inFile what the paths in the file begin with, and those of the base do not
 * @param inBase what the paths of the base begin with in place of that
 */
record PathPrefix(String inFile, String inBase) {
    /** Where models that read pictures too have the model of the texts, which is all that a base here has. */
    private static final PathPrefix TEXT_MODEL = new PathPrefix("model.language_model.", "model.");

    /**
     * Finds the prefix with which every adapted path is one of the base.
     *
     * @param adapted the paths of the adapted layers in the file
     * @param base the paths of the base
     * @return the prefix; nothing if a path is one of the base as it is, or no prefix makes any path one of the base
     * @throws IllegalArgumentException if several fit, or one fits some of the paths only
     */
    static Optional<PathPrefix> find(Collection<String> adapted, Set<String> base) {
        if (adapted.isEmpty() || adapted.stream().anyMatch(base::contains)) {
            return Optional.empty();
        }
        List<PathPrefix> fitting = new ArrayList<>();
        for (PathPrefix candidate : candidates(adapted.iterator().next(), base)) {
            List<String> others = candidate.others(adapted, base);
            if (others.isEmpty()) {
                fitting.add(candidate);
            } else if (others.size() < adapted.size()) {
                throw new IllegalArgumentException(
                        "the layers of the adapter must be those of the base, found that some are, " + candidate
                                + ", but not " + MessageText.list(others) + "; use a model that has all of them");
            }
        }
        if (fitting.size() > 1) {
            throw new IllegalArgumentException(
                    "the paths of the adapter must be those of the base, or differ by one prefix,"
                            + " found several that fit: "
                            + MessageText.list(
                                    fitting.stream().map(PathPrefix::toString).toList())
                            + "; rename the tensors in the file");
        }
        return fitting.stream().findFirst();
    }

    /** The paths that this prefix does not make one of the base. */
    private List<String> others(Collection<String> adapted, Set<String> base) {
        return adapted.stream()
                .filter(path -> !path.startsWith(inFile) || !base.contains(toBase(path)))
                .toList();
    }

    private static List<PathPrefix> candidates(String path, Set<String> base) {
        List<PathPrefix> candidates = new ArrayList<>();
        for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
            candidates.add(new PathPrefix(path.substring(0, dot + 1), ""));
        }
        for (String other : new TreeSet<>(base)) {
            if (other.endsWith("." + path)) {
                candidates.add(new PathPrefix("", other.substring(0, other.length() - path.length())));
            }
        }
        if (path.startsWith(TEXT_MODEL.inFile) && base.contains(TEXT_MODEL.toBase(path))) {
            candidates.add(TEXT_MODEL);
        }
        return candidates;
    }

    /** The path in the base. */
    String toBase(String path) {
        return inBase + path.substring(inFile.length());
    }

    /** The path in the file. */
    String toFile(String path) {
        return inFile + path.substring(inBase.length());
    }

    @Override
    public String toString() {
        if (inFile.isEmpty()) {
            return "with " + inBase;
        }
        return "without " + inFile + (inBase.isEmpty() ? "" : " and with " + inBase);
    }
}
