package org.lora4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.model.internal.AdapterRegistry;
import org.lora4j.model.internal.AppliedAdapter;
import org.lora4j.model.internal.ModelState;
import org.lora4j.model.internal.ModelState.Selection;
import org.lora4j.model.internal.TrainingSelection;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.compute.internal.Predictor;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A {@link LoRAModel} with the adapters that the view names, whatever is active. It predicts, trains, saves and reports.
 *
 * <pre>{@code
 * AdapterView nine = model.add("nine", LoRAConfig.of(1, 1));
 * Trainer.builder(nine).maxIterations(100).build().fit(digitNine);   // trains this adapter and nothing else
 * INDArray y = nine.predict(x);
 * nine.save(Path.of("adapters/nine"));
 * }</pre>
 *
 * <p>A view finds its adapters by name at each call. If an adapter is replaced, the view computes with the new one; if it
 * was deleted or renamed, the call fails.
 *
 * <p><b>Training.</b> A training of a view of one adapter trains this adapter, and first makes it trainable if it is frozen,
 * as adapters from data are. A training of a view of several adapters trains those that are trainable; their outputs add
 * up.
 *
 * <p>Immutable. Any number of threads can use a view at the same time.
 */
public final class AdapterView extends Model {
    private static final double MAX_MULTIPLIER = 1e15;

    private final Network network;
    private final AdapterRegistry registry;
    private final Predictor predictor;
    private final Selection selection;
    private final List<String> names;

    AdapterView(Network network, AdapterRegistry registry, Predictor predictor, Selection selection) {
        super(network.stack());
        this.network = network;
        this.registry = registry;
        this.predictor = predictor;
        this.selection = selection;
        names = selection.names();
    }

    /**
     * Returns the adapters of this view.
     *
     * @return their names; empty for the view of the base
     */
    public List<String> names() {
        return names;
    }

    /**
     * Returns a view of the same adapters at another strength: s = α/r of each is multiplied. The result predicts and merges;
     * to train, copy or save, use a view without this. Biases and layers that an adapter trained in full are used as they
     * are, and DoRA's magnitudes too. PEFT has this as {@code rescale_adapter_scale}.
     *
     * @param multiplier what the scales are multiplied by, in place of an earlier multiplier: 1 for the adapters as they
     *     are, 0 for no update, 0.5 for half of it
     * @return the view
     * @throws IllegalArgumentException if the multiplier is NaN, or not between −10<sup>15</sup> and 10<sup>15</sup>
     */
    public AdapterView withScale(double multiplier) {
        if (!(Math.abs(multiplier) < MAX_MULTIPLIER)) {
            throw new IllegalArgumentException("the multiplier of the scale must be between -" + MAX_MULTIPLIER
                    + " and " + MAX_MULTIPLIER + ", found " + multiplier);
        }
        return new AdapterView(network, registry, predictor, new Selection(names, multiplier));
    }

    /**
     * Computes the output with the adapters of this view, whose updates add up, whatever is active in the model.
     *
     * @param x rows of features or sequences of tokens, as the base takes them
     * @return a new array {@code [n, outputSize]} in 'c' order, with a row for each example, or for each token of sequences if
     *     there is no pooling
     * @throws IllegalArgumentException if the base takes input of the other kind, the input does not fit it, or an adapter was
     *     deleted
     */
    @Override
    public INDArray predict(Input x) {
        Objects.requireNonNull(x, "x must not be null");
        return predictor.predict(x, effectiveLayers());
    }

    /**
     * Computes the output as {@link #predict(Input)} does, into an array of the caller.
     *
     * @param x rows of features or sequences of tokens, as the base takes them
     * @param y gets the output
     * @throws IllegalArgumentException if the input does not fit, or {@code y} has another shape or type than the output
     */
    @Override
    public void predictInto(Input x, INDArray y) {
        Objects.requireNonNull(x, "x must not be null");
        Objects.requireNonNull(y, "y must not be null");
        predictor.predictInto(x, effectiveLayers(), y);
    }

    /**
     * Copies the adapter as data, for files, other hosts and algebra. If its initialization was subtracted from the base
     * (PiSSA, OLoRA), it is converted to an ordinary adapter of twice the rank; see {@link LoRAAdapter#againstBase}.
     *
     * @return the data, which share no array with the model
     * @throws IllegalStateException if the view does not have exactly one adapter, or has another scale
     * @throws IllegalArgumentException if the adapter was deleted
     */
    public LoRAAdapter adapter() {
        return single("copy").snapshot();
    }

