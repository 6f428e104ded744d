package org.lora4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Converts a {@link TrainingState} to named arrays and texts. */
final class TrainingStateKeys {
    static final String VERSION_KEY = "lora4j.training_state";
    static final String VERSION = "1";

    static final String ITERATION = "iteration";
    static final String EPOCHS = "epochs";
    static final String BATCHES = "batches";
    static final String EXAMPLES = "examples";
    static final String ACCUMULATE = "accumulate";
    static final String LOSSES = "losses";
    static final String BEST_EPOCH = "best_epoch";
    static final String BEST_ITERATION = "best_iteration";
    static final String BEST_VALUE = "best_value";

    static final String VALUE = "/value";
    static final String STATE = "/state";
    static final String BEST = "/best";
    static final String UPDATER = "/updater";
    static final String ORDER = "/order";

    private TrainingStateKeys() {}

    static Map<String, INDArray> tensors(TrainingState state) {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        forEach(state, (prefix, parameter) -> {
            tensors.put(prefix + VALUE, parameter.value());
            INDArray updaterState = parameter.state();
            if (updaterState != null) {
                tensors.put(prefix + STATE, updaterState);
            }
            INDArray best = parameter.best();
            if (best != null) {
                tensors.put(prefix + BEST, best);
            }
        });
        tensors.put(LOSSES, Nd4j.createFromArray(state.recentLosses()));
        return tensors;
    }

    static Map<String, String> metadata(TrainingState state) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(VERSION_KEY, VERSION);
        metadata.put(ITERATION, Long.toString(state.iteration()));
        metadata.put(EPOCHS, Integer.toString(state.epochs()));
        metadata.put(BATCHES, Long.toString(state.batches()));
        metadata.put(EXAMPLES, Long.toString(state.examples()));
        metadata.put(ACCUMULATE, Integer.toString(state.accumulate()));
        ValidationResult best = state.best();
        if (best != null) {
            metadata.put(BEST_EPOCH, Integer.toString(best.epoch()));
            metadata.put(BEST_ITERATION, Long.toString(best.iteration()));
            metadata.put(BEST_VALUE, Double.toString(best.value()));
        }
        forEach(state, (prefix, parameter) -> {
            metadata.put(prefix + UPDATER, parameter.updater());
            metadata.put(prefix + ORDER, String.valueOf(parameter.order()));
        });
        return metadata;
    }

    private static void forEach(TrainingState state, BiConsumer<String, ParameterState> action) {
        List<ParameterState> parameters = state.parameters();
        for (int i = 0; i < parameters.size(); i++) {
            action.accept(prefix(i) + parameters.get(i).name(), parameters.get(i));
        }
    }

    /** Returns the prefix of the keys of a parameter. */
    static String prefix(int i) {
        return i + "/";
    }
}
