package org.lora4j.nn.transformer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.lora4j.internal.MessageText;
import org.lora4j.io.gguf.internal.GgufGroups;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.weight.internal.ArrayMatrix;
import org.lora4j.nn.weight.internal.BFloat16Matrix;
import org.lora4j.nn.weight.internal.CompactMatrix;
import org.lora4j.nn.weight.internal.MatrixConversion;
import org.lora4j.nn.weight.internal.OwnedMatrix;
import org.lora4j.nn.weight.internal.WeightMatrix;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The tensors of a model by their plain names: without the prefix of a model with a head, and in the names of today. */
final class ModelTensors implements Tensors {
    private final Map<String, WeightMatrix> tensors;
    private final DataType type;

    private ModelTensors(Map<String, WeightMatrix> tensors, DataType type) {
        this.tensors = tensors;
        this.type = type;
    }

    /**
     * How the tensors are held.
     *
     * @param type FLOAT or DOUBLE
     * @param precision the form of large matrices of FLOAT
     */
    record Form(DataType type, Precision precision) {
        static Form of(DataType type) {
            Objects.requireNonNull(type, "dataType must not be null");
            if (type != DataType.FLOAT && type != DataType.DOUBLE) {
                throw new IllegalArgumentException("the type of a model must be FLOAT or DOUBLE, found " + type);
            }
            return new Form(type, Precision.FLOAT);
        }

        static Form of(BaseStorage storage) {
            Objects.requireNonNull(storage, "storage must not be null");
            return new Form(DataType.FLOAT, storage.precision());
        }
    }

    /**
     * Reads the tensors that a configuration asks for. The files must hold them all, and nothing that is unknown.
     *
     * @throws SafeTensorsException if tensors are missing, misshapen, left over, damaged or not finite; the message lists them
     * @throws IOException if a file cannot be read
     */
    static ModelTensors read(TensorFiles files, ModelConfig config, Form form) throws IOException {
        Family family = config.family();
        Map<String, String> stored = new LinkedHashMap<>();
        Map<String, long[]> found = new LinkedHashMap<>();
        List<String> problems = new ArrayList<>();
        files.shapes().forEach((name, shape) -> found.putIfAbsent(family.plainName(name), shape));
        // A layer has several tensors. Without this check, a wrong number would ask for the names of millions.
        JsonFields.Layers layers = config.layers();
        long needed = found.keySet().stream()
                .filter(plain -> !family.isOfNoUse(plain))
                .count();
        if (layers.number() > needed) {
            throw refuse(
                    files,
                    "must be those of the " + layers.field() + " " + layers.number() + " in config.json",
                    needed + " tensors");
        }
        Map<String, ExpectedTensors.Expected> expected =
                ExpectedTensors.of(config, found).of(found.keySet());
        for (String name : files.shapes().keySet()) {
            String plain = family.plainName(name);
            if (!expected.containsKey(plain) && family.isOfNoUse(plain)) {
                continue;
            }
            String former = stored.putIfAbsent(plain, name);
            if (former != null) {
                problems.add("two tensors for one parameter, " + MessageText.quote(former) + " and "
                        + MessageText.quote(name));
            }
        }
        Map<String, String> plainNames = new LinkedHashMap<>();
        List<String> missing = new ArrayList<>();
        expected.forEach((plain, tensor) -> {
            String name = stored.remove(plain);
            long[] foundShape = found.get(plain);
            long[] shape = tensor.stored();
            if (name == null) {
                if (!family.isOfNoUse(plain)) {
                    missing.add(plain);
                }
            } else if (!Arrays.equals(foundShape, shape)) {
                problems.add(name + " must be " + Arrays.toString(shape) + ", found " + Arrays.toString(foundShape));
            } else {
                plainNames.put(name, plain);
            }
        });
        if (!missing.isEmpty()) {
            problems.add("missing " + MessageText.list(missing));
        }
        if (!stored.isEmpty()) {
            problems.add("left over " + MessageText.list(List.copyOf(stored.values())));
        }
        if (!problems.isEmpty()) {
            throw refuse(
                    files, "must be those of the model in config.json", MessageText.line(String.join("; ", problems)));
        }
        Map<String, WeightMatrix> tensors = new LinkedHashMap<>();
        files.read(plainNames.keySet(), (name, tensor) -> {
            String plain = String.valueOf(plainNames.get(name));
            boolean isTransposed = Objects.requireNonNull(expected.get(plain)).isTransposed();
            tensors.put(plain, matrix(tensor, isTransposed, form));
        });
        return new ModelTensors(tensors, form.type());
    }

