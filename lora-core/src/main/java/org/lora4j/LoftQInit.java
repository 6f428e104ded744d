package org.lora4j;

import java.util.Objects;
import org.lora4j.nn.Network;

/**
 * An initialization from the error of the rounding, LoftQ (<a href="https://arxiv.org/abs/2310.08659">arXiv:2310.08659</a>) with
 * one iteration. For each adapted dense layer, {@code s·B·A} is the best approximation of rank r of {@code W − Q}: W is the
 * weight of the original network, Q that of a base in fewer bits, and s the scale of the adapter. So a new adapter brings the
 * output nearer to that of the original. Layers other than dense ones start as without LoftQ.
 *
 * <pre>{@code
 * LoRAConfig rank16 = LoRAConfig.builder().rank(16).alpha(32).build();
 * Network original = PretrainedModel.load(folder).causal();
 * LoRAModel model = LoRAModel.of(PretrainedModel.load(folder, BaseStorage.of(Precision.INT4)).causal());
 * AdapterView view = model.add("support", rank16, LoftQInit.from(original));
 * }</pre>
 *
 * <p>Unlike PEFT's, the factors are divided by √s each, so that every α starts with the same sum. With DoRA, the magnitudes are
 * the norms of the rows of {@code Q + s·B·A}. The files of the adapter are ordinary ones, for the base in fewer bits.
 *
 * <p>Immutable. It holds the original network until it is no longer used.
 */
public final class LoftQInit {
    private final Network original;

    private LoftQInit(Network original) {
        this.original = original;
    }

    /**
     * Creates an initialization.
     *
     * @param original the network before its weights were rounded; a base in another precision has the same layers. It is only
     *     read
     * @return the initialization
     */
    public static LoftQInit from(Network original) {
        return new LoftQInit(Objects.requireNonNull(original, "original must not be null"));
    }

    Network original() {
        return original;
    }

    @Override
    public String toString() {
        return "LoftQInit";
    }
}
