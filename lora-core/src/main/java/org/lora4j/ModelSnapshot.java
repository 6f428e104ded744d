package org.lora4j;

import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.lora4j.internal.AdapterNames;
import org.lora4j.model.internal.MixedBatch;
import org.lora4j.model.internal.ModelState;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.internal.Predictor;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The adapters of a {@link LoRAModel} at one moment, for several predictions that must not see a change of the model between
 * them.
 *
 * <pre>{@code
 * ModelSnapshot now = model.snapshot();
 * INDArray question = now.predict(row, "search");
 * INDArray documents = now.predict(x, "search");     // the same adapter, even if the model has another one by now
 * }</pre>
 *
 * <p>A snapshot does not see when an adapter is added, replaced, renamed, deleted or merged. It shares the arrays with the
 * model, so it sees a training of its adapters, and keeps the memory of deleted ones.
 *
 * <p>Immutable. Any number of threads can use a snapshot at the same time.
 */
public final class ModelSnapshot {
    private final ModelState state;
    private final Predictor predictor;
    private final MixedBatch mixedBatch;

    ModelSnapshot(ModelState state, Predictor predictor, MixedBatch mixedBatch) {
        this.state = state;
        this.predictor = predictor;
        this.mixedBatch = mixedBatch;
    }

    /**
     * Returns the names of all adapters.
     *
     * @return a set in the order in which they were added
     */
    public Set<String> names() {
        return state.adapters().names();
    }

    /**
     * Computes the output with one adapter.
     *
     * @param x rows of features or sequences of tokens, as the base takes them
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone
     * @return as {@link LoRAModel#predict(Input)}
     * @throws IllegalArgumentException if the input does not fit the base, or the snapshot has no such adapter
     */
    public INDArray predict(Input x, String adapter) {
        Objects.requireNonNull(x, "x must not be null");
        Objects.requireNonNull(adapter, "adapter must not be null");
        List<String> names = adapter.equals(AdapterNames.BASE) ? List.of() : List.of(adapter);
        return predictor.predict(x, state.forPrediction(names));
    }

    /**
     * Computes the output of rows with one adapter, as {@link #predict(Input, String)}.
     *
     * @param x the input {@code [n, inputSize]}; not written to
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the base alone
     * @return a new array {@code [n, outputSize]} in 'c' order
     */
    public INDArray predict(INDArray x, String adapter) {
        return predict(Input.of(x), adapter);
    }

    /**
     * Computes the output with an adapter for each example, as {@link LoRAModel#predict(Input, List)}.
     *
     * @param x rows of features or sequences of tokens, as the base takes them
     * @param adapters the name of an adapter for each example, or {@value LoRAModel#BASE} for the base alone
     * @return as {@link LoRAModel#predict(Input)}
     * @throws IllegalArgumentException if the input does not fit the base, there is not one name for each example, or the
     *     snapshot has no such adapter
     */
    public INDArray predict(Input x, List<String> adapters) {
        Objects.requireNonNull(x, "x must not be null");
        Objects.requireNonNull(adapters, "adapters must not be null");
        return mixedBatch.predict(state, x, adapters);
    }

    /**
     * Computes the output of rows with an adapter for each row, as {@link #predict(Input, List)}.
     *
     * @param x the input {@code [n, inputSize]}; not written to
     * @param adapters the name of an adapter for each row, or {@value LoRAModel#BASE} for the base alone
     * @return a new array {@code [n, outputSize]} in 'c' order
     */
    public INDArray predict(INDArray x, List<String> adapters) {
        return predict(Input.of(x), adapters);
    }

    @Override
    public String toString() {
        return "ModelSnapshot" + names();
    }
}
