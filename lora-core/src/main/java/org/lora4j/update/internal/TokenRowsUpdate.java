package org.lora4j.update.internal;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.lora4j.nn.parametrization.internal.TokenUpdatePass;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.nn.parametrization.internal.WeightUpdatePass;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Rows of an embedding that replace those of some tokens: {@code yᵢ += R[k] − W[idᵢ]} if {@code idᵢ} is the k-th of these
 * tokens; see {@link LoRAAdapter.TokenRows}. Only R trains.
 */
public final class TokenRowsUpdate implements WeightUpdate {
    private final Embedding layer;
    private final List<Integer> tokens;
    private final int[] tokenIds;
    private final Map<Integer, Integer> rowOfToken = new HashMap<>();
    private final Parameter rows;

    private TokenRowsUpdate(Embedding layer, LoRAAdapter.TokenRows data) {
        this.layer = layer;
        tokens = data.tokens();
        tokenIds = tokens.stream().mapToInt(token -> token).toArray();
        for (int k = 0; k < tokens.size(); k++) {
            rowOfToken.put(tokens.get(k), k);
        }
        rows = new Parameter(
                layer.path() + ".token_adapter.trainable_tokens_delta",
                data.rows().dup('c'),
                true);
    }

    /**
     * Creates an update from data, which are copied.
     *
     * @param layer an embedding
     * @param data the tokens and their rows
     * @return the update, which is trainable
     * @throws IllegalArgumentException if the layer is no embedding
     */
    public static TokenRowsUpdate of(WeightedLayer layer, LoRAAdapter.TokenRows data) {
        if (!(layer instanceof Embedding embedding)) {
            throw new IllegalArgumentException(
                    layer.path() + ": token rows must be those of an embedding, found " + layer);
        }
        return new TokenRowsUpdate(embedding, data);
    }

    /** The rows as data; the array itself. */
    LoRAAdapter.TokenRows data() {
        return new LoRAAdapter.TokenRows(tokens, rows.value());
    }

    /** The tokens; do not write to it. */
    int[] tokenIds() {
        return tokenIds;
    }

    /**
     * Copies the rows.
     *
     * @return the rows as data
     */
    public LoRAAdapter.TokenRows copy() {
        return new LoRAAdapter.TokenRows(tokens, rows.value().dup('c'));
    }

    @Override
    public List<Parameter> parameters() {
        return List.of(rows);
    }

    @Override
    public INDArray delta(INDArray original) {
        return data().delta(original);
    }

    @Override
    public WeightUpdatePass newPass(PassContext context) {
        throw new UnsupportedOperationException(this + ": updates an embedding only");
    }

    @Override
    public TokenUpdatePass newTokenPass(PassContext context) {
        return new RowsPass<>(this, context, RowMath.of(context.dataType()));
    }

    @Override
    public String toString() {
        return layer.path() + ": rows of " + tokens.size() + " tokens";
    }

    private static final class RowsPass<A> implements TokenUpdatePass {
        private final PassContext context;
        private final RowMath<A> math;
        private final int width;
        private final A row;
        private final A other;

        /** The rows of the table that are replaced, {@code W[t]} for each of the tokens t. */
        private final BatchBuffer tableRows;

        // The update that this is bound to.
        private TokenRowsUpdate bound;
        private @Nullable Gradient gradient;

        RowsPass(TokenRowsUpdate tokenRows, PassContext context, RowMath<A> math) {
            this.context = context;
            this.math = math;
            width = Math.toIntExact(tokenRows.layer.outputSize());
            row = math.array(width);
            other = math.array(width);
            tableRows = new BatchBuffer(context.dataType(), width, 'c');
            bound = tokenRows;
            gradient = context.gradient(tokenRows.rows);
        }

        @Override
        public boolean bind(WeightUpdate update) {
            if (update instanceof TokenRowsUpdate tokenRows) {
                bound = tokenRows;
                gradient = context.gradient(tokenRows.rows);
                return true;
            }
            return false;
        }

        @Override
        public boolean readsBase() {
            return true;
        }

        @Override
        public void forward(int[] ids, INDArray y) {
            INDArray originals = tableRows.rows(bound.tokens.size());
            context.weight().weight().matrix().rows(bound.tokenIds, originals);
            ArrayMemory table = new ArrayMemory(originals);
            ArrayMemory replacing = new ArrayMemory(bound.rows.value());
            ArrayMemory yRows = new ArrayMemory(y);
            for (int i = 0; i < ids.length; i++) {
                Integer k = bound.rowOfToken.get(ids[i]);
                if (k != null) {
                    math.read(yRows, i * width, row, width);
                    math.read(table, k * width, other, width);
                    math.addScaled(-1, other, row, width);
                    math.read(replacing, k * width, other, width);
                    math.add(other, row, width);
                    math.write(yRows, i * width, row, width);
                }
            }
        }

        @Override
        public void backward(int[] ids, INDArray yGradient, @Nullable INDArray baseGradient) {
            ArrayMemory given = new ArrayMemory(yGradient);
            ArrayMemory sums = gradient == null ? null : begin(gradient);
            ArrayMemory base = baseGradient == null ? null : new ArrayMemory(baseGradient);
            for (int i = 0; i < ids.length; i++) {
                Integer k = bound.rowOfToken.get(ids[i]);
                if (k != null) {
                    math.read(given, i * width, row, width);
                    if (sums != null && ids[i] != bound.layer.padding()) {
                        add(1, sums, k);
                    }
                    if (base != null) {
                        add(-1, base, i);
                    }
                }
            }
        }

        private ArrayMemory begin(Gradient part) {
            return part.beginPart() ? new ArrayMemory(part.array()) : zeros(part.array());
        }

        /** Sets a matrix to zero, without the native objects that ND4J's assign creates. */
        private ArrayMemory zeros(INDArray matrix) {
            ArrayMemory memory = new ArrayMemory(matrix);
            math.clear(other, width);
            for (int k = 0; k < matrix.size(0); k++) {
                math.write(memory, k * width, other, width);
            }
            return memory;
        }

        /** Adds the gradient of a token to a row of a matrix. */
        private void add(double factor, ArrayMemory matrix, int index) {
            math.read(matrix, index * width, other, width);
            math.addScaled(factor, row, other, width);
            math.write(matrix, index * width, other, width);
        }
    }
}
