package org.lora4j.nn.transformer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lora4j.internal.MessageText;
import org.lora4j.io.GgufSource;
import org.lora4j.io.ModelSource;
import org.lora4j.io.gguf.internal.GgufGroups;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.io.safetensors.SafeTensorsHeader;
import org.lora4j.io.safetensors.SafeTensorsReader;
import org.lora4j.linalg.Precision;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The tensors of a model, in one file, in several, or in memory. */
interface TensorFiles {
    /** The name of the file or folder, for messages. */
    String source();

    /** The shapes of all tensors, by the names in the files. */
    Map<String, long[]> shapes();

    /** A tensor that has not been read yet. */
    interface Tensor {
        /** The type of the elements in the file. */
        Dtype dtype();

        /** The shape in the file. */
        long[] shape();

        /**
         * Reads the elements.
         *
         * @param type FLOAT or DOUBLE; BFLOAT16 for a tensor of that type
         * @throws SafeTensorsException if the tensor is damaged or not finite
         */
        INDArray read(DataType type) throws IOException;

        /** Whether nobody else has the array that {@link #read} returns. */
        boolean isOwned();

        /** The rows of a matrix that the file stores in 4 bits; empty for another form. */
        default Optional<GgufGroups> inFourBits() throws IOException {
            return Optional.empty();
        }

        /** The precision in which a matrix is held if the wanted one loses too much of what the file has. */
        default Precision heldIn(Precision wanted) {
            return wanted;
        }
    }

    /** Gets tensors. */
    @FunctionalInterface
    interface Consumer {
        /** Gets a tensor, which can be read only until the method returns. */
        void accept(String name, Tensor tensor) throws IOException;
    }

    /**
     * Passes on tensors, one file after the other and one tensor after the other.
     *
     * @param names the tensors
     * @param consumer gets each of them
     * @throws IOException if a file cannot be read
     */
    void read(Set<String> names, Consumer consumer) throws IOException;

    /** Tensors that are in memory already. */
    static TensorFiles of(SafeTensors tensors) {
        return new InMemory(tensors);
    }

    /**
     * Reads the headers of a model's files: {@code model.safetensors}, or the files that the index names. All of them must
     * exist before the first is opened, and each must hold exactly the tensors that the index says.
     *
     * @throws IOException if there are no such files, or one cannot be read
     */
    static TensorFiles open(ModelSource source) throws IOException {
        if (source instanceof GgufSource gguf) {
            return new GgufTensorFiles(gguf, "");
        }
        Map<String, Set<String>> files = ModelFiles.tensors(source);
        String name = files.containsKey(ModelFiles.ONE) ? source.describe(ModelFiles.ONE) : source.toString();
        boolean isHere =
                files.keySet().stream().allMatch(file -> source.path(file).isPresent());
        if (!isHere) {
            return new InStreams(name, source, files);
        }
        Map<Path, Set<String>> paths = new LinkedHashMap<>();
        files.forEach((file, tensors) -> paths.put(source.path(file).orElseThrow(), tensors));
        return new InFolder(name, paths);
    }

    /**
     * Reads the header of one file in a folder of the model.
     *
     * @param file the name of a {@code model.safetensors} in a folder
     * @throws IOException if there is no such file, or it cannot be read
     */
    static TensorFiles open(ModelSource source, String file) throws IOException {
        if (source instanceof GgufSource gguf) {
            return new GgufTensorFiles(gguf, file.substring(0, Math.max(0, file.lastIndexOf('/'))));
        }
        if (!source.has(file)) {
            String other = file.replace(ModelFiles.ONE, "pytorch_model.bin");
            throw new IOException(source.describe(file) + ": the weights of the module must be in this file, found "
                    + (source.has(other)
                            ? other
                                    + "; load the model in Python with SentenceTransformer and call save_pretrained(folder)"
                            : "no such file; download the whole folder of the model"));
        }
        Optional<Path> path = source.path(file);
        return path.isEmpty()
                ? new InStreams(source.describe(file), source, Map.of(file, Set.of()))
                : new InFolder(source.describe(file), Map.of(path.get(), Set.of()));
    }

    private static void requireSame(String file, Set<String> expected, Set<String> found) throws SafeTensorsException {
        if (expected.isEmpty() || expected.equals(found)) {
            return;
        }
        List<String> missing =
                expected.stream().filter(name -> !found.contains(name)).toList();
        List<String> others =
                found.stream().filter(name -> !expected.contains(name)).toList();
        throw new SafeTensorsException(
                file,
                "tensors",
                "must be those that " + ModelFiles.INDEX + " names for this file",
                "missing " + MessageText.list(missing) + ", others " + MessageText.list(others));
    }

