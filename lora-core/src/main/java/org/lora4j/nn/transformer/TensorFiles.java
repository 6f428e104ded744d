package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.internal.Names;
import org.lora4j.io.Dtype;
import org.lora4j.io.SafeTensors;
import org.lora4j.io.SafeTensorsException;
import org.lora4j.io.SafeTensorsReader;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The tensors of a model, in one file, in several, or in memory. */
interface TensorFiles {
    /** The name of one file. */
    String ONE = "model.safetensors";

    /** The file that says which of several files holds a tensor. */
    String INDEX = "model.safetensors.index.json";

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
        Map<String, long[]> shapes = new LinkedHashMap<>();
        tensors.names().forEach(name -> shapes.put(name, tensors.shape(name)));
        return new TensorFiles() {
            @Override
            public String source() {
                return tensors.source();
            }

            @Override
            public Map<String, long[]> shapes() {
                return shapes;
            }

            @Override
            public void read(Set<String> names, Consumer consumer) throws IOException {
                for (String name : names) {
                    consumer.accept(name, new Tensor() {
                        @Override
                        public Dtype dtype() {
                            return tensors.dtype(name);
                        }

                        @Override
                        public long[] shape() {
                            return tensors.shape(name);
                        }

                        @Override
                        public INDArray read(DataType type) throws IOException {
                            return tensors.finiteTensor(name, type);
                        }

                        @Override
                        public boolean isOwned() {
                            return false;
                        }
                    });
                }
            }
        };
    }

    /**
     * Reads the headers of a model's files: {@code model.safetensors}, or the files that the index names. All of them must
     * exist before the first is opened, and each must hold exactly the tensors that the index says.
     *
     * @throws IOException if there are no such files, or one cannot be read
     */
    static TensorFiles open(Path folder) throws IOException {
        if (Files.exists(folder.resolve(ONE))) {
            return new InFolder(folder.resolve(ONE).toString(), Map.of(folder.resolve(ONE), Set.of()));
        }
        if (Files.exists(folder.resolve(INDEX))) {
            Map<Path, Set<String>> files = index(folder);
            List<String> missing = new ArrayList<>();
            for (Path file : files.keySet()) {
                if (!Files.isRegularFile(file)) {
                    missing.add(String.valueOf(file.getFileName()));
                }
            }
            if (!missing.isEmpty()) {
                throw new IOException(folder.resolve(INDEX)
                        + ": all files that it names must be in the folder, found none of " + Names.list(missing));
            }
            return new InFolder(folder.toString(), files);
        }
        for (String other : List.of("pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5")) {
            if (Files.exists(folder.resolve(other))) {
                throw new IOException(folder + ": the weights must be in " + ONE + ", or in several files with " + INDEX
                        + ", found " + other + "; load the model in Python and call save_pretrained(folder)");
            }
        }
        throw new NoSuchFileException(
                folder.toString(),
                null,
                "the weights must be in " + ONE + ", or in several files with " + INDEX + ", found neither");
    }

    /** The tensors of each file. */
    private static Map<Path, Set<String>> index(Path folder) throws IOException {
        Path index = folder.resolve(INDEX);
        JsonNode map = ModelJson.parse(INDEX, ModelJson.read(index)).path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new IllegalArgumentException(index + ": must have a weight_map from tensors to files, found none");
        }
        Map<Path, Set<String>> files = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String name = entry.getKey();
            JsonNode file = entry.getValue();
            String text = file.asText();
            boolean isPlain = file.isTextual()
                    && text.endsWith(".safetensors")
                    && text.chars().allMatch(c -> c >= ' ' && c != '/' && c != '\\' && c != ':');
            if (!isPlain) {
                throw new IllegalArgumentException(index
                        + ": each file must be the name of a .safetensors file in the same folder, found "
                        + Names.quote(file.toString()) + " for " + Names.quote(name));
            }
            files.computeIfAbsent(folder.resolve(text), key -> new LinkedHashSet<>())
                    .add(name);
        }
        return files;
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
                    requireSame(file.getKey(), file.getValue(), names);
                    names.forEach(name -> shapes.put(name, reader.header().shape(name)));
                    files.put(file.getKey(), names);
                }
            }
        }

        private static void requireSame(Path file, Set<String> expected, Set<String> found)
                throws SafeTensorsException {
            if (expected.isEmpty() || expected.equals(found)) {
                return;
            }
            List<String> missing =
                    expected.stream().filter(name -> !found.contains(name)).toList();
            List<String> others =
                    found.stream().filter(name -> !expected.contains(name)).toList();
            throw new SafeTensorsException(
                    file.toString(),
                    "tensors",
                    "must be those that " + INDEX + " names for this file",
                    "missing " + Names.list(missing) + ", others " + Names.list(others));
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
