package org.lora4j.train;

import static org.lora4j.train.TrainingStateKeys.ACCUMULATE;
import static org.lora4j.train.TrainingStateKeys.BATCHES;
import static org.lora4j.train.TrainingStateKeys.BEST;
import static org.lora4j.train.TrainingStateKeys.BEST_EPOCH;
import static org.lora4j.train.TrainingStateKeys.BEST_ITERATION;
import static org.lora4j.train.TrainingStateKeys.BEST_VALUE;
import static org.lora4j.train.TrainingStateKeys.EPOCHS;
import static org.lora4j.train.TrainingStateKeys.EXAMPLES;
import static org.lora4j.train.TrainingStateKeys.ITERATION;
import static org.lora4j.train.TrainingStateKeys.LOSSES;
import static org.lora4j.train.TrainingStateKeys.ORDER;
import static org.lora4j.train.TrainingStateKeys.STATE;
import static org.lora4j.train.TrainingStateKeys.UPDATER;
import static org.lora4j.train.TrainingStateKeys.VALUE;
import static org.lora4j.train.TrainingStateKeys.VERSION;
import static org.lora4j.train.TrainingStateKeys.VERSION_KEY;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.nn.batch.internal.Inputs;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Reads a {@link TrainingState} from named arrays and texts. If something is wrong, its exception lists everything. */
final class TrainingStateReader {
    private final Map<String, INDArray> tensors;
    private final Map<String, String> metadata;
    private final Set<String> unexpected;
    private final List<String> problems = new ArrayList<>();

    TrainingStateReader(Map<String, INDArray> tensors, Map<String, String> metadata) {
        this.tensors = tensors;
        this.metadata = metadata;
        unexpected = new LinkedHashSet<>(tensors.keySet());
    }

    TrainingState read() {
        requireVersion();
        long iteration = number(ITERATION, 1, Integer.MAX_VALUE);
        int epochs = (int) number(EPOCHS, 0, iteration);
        int accumulate = (int) number(ACCUMULATE, 1, Integer.MAX_VALUE);
        long batches = number(BATCHES, epochs == 0 ? iteration * accumulate : 0, (iteration - epochs) * accumulate);
        long examples = number(EXAMPLES, iteration, Long.MAX_VALUE);
        double[] losses = losses(Math.min(iteration, RunningMean.STEPS));
        ValidationResult best = best(iteration, epochs);
        List<ParameterState> parameters = parameters(best != null);
        if (!unexpected.isEmpty()) {
            problems.add("unexpected tensors " + unexpected);
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(MessageText.line(
                    "training state: must be complete and consistent, found " + String.join("; ", problems)));
        }
        return new TrainingState(iteration, epochs, batches, examples, accumulate, losses, best, parameters);
    }

    private void requireVersion() {
        String version = metadata.get(VERSION_KEY);
        if (!VERSION.equals(version)) {
            throw new IllegalArgumentException(MessageText.line("training state: metadata " + VERSION_KEY + " must be "
                    + VERSION + ", found " + (version == null ? "none" : version)));
        }
    }

    private long number(String key, long min, long max) {
        String text = metadata.get(key);
        if (text != null && text.matches("\\d{1,18}")) {
            long value = Long.parseLong(text);
            if (value >= min && value <= max) {
                return value;
            }
        }
        problems.add("metadata " + key + " must be a number in [" + min + ", " + max + "], found "
                + (text == null ? "none" : "'" + text + "'"));
        return min;
    }

    private double[] losses(long length) {
        INDArray losses = take(LOSSES);
        if (losses == null) {
            problems.add("missing tensor " + LOSSES);
            return new double[0];
        }
        if (losses.rank() != 1 || losses.length() != length || losses.dataType() != DataType.DOUBLE) {
            problems.add(LOSSES + " must be [" + length + "] of DOUBLE, found " + Inputs.describe(losses));
            return new double[0];
        }
        return losses.toDoubleVector();
    }

    private @Nullable ValidationResult best(long iteration, int epochs) {
        if (!metadata.containsKey(BEST_EPOCH)) {
            return null;
        }
        int epoch = (int) number(BEST_EPOCH, 0, epochs);
        long bestIteration = number(BEST_ITERATION, epoch, iteration);
        String text = metadata.getOrDefault(BEST_VALUE, "none");
        double value = Double.NaN;
        if (text.matches("-?(Infinity|\\d+\\.\\d+(E-?\\d+)?)")) {
            value = Double.parseDouble(text);
        } else {
            problems.add("metadata " + BEST_VALUE + " must be a number, found " + text);
        }
        return new ValidationResult(epoch, bestIteration, value, true);
    }

    private List<ParameterState> parameters(boolean haveBest) {
        List<ParameterState> parameters = new ArrayList<>();
        Map<String, String> names = names();
        String name = names.get(TrainingStateKeys.prefix(0));
        if (name == null) {
            problems.add("no parameter");
        }
        for (int i = 0; name != null; name = names.get(TrainingStateKeys.prefix(++i))) {
            parameter(i, name, haveBest).ifPresent(parameters::add);
        }
        return parameters;
    }

    /** The names of parameters by the prefix of their keys. */
    private Map<String, String> names() {
        Map<String, String> names = new HashMap<>();
        for (String key : metadata.keySet()) {
            int end = key.indexOf('/') + 1;
            if (key.endsWith(UPDATER) && end <= key.length() - UPDATER.length()) {
                names.putIfAbsent(key.substring(0, end), key.substring(end, key.length() - UPDATER.length()));
            }
        }
        return names;
    }

    private Optional<ParameterState> parameter(int i, String name, boolean hasBest) {
        String key = TrainingStateKeys.prefix(i) + name;
        INDArray value = take(key + VALUE);
        INDArray state = take(key + STATE);
        String updater = metadata.getOrDefault(key + UPDATER, "");
        String order = metadata.getOrDefault(key + ORDER, "none");
        if (!order.equals("c") && !order.equals("f")) {
            problems.add("metadata " + key + ORDER + " must be c or f, found " + order);
        }
        if (value == null) {
            problems.add("missing tensor " + key + VALUE);
            return Optional.empty();
        }
        if (value.dataType() != DataType.FLOAT && value.dataType() != DataType.DOUBLE) {
            problems.add(key + VALUE + " must be FLOAT or DOUBLE, found " + value.dataType());
        }
        if (state != null && (state.rank() != 1 || state.dataType() != value.dataType())) {
            problems.add(
                    key + STATE + " must be a vector of " + value.dataType() + ", found " + Inputs.describe(state));
        }
        INDArray best = hasBest ? take(key + BEST) : null;
        if (hasBest
                && (best == null
                        || !Arrays.equals(best.shape(), value.shape())
                        || best.dataType() != value.dataType())) {
            problems.add(key + BEST + " must be " + Inputs.describe(value) + ", found "
                    + (best == null ? "none" : Inputs.describe(best)));
        }
        return Optional.of(new ParameterState(name, order.equals("f") ? 'f' : 'c', value, updater, state, best));
    }

    private @Nullable INDArray take(String key) {
        unexpected.remove(key);
        return tensors.get(key);
    }
}
