package org.lora4j.model.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.lora4j.model.internal.ModelState.Selection;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.LayerStack;

/**
 * The adapters that a training computes with, as they were when it started. Each step checks that they are still those of
 * the model, so that a training neither changes what nobody sees nor steps with gradients of something else.
 */
public final class TrainingSelection implements Supplier<EffectiveLayers> {
    private final AdapterRegistry registry;
    private final boolean ofActive;
    private final Map<String, AppliedAdapter> pinned = new LinkedHashMap<>();
    private final EffectiveLayers layers;
    private ModelState checked;

    /**
     * Pins adapters.
     *
     * @param state the state of the model at the start
     * @param names the adapters
     * @param ofActive whether they must stay active and enabled; a view does not depend on that
     */
    private TrainingSelection(AdapterRegistry registry, ModelState state, List<String> names, boolean ofActive) {
        this.registry = registry;
        this.ofActive = ofActive;
        checked = state;
        layers = state.ofModel(Selection.of(names));
        requireHeadOfBase(state.stack(), names, layers);
        names.forEach(name -> pinned.put(name, state.adapter(name)));
    }

    private static void requireHeadOfBase(LayerStack base, List<String> names, EffectiveLayers layers) {
        long outputs = base.outputSize(layers);
        if (outputs != base.outputSize()) {
            throw new IllegalStateException(
                    "an adapter trains on a base whose head has as many outputs as its own, found "
                            + outputs + " outputs of " + names + " and " + base.outputSize()
                            + " of the base; put a classifier with " + outputs
                            + " labels on the base to train further");
        }
    }

    /** Pins the adapters of a view. */
    public static TrainingSelection ofView(AdapterRegistry registry, ModelState state, List<String> names) {
        return new TrainingSelection(registry, state, names, false);
    }

    /**
     * Pins the active adapters.
     *
     * @throws IllegalStateException if they cannot train, or another adapter can and may be meant
     */
    public static TrainingSelection ofActive(AdapterRegistry registry, ModelState state) {
        requireTrainsWhatIsMeant(state);
        return new TrainingSelection(registry, state, state.active(), true);
    }

    /** A training of the model trains its active adapters. If others could train, the caller may mean those. */
    private static void requireTrainsWhatIsMeant(ModelState now) {
        List<String> trainable = now.trainable();
        String found = "active " + now.active() + (now.isEnabled() ? "" : ", disabled") + "; trainable " + trainable
                + "; frozen "
                + now.adapters().names().stream()
                        .filter(name -> !trainable.contains(name))
                        .toList();
        if (!now.isEnabled()) {
            throw new IllegalStateException("nothing to train: the active adapters are disabled, found " + found
                    + "; close the scope of disable(), or train a view, Trainer.builder(model.using(name))");
        }
        List<String> inactive = new ArrayList<>(trainable);
        inactive.removeAll(now.active());
        if (!inactive.isEmpty()) {
            throw new IllegalStateException("a training of the model trains its active adapters, and " + inactive
                    + " can train but would not, found " + found
                    + "; train a view of the adapter that you mean, Trainer.builder(model.using(\"" + inactive.get(0)
                    + "\")), or call activate or setTrainable first");
        }
        if (trainable.isEmpty()) {
            throw new IllegalStateException("nothing to train: no active adapter is trainable, found " + found
                    + "; train a view, Trainer.builder(model.using(name)), or call setTrainable or activate first");
        }
    }

    /**
     * Returns what the layers compute with in the next step.
     *
     * @throws IllegalStateException if an adapter was deleted, replaced, deactivated or disabled
     */
    @Override
    public EffectiveLayers get() {
        ModelState now = registry.state();
        if (now != checked) {
            pinned.forEach((name, adapter) -> requireUnchanged(now, name, adapter));
            checked = now;
        }
        return layers;
    }

    private void requireUnchanged(ModelState now, String name, AppliedAdapter adapter) {
        String nameNow = now.adapters().nameOf(adapter);
        if (nameNow == null) {
            throw stopped(name, now.adapters().find(name) != null ? "replaced" : "deleted");
        }
        if (ofActive && !now.active().contains(nameNow)) {
            throw stopped(name, "deactivated");
        }
        if (ofActive && !now.isEnabled()) {
            throw stopped(name, "disabled");
        }
    }

    private static IllegalStateException stopped(String name, String what) {
        return new IllegalStateException(
                "the training must keep the adapters that it started with, but adapter '" + name
                        + "' was " + what
                        + " while it trained. The training stops; the adapter's parameters are those after its"
                        + " last step. Change the adapter when its training is over"
                        + (what.equals("deactivated") || what.equals("disabled")
                                ? ", or train a view, Trainer.builder(model.using(\"" + name
                                        + "\")), which does not depend on what is active"
                                : ""));
    }
}
