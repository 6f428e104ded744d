package org.lora4j.io.peft;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.lora4j.internal.MessageText;
import org.lora4j.io.safetensors.SafeTensorsHeader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The tensors of an adapter by their meaning, as far as their names and shapes tell it. */
final class FileKeys {
    /** The longest name of a tensor. */
    static final int LONGEST = 512;

    /** State of VeLoRA's training, which does not change what a trained adapter computes. */
    private static final Pattern TRAINING_STATE = Pattern.compile(".+\\.lora_velora_embed(\\.[^.]+)?");

    private static final String COPY = ".modules_to_save.";

    private static final Logger log = LoggerFactory.getLogger(FileKeys.class);

    private final Map<PeftKey, long[]> shapes = new LinkedHashMap<>();
    private final Map<PeftKey, String> names = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();
    private final List<String> foreign = new ArrayList<>();
    private final List<String> twice = new ArrayList<>();
    private final List<String> tooLong = new ArrayList<>();

    private final Set<String> leftOut = new TreeSet<>();
    private boolean isWrapped;

    private FileKeys() {}

    /**
     * Reads the names in a header.
     *
     * @param header the header
     * @param isModule whether a path is a layer of the base
     * @param isLeftOut whether a layer has no place in the base, and is not needed
     */
    static FileKeys read(SafeTensorsHeader header, Predicate<String> isModule, Predicate<PeftKey> isLeftOut) {
        FileKeys keys = new FileKeys();
        for (String name : header.names()) {
            String plain = WrappedName.unwrap(name);
            keys.isWrapped |= !plain.equals(name);
            if (name.length() > LONGEST) {
                keys.tooLong.add(name);
            } else if (!isUnused(plain)) {
                Optional<PeftKey> key =
                        plain.startsWith(PeftKey.PREFIX) ? PeftKey.parse(plain, isModule) : Optional.empty();
                if (key.filter(isLeftOut).isPresent()) {
                    keys.leftOut.add(key.get().path());
                } else {
                    keys.add(name, key, header);
                }
            }
        }
        keys.renameBiasesOfAdapted();
        keys.addProblem(
                "names must be '" + PeftKey.PREFIX + "' with a module path and a part of an adapter, found ",
                keys.foreign);
        keys.addProblem("names must have at most " + LONGEST + " characters, found longer ones: ", keys.tooLong);
        keys.addProblem("each part of a layer must occur once, found another for ", keys.twice);
        return keys;
    }

    private void addProblem(String rule, List<String> found) {
        if (!found.isEmpty()) {
            problems.add(rule + MessageText.list(found));
        }
    }

    /** For a layer trained in full, some writers also store the original. */
    private static boolean isUnused(String name) {
        return name.startsWith(PeftKey.PREFIX)
                && (name.endsWith(".original_module.weight")
                        || name.endsWith(".original_module.bias")
                        || TRAINING_STATE.matcher(name).matches());
    }

    private void add(String name, Optional<PeftKey> parsed, SafeTensorsHeader header) {
        if (parsed.isEmpty()) {
            foreign.add(name);
            return;
        }
        PeftKey key = parsed.get();
        String other = names.get(key);
        if (other != null && other.contains(COPY) == name.contains(COPY)) {
            twice.add(name);
        } else if (other == null || name.contains(COPY)) {
            // With bias "all", PEFT stores the bias of a layer trained in full as classifier.bias too; the copy counts.
            names.put(key, name);
            shapes.put(key, header.shape(name));
        }
    }

    /** Older writers do not write {@code base_layer} in the key. */
    private void renameBiasesOfAdapted() {
        Map.copyOf(names).forEach((key, name) -> {
            PeftKey renamed = new PeftKey(PeftKey.Kind.BASE_BIAS, key.path());
            if (key.kind() == PeftKey.Kind.BIAS
                    && names.containsKey(new PeftKey(PeftKey.Kind.LORA_A, key.path()))
                    && !names.containsKey(renamed)) {
                names.put(renamed, name);
                names.remove(key);
                long[] shape = shapes.remove(key);
                if (shape != null) {
                    shapes.put(renamed, shape);
                }
            }
        });
    }

    /** Says what was left out. */
    void log(String file) {
        if (isWrapped) {
            log.info("{}: the names of the tensors have parts of a wrapped model, which are left out", file);
        }
        if (!leftOut.isEmpty()) {
            log.info(
                    "{}: the base has no place for these layers, which are left out: {}",
                    file,
                    MessageText.list(leftOut));
        }
    }

    /** What is wrong with the names. */
    List<String> problems() {
        return problems;
    }

    /** The shapes of the tensors. */
    Map<PeftKey, long[]> shapes() {
        return shapes;
    }

    /** The names of the tensors. */
    Map<PeftKey, String> names() {
        return names;
    }

    /** The name of a tensor, as the file has it. */
    String name(PeftKey key) {
        return names.getOrDefault(key, key.text());
    }

    /** Whether a layer has factors. */
    boolean hasFactors(String path) {
        return names.containsKey(new PeftKey(PeftKey.Kind.LORA_A, path))
                || names.containsKey(new PeftKey(PeftKey.Kind.EMBEDDING_A, path));
    }

    /** The paths of the layers that have factors or rows for tokens. */
    Set<String> adapted() {
        Set<String> adapted = new LinkedHashSet<>();
        names.keySet().stream()
                .filter(key -> key.kind().isFactor() || key.kind() == PeftKey.Kind.TOKENS)
                .forEach(key -> adapted.add(key.path()));
        return adapted;
    }

    /** Takes tensors out, so that they are not those of the adapter. */
    Map<PeftKey, String> take(Predicate<PeftKey> wanted) {
        Map<PeftKey, String> taken = new LinkedHashMap<>();
        names.forEach((key, name) -> {
            if (wanted.test(key)) {
                taken.put(key, name);
            }
        });
        names.keySet().removeAll(taken.keySet());
        shapes.keySet().removeAll(taken.keySet());
        return taken;
    }
}
