package org.lora4j.nn.transformer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.io.GgufSource;
import org.lora4j.io.gguf.internal.GgufGroups;
import org.lora4j.io.gguf.internal.GgufTensors;
import org.lora4j.io.gguf.model.GgufException;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.weight.internal.Int4Matrix;
import org.lora4j.nn.weight.internal.WeightMatrix;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The tensors of a GGUF file. */
final class GgufTensorFiles implements TensorFiles {
    private final GgufSource source;

    /** What stands before the names in the file. */
    private final String prefix;

    private final Map<String, long[]> shapes = new LinkedHashMap<>();

    /**
     * Reads the list of tensors.
     *
     * @param folder the folder of a {@code Dense} of sentence-transformers; empty for the model
     */
    GgufTensorFiles(GgufSource source, String folder) throws IOException {
        this.source = source;
        prefix = folder.isEmpty() ? "" : folder + "/";
        try (GgufTensors tensors = source.tensors()) {
            for (String name : tensors.names()) {
                if (folder.isEmpty() ? name.indexOf('/') < 0 : name.startsWith(prefix)) {
                    shapes.put(name.substring(prefix.length()), tensors.shape(name));
                }
            }
        }
    }

    @Override
    public String source() {
        return source.toString();
    }

    @Override
    public Map<String, long[]> shapes() {
        return shapes;
    }

    @Override
    public void read(Set<String> names, Consumer consumer) throws IOException {
        try (GgufTensors tensors = source.tensors()) {
            for (String name : names) {
                consumer.accept(name, tensor(tensors, name));
            }
        }
    }

    private Tensor tensor(GgufTensors tensors, String name) {
        return new Tensor() {
            @Override
            public Dtype dtype() {
                return Dtype.F32;
            }

            @Override
            public long[] shape() {
                return tensors.shape(prefix + name);
            }

            @Override
            public INDArray read(DataType type) throws IOException {
                INDArray read = tensors.tensor(prefix + name);
                requireFinite(read, name);
                if (type == DataType.FLOAT) {
                    return read;
                }
                INDArray converted = read.castTo(type);
                read.close();
                return converted;
            }

            @Override
            public boolean isOwned() {
                return true;
            }

            @Override
            public Optional<GgufGroups> inFourBits() throws IOException {
                return tensors.groups(prefix + name);
            }

            @Override
            public Precision heldIn(Precision wanted) {
                boolean isInOtherGroups = tensors.isQuantized(prefix + name) && !tensors.isInGroups(prefix + name);
                return wanted == Precision.INT4 && isInOtherGroups ? Precision.INT8 : wanted;
            }
        };
    }

    /**
     * Holds a matrix as the file stores it.
     *
     * @return empty if it is not finite
     */
    static Optional<WeightMatrix> matrix(GgufGroups groups, long[] shape) throws IOException {
        try {
            Int4Matrix matrix = Int4Matrix.of(
                    (row, codes, scales, offsets) -> {
                        try {
                            groups.read(row, codes, scales, offsets);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    },
                    Math.toIntExact(shape[0]),
                    Math.toIntExact(shape[1]),
                    groups.hasOffsets());
            return matrix.isFinite() ? Optional.of(matrix) : Optional.empty();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void requireFinite(INDArray read, String name) throws GgufException {
        long position = ArrayBits.firstNonFinite(read);
        if (position >= 0) {
            throw new GgufException(
                    source.toString(),
                    "tensor " + MessageText.quote(name),
                    "elements must be finite",
                    read.ravel().getFloat(position) + " at element " + position);
        }
    }
}