    /**
     * Saves the adapter as a folder that Python's PEFT opens, with fingerprints of the base; see {@link PeftAdapters}.
     *
     * @param folder the folder, created if it does not exist; an adapter in it is replaced
     * @throws IllegalStateException if the view does not have exactly one adapter, or has another scale
     * @throws IOException if the files cannot be written; an adapter that was there before is still there then
     */
    public void save(Path folder) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        PeftAdapters.save(single("save").snapshot(), network, folder);
    }

    private AppliedAdapter single(String what) {
        if (names.size() != 1) {
            throw new IllegalStateException(
                    what + ": the view must have exactly one adapter, found " + names + "; use model.using(name)");
        }
        requireOwnScale(what);
        return registry.state().adapter(names.get(0));
    }

    private void requireOwnScale(String what) {
        if (selection.multiplier() != 1) {
            throw new IllegalStateException(
                    what + ": the view must have the adapter's own scale, found it multiplied by "
                            + selection.multiplier() + "; use model.using(name)");
        }
    }

    /**
     * Merges the adapters of this view into a plain network; base and adapters stay as they are.
     *
     * @return a network with arrays of its own, all trainable
     * @throws IllegalArgumentException if an adapter was deleted
     * @throws ArithmeticException if a merged weight or bias is NaN or infinite; the message names it
     */
    public Network merge() {
        return registry.merge(selection);
    }

    /**
     * Returns the parameters of the adapters, for inspection.
     *
     * @return factors, magnitudes, biases and saved layers, trainable or not
     * @throws IllegalArgumentException if an adapter was deleted
     */
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        ModelState now = registry.state();
        names.forEach(name -> all.addAll(now.adapter(name).parameters()));
        return all;
    }

    /**
     * Returns how many bytes the arrays of the adapters take: factors, magnitudes, biases, saved layers, and what PiSSA and
     * OLoRA subtract from the base. The arrays of the base are not among them, because all adapters share them.
     *
     * @return the number of bytes; 0 for the view of the base
     * @throws IllegalArgumentException if an adapter was deleted
     */
    public long residentBytes() {
        ModelState now = registry.state();
        return names.stream()
                .mapToLong(name -> now.adapter(name).residentBytes())
                .sum();
    }

    /**
     * Counts the parameters of the base and of the adapter's factors, and the bytes of its arrays as {@link #residentBytes}.
     *
     * @return the report
     * @throws IllegalStateException if the view does not have exactly one adapter, or has another scale
     * @throws IllegalArgumentException if the adapter was deleted
     */
    public ParameterReport parameterReport() {
        AppliedAdapter adapter = single("report");
        ParameterReport report = ParameterReport.of(network, adapter.config(), adapter.factors());
        return new ParameterReport(report.layers(), report.targets(), adapter.residentBytes());
    }

    /**
     * Creates the segment of a training; not part of the API.
     *
     * @hidden
     */
    @Override
    public Segment newTrainingSegment() {
        requireOwnScale("train");
        ModelState now = registry.state();
        if (names.isEmpty()) {
            throw new IllegalStateException(
                    "nothing to train: a view of the base has no adapter, and the base is frozen");
        }
        AppliedAdapter frozen = null;
        if (names.size() == 1) {
            AppliedAdapter adapter = now.adapter(names.get(0));
            if (!adapter.isTrainable()) {
                adapter.setTrainable(true);
                frozen = adapter;
            }
        } else if (names.stream().noneMatch(name -> now.adapter(name).isTrainable())) {
            throw new IllegalStateException("nothing to train: the adapters " + names
                    + " of this view are frozen; call setTrainable with those that are to train");
        }
        try {
            return new Segment(network.stack(), true, TrainingSelection.ofView(registry, now, names));
        } catch (RuntimeException e) {
            // What is refused leaves the adapter as it was.
            if (frozen != null) {
                frozen.setTrainable(false);
            }
            throw e;
        }
    }

    /**
     * Returns what the layers compute with now; not part of the API.
     *
     * @hidden
     */
    @Override
    public EffectiveLayers effectiveLayers() {
        return registry.state().forPrediction(selection);
    }

    @Override
    public String toString() {
        if (names.isEmpty()) {
            return "AdapterView of the base";
        }
        return "AdapterView" + names + (selection.multiplier() == 1 ? "" : " with scale × " + selection.multiplier());
    }
}