    /**
     * Adds all tensors of a file.
     *
     * @param prefix what stands before their names
     * @return these tensors and those
     * @throws IOException if the file cannot be read
     */
    ModelTensors with(String prefix, TensorFiles file, Form form) throws IOException {
        Map<String, WeightMatrix> all = new LinkedHashMap<>(tensors);
        file.read(file.shapes().keySet(), (name, tensor) -> all.put(prefix + name, matrix(tensor, false, form)));
        return new ModelTensors(all, type);
    }

    /** The elements of a matrix that is held in fewer bits; empty for others. */
    Optional<INDArray> compact(String plain) {
        return Optional.ofNullable(tensors.get(plain))
                .filter(matrix -> matrix.precision() != Precision.FLOAT)
                .map(WeightMatrix::copy);
    }

    private static WeightMatrix matrix(TensorFiles.Tensor tensor, boolean isTransposed, Form form) throws IOException {
        if (form.precision() != Precision.FLOAT && CompactMatrix.fits(form.type(), tensor.shape())) {
            return compact(tensor, isTransposed, tensor.heldIn(form.precision()));
        }
        WeightMatrix matrix = new ArrayMatrix(array(tensor, isTransposed, form.type()));
        boolean isFloatMatrix = form.type() == DataType.FLOAT && tensor.shape().length == 2;
        return isFloatMatrix && (tensor.isOwned() || isTransposed) ? new OwnedMatrix(matrix) : matrix;
    }

    /** Reads a matrix in fewer bits. The memory of arrays of floats is released at once. */
    private static WeightMatrix compact(TensorFiles.Tensor tensor, boolean isTransposed, Precision precision)
            throws IOException {
        Optional<WeightMatrix> stored =
                precision == Precision.INT4 && !isTransposed ? inFourBits(tensor) : Optional.empty();
        if (stored.isPresent()) {
            return new OwnedMatrix(stored.get());
        }
        boolean isHalf = tensor.dtype() == Dtype.BF16;
        boolean isOwned = tensor.isOwned() || isTransposed;
        INDArray array = array(tensor, isTransposed, isHalf ? DataType.BFLOAT16 : DataType.FLOAT);
        WeightMatrix read = isHalf ? BFloat16Matrix.of(array) : new ArrayMatrix(array);
        if (read.precision() == precision) {
            return isOwned ? new OwnedMatrix(read) : read;
        }
        WeightMatrix matrix = new OwnedMatrix(MatrixConversion.convert(read, precision));
        if (isOwned) {
            array.close();
        }
        return matrix;
    }

    private static Optional<WeightMatrix> inFourBits(TensorFiles.Tensor tensor) throws IOException {
        Optional<GgufGroups> groups = tensor.inFourBits();
        return groups.isPresent() ? GgufTensorFiles.matrix(groups.get(), tensor.shape()) : Optional.empty();
    }

    private static INDArray array(TensorFiles.Tensor tensor, boolean isTransposed, DataType type) throws IOException {
        INDArray array = tensor.read(type);
        if (!isTransposed) {
            return array;
        }
        INDArray transposed = transposed(array);
        if (tensor.isOwned()) {
            array.close();
        }
        return transposed;
    }

    private static SafeTensorsException refuse(TensorFiles files, String rule, String found) {
        return new SafeTensorsException(files.source(), "tensors", rule, found);
    }

    /** A copy of the transposed matrix. */
    static INDArray transposed(INDArray matrix) {
        return matrix.transpose().dup('c');
    }

    boolean contains(String name) {
        return tensors.containsKey(name);
    }

    /** Whether two tensors have the same elements, to a tolerance if they are arrays. */
    boolean areEqual(String name, String other) {
        return OwnedMatrix.read(
                matrix(name),
                one -> OwnedMatrix.read(
                        matrix(other),
                        two -> one instanceof CompactMatrix left
                                ? two instanceof CompactMatrix right && left.hasElementsOf(right)
                                : one.array().equals(two.array())));
    }

    /** The type of the tensors. */
    DataType type() {
        return type;
    }

    /** The shapes, as layers have them. */
    Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        tensors.forEach((name, matrix) -> shapes.put(name, matrix.shape()));
        return shapes;
    }

    /** A parameter around a matrix, which is frozen if it is in fewer bits. */
    @Override
    public Parameter matrix(String parameter, String name, long rows, long columns, boolean isTransposed) {
        return new Parameter(parameter, matrix(name));
    }

    @Override
    public INDArray vector(String name, long length) {
        return get(name);
    }

    @Override
    public long labels(String name) {
        return matrix(name).shape()[0];
    }

    private WeightMatrix matrix(String name) {
        WeightMatrix matrix = tensors.get(name);
        if (matrix == null) {
            throw new IllegalStateException("the model must have the tensor " + name
                    + ", found a file without it; choose another head, such as meanClassifier");
        }
        return matrix;
    }

    /** The elements as an array. */
    INDArray get(String name) {
        return matrix(name).array();
    }
}