    /** A tensor of a file that was read. */
    private static Tensor tensor(SafeTensors file, String name, boolean isOwned) {
        return new Tensor() {
            @Override
            public Dtype dtype() {
                return file.dtype(name);
            }

            @Override
            public long[] shape() {
                return file.shape(name);
            }

            @Override
            public INDArray read(DataType type) throws IOException {
                return file.finiteTensor(name, type);
            }

            @Override
            public boolean isOwned() {
                return isOwned;
            }
        };
    }

    /** A file that was read. */
    record InMemory(SafeTensors file) implements TensorFiles {
        @Override
        public String source() {
            return file.source();
        }

        @Override
        public Map<String, long[]> shapes() {
            Map<String, long[]> shapes = new LinkedHashMap<>();
            file.names().forEach(name -> shapes.put(name, file.shape(name)));
            return shapes;
        }

        @Override
        public void read(Set<String> names, Consumer consumer) throws IOException {
            for (String name : names) {
                consumer.accept(name, tensor(file, name, false));
            }
        }
    }

    /** Files that are not on this machine. Each is read twice: its header, and then its tensors from the first to the last. */
    final class InStreams implements TensorFiles {
        private final String name;
        private final ModelSource source;
        private final Set<String> files;
        private final Map<String, long[]> shapes = new LinkedHashMap<>();

        /**
         * Reads the headers.
         *
         * @param expected the tensors of each file; none if they are not known
         */
        private InStreams(String name, ModelSource source, Map<String, Set<String>> expected) throws IOException {
            this.name = name;
            this.source = source;
            files = expected.keySet();
            for (Map.Entry<String, Set<String>> file : expected.entrySet()) {
                String place = source.describe(file.getKey());
                try (InputStream in = source.open(file.getKey())) {
                    SafeTensorsHeader header = SafeTensors.readHeader(place, in);
                    requireSame(place, file.getValue(), header.names());
                    header.names().forEach(tensor -> shapes.put(tensor, header.shape(tensor)));
                }
            }
        }

        @Override
        public String source() {
            return name;
        }

        @Override
        public Map<String, long[]> shapes() {
            return shapes;
        }

        @Override
        public void read(Set<String> names, Consumer consumer) throws IOException {
            for (String file : files) {
                try (InputStream in = source.open(file)) {
                    SafeTensors.readEach(source.describe(file), in, names::contains, one -> {
                        String tensor = one.names().iterator().next();
                        consumer.accept(tensor, tensor(one, tensor, true));
                    });
                }
            }
        }
    }

    /** Files of a folder. */
    final class InFolder implements TensorFiles {
        private final String source;
        private final Map<Path, Set<String>> files = new LinkedHashMap<>();
        private final Map<String, long[]> shapes = new LinkedHashMap<>();

        /**
         * Reads the headers.
         *
         * @param expected the tensors of each file; none if they are not known
         */
        private InFolder(String source, Map<Path, Set<String>> expected) throws IOException {
            this.source = source;
            for (Map.Entry<Path, Set<String>> file : expected.entrySet()) {
                try (SafeTensorsReader reader = SafeTensorsReader.open(file.getKey())) {
                    Set<String> names = reader.header().names();
                    requireSame(file.getKey().toString(), file.getValue(), names);
                    names.forEach(name -> shapes.put(name, reader.header().shape(name)));
                    files.put(file.getKey(), names);
                }
            }
        }

        @Override
        public String source() {
            return source;
        }

        @Override
        public Map<String, long[]> shapes() {
            return shapes;
        }

        @Override
        public void read(Set<String> names, Consumer consumer) throws IOException {
            for (Map.Entry<Path, Set<String>> file : files.entrySet()) {
                try (SafeTensorsReader reader = SafeTensorsReader.open(file.getKey())) {
                    for (String name : file.getValue()) {
                        if (names.contains(name)) {
                            consumer.accept(name, tensor(reader, name));
                        }
                    }
                }
            }
        }

        private static Tensor tensor(SafeTensorsReader reader, String name) {
            return new Tensor() {
                @Override
                public Dtype dtype() {
                    return reader.header().dtype(name);
                }

                @Override
                public long[] shape() {
                    return reader.header().shape(name);
                }

                @Override
                public INDArray read(DataType type) throws IOException {
                    return reader.finiteTensor(name, type);
                }

                @Override
                public boolean isOwned() {
                    return true;
                }
            };
        }
    }
}
