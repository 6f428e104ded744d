package org.lora4j.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.lora4j.model.internal.ModelSnapshot;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;

/**
 * The parts of a call with many tokens. Each is computed in a batch of its turn, so that calls of other adapters come between them, and all
 * with the state of the model at the first one.
 */
final class CallParts {
    private final AtomicReference<@Nullable ModelSnapshot> state = new AtomicReference<>();

    /**
     * One of the parts.
     *
     * @param all the call
     * @param index its place in the call
     * @param count how many there are
     */
    record Part(CallParts all, int index, int count) {
        boolean isFirst() {
            return index == 0;
        }

        boolean isLast() {
            return index == count - 1;
        }
    }

    /**
     * Divides an input.
     *
     * @param maxRows the most sequences of a part
     * @param maxTokens the most tokens of a part, unless it is a single sequence
     * @return the input alone if it is no larger, or has rows of features, which take little time
     */
    static List<Input> divide(Input input, int maxRows, int maxTokens) {
        if (!(input instanceof Sequences sequences)) {
            return List.of(input);
        }
        List<Input> parts = new ArrayList<>();
        int from = 0;
        int tokens = 0;
        for (int i = 0; i < sequences.count(); i++) {
            int length = sequences.length(i);
            if (i > from && (i - from == maxRows || tokens + length > maxTokens)) {
                parts.add(sequences.part(from, i));
                from = i;
                tokens = 0;
            }
            tokens += length;
        }
        parts.add(from == 0 ? input : sequences.part(from, sequences.count()));
        return parts;
    }

    /** The state that the first part began with, which is the one of now if none has begun. */
    ModelSnapshot state(ModelSnapshot now) {
        ModelSnapshot first = state.compareAndExchange(null, now);
        return first == null || first.isSame(now) ? now : first;
    }
}
