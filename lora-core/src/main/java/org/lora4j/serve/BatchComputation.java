package org.lora4j.serve;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.model.internal.ModelSnapshot;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.ExampleOutputs;
import org.lora4j.nn.batch.internal.Inputs;
import org.lora4j.nn.input.FeatureRows;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Computes the calls of a batch together, with one state of the model. A call that fails does not affect the others. */
final class BatchComputation {
    private final LoRAModel model;

    /** What the base computes with; null for the model as it is. */
    private final @Nullable EffectiveLayers alone;

    BatchComputation(LoRAModel model, @Nullable EffectiveLayers alone) {
        this.model = model;
        this.alone = alone;
    }

    /** Gives each call its output or its failure. The arrays belong to no workspace of this thread. */
    @SuppressWarnings("try") // The scope works by being open.
    void compute(List<PredictionCall> calls) {
        try (MemoryWorkspace none = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            ModelSnapshot now = model.snapshot(alone);
            List<PredictionCall> ofNow = new ArrayList<>(calls.size());
            for (PredictionCall call : calls) {
                ModelSnapshot state = call.state(now);
                if (state.isSame(now)) {
                    ofNow.add(call);
                } else {
                    // The model was changed after an earlier part of the call.
                    compute(state, List.of(call));
                }
            }
            compute(now, ofNow);
        }
    }

    private void compute(ModelSnapshot now, List<PredictionCall> calls) {
        List<PredictionCall> known = new ArrayList<>(calls.size());
        for (PredictionCall call : calls) {
            if (call.adapter().equals(LoRAModel.BASE) || now.names().contains(call.adapter())) {
                known.add(call);
            } else {
                call.fail(Failures.unknown(call.adapter(), null));
            }
        }
        if (known.size() == 1) {
            alone(now, known.get(0));
        } else if (known.size() > 1) {
            try {
                together(now, known);
            } catch (RuntimeException e) {
                // Finds the call that failed.
                known.forEach(call -> alone(now, call));
            }
        }
    }

    /** Returns an input that {@link #compute} can read: itself, or a copy of rows that are not contiguous in 'c' order. */
    static Input readable(Input input) {
        return input instanceof FeatureRows rows && !isReadable(rows.array()) ? copy(input) : input;
    }

    private static boolean isReadable(INDArray x) {
        return x.offset() == 0 && x.stride(1) == 1 && (x.size(0) == 1 || x.stride(0) == x.size(1));
    }

    /** Returns a copy that belongs to no workspace. Sequences never change, so they need none. */
    static Input copy(Input input) {
        if (input instanceof Sequences) {
            return input;
        }
        INDArray x = Inputs.rows(input);
        return Input.of(
                Nd4j.createUninitializedDetached(x.dataType(), 'c', x.shape()).assign(x));
    }

    private void alone(ModelSnapshot now, PredictionCall call) {
        try {
            succeed(now, call, now.predict(call.input(), call.adapter()));
        } catch (RuntimeException e) {
            call.fail(Failures.internal(e));
        }
    }

    private void together(ModelSnapshot now, List<PredictionCall> calls) {
        // Rows of one adapter that lie side by side are computed as one product.
        calls.sort(Comparator.comparing(PredictionCall::adapter));
        if (model.takesSequences()) {
            List<Sequences> parts =
                    calls.stream().map(call -> (Sequences) call.input()).toList();
            predict(now, Sequences.concat(parts), calls);
            return;
        }
        INDArray x = stack(calls);
        try {
            predict(now, Input.of(x), calls);
        } finally {
            x.close();
        }
    }

    private static void succeed(ModelSnapshot now, List<PredictionCall> calls, INDArray y) {
        BatchOutput output = new BatchOutput(y, calls.size());
        // A network without a pooling has a row for each token.
        boolean perToken =
                y.size(0) != calls.stream().mapToLong(PredictionCall::size).sum();
        int from = 0;
        for (PredictionCall call : calls) {
            int rows = perToken && call.input() instanceof Sequences sequences ? sequences.tokens() : call.size();
            call.succeed(output, from, rows, used(now, call));
            from += rows;
        }
    }

    /** The adapter that computes a call, if the call asks for it. That of an adapter that can train takes time. */
    private static @Nullable UsedAdapter used(ModelSnapshot now, PredictionCall call) {
        return call.asksForAdapter() ? now.used(call.adapter()) : null;
    }

    private INDArray stack(List<PredictionCall> calls) {
        int width = (int) model.inputSize();
        int rows = calls.stream().mapToInt(PredictionCall::size).sum();
        INDArray x = Nd4j.createUninitializedDetached(model.dataType(), 'c', rows, width);
        ArrayMemory target = new ArrayMemory(x);
        int from = 0;
        for (PredictionCall call : calls) {
            new ArrayMemory(Inputs.rows(call.input())).copy(0, target, from * width, call.size() * width);
            from += call.size();
        }
        return x;
    }

    /** Computes the input of calls that are sorted by adapter. */
    private static void predict(ModelSnapshot now, Input x, List<PredictionCall> calls) {
        String first = calls.get(0).adapter();
        if (first.equals(calls.get(calls.size() - 1).adapter())) {
            succeed(now, calls, now.predict(x, first));
            return;
        }
        List<String> names = new ArrayList<>(x.count());
        for (PredictionCall call : calls) {
            names.addAll(Collections.nCopies(call.size(), call.adapter()));
        }
        if (now.fitOneArray(names)) {
            succeed(now, calls, now.predict(x, names));
        } else {
            succeed(now, calls, now.predictEach(x, names));
        }
    }

    private static void succeed(ModelSnapshot now, PredictionCall call, INDArray y) {
        call.succeed(new BatchOutput(y, 1), 0, (int) y.size(0), used(now, call));
    }

    /** Gives each call its rows, which are as wide as the head of its adapter. */
    private static void succeed(ModelSnapshot now, List<PredictionCall> calls, ExampleOutputs outputs) {
        int from = 0;
        for (PredictionCall call : calls) {
            succeed(now, call, outputs.of(from, from + call.size()));
            from += call.size();
        }
        outputs.close();
    }
}
