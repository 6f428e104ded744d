package org.lora4j.langchain4j;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import onnx.Onnx;
import org.lora4j.io.SafeTensors;
import org.lora4j.io.SafeTensorsBuilder;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.protobuf.CodedInputStream;

/** all-MiniLM-L6-v2 as a folder of Hugging Face's hub, made from the resources of LangChain4j's artifact. */
final class MiniLm {
    private static final String CONFIG = """
            {"model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu", "hidden_size": 384,
             "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536, "vocab_size": 30522,
             "max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0,
             "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}
            """;

    private static final Path FOLDER = write(Path.of("target", "all-MiniLM-L6-v2"));

    private MiniLm() {}

    static Path folder() {
        return FOLDER;
    }

    /** The files of the folder, without what a test replaces. */
    static Path copy(Path folder, String... files) throws IOException {
        for (String file : files.length == 0 ? filesOfTheFolder() : List.of(files)) {
            Files.copy(FOLDER.resolve(file), folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        return folder;
    }

    private static List<String> filesOfTheFolder() {
        return List.of("config.json", "model.safetensors", "tokenizer.json");
    }

    private static Path write(Path folder) {
        try (InputStream onnx = resource("/all-minilm-l6-v2.onnx");
                InputStream tokenizer = resource("/all-minilm-l6-v2-tokenizer.json")) {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), CONFIG);
            Files.copy(tokenizer, folder.resolve("tokenizer.json"), StandardCopyOption.REPLACE_EXISTING);
            weights(onnx).write(folder.resolve("model.safetensors"));
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream resource(String name) {
        return new BufferedInputStream(Objects.requireNonNull(MiniLm.class.getResourceAsStream(name), name), 1 << 20);
    }

    private static SafeTensors weights(InputStream file) throws IOException {
        CodedInputStream coded = CodedInputStream.newInstance(file);
        coded.setSizeLimit(Integer.MAX_VALUE);
        Onnx.GraphProto graph = Onnx.ModelProto.parseFrom(coded).getGraph();
        Map<String, String> linear = linearWeights(graph);
        SafeTensorsBuilder tensors = SafeTensors.builder();
        for (Onnx.TensorProto tensor : graph.getInitializerList()) {
            if (tensor.getDataType() == Onnx.TensorProto.DataType.FLOAT_VALUE && tensor.getDimsCount() > 0) {
                String name = linear.get(tensor.getName());
                INDArray values = array(tensor);
                tensors.tensor(
                        name == null ? tensor.getName() : name,
                        name == null ? values : values.transpose().dup('c'));
            }
        }
        return tensors.build();
    }

    /** The exporter transposed these and named them by number; the nodes that use them have the paths of the layers. */
    private static Map<String, String> linearWeights(Onnx.GraphProto graph) {
        Map<String, String> names = new HashMap<>();
        for (Onnx.NodeProto node : graph.getNodeList()) {
            if (node.getOpType().equals("MatMul") && node.getInput(1).startsWith("onnx::")) {
                String path = node.getName().replaceFirst("^/", "").replaceFirst("/MatMul(_\\d+)?$", "");
                names.put(node.getInput(1), path.replace('/', '.') + ".weight");
            }
        }
        return names;
    }

    private static INDArray array(Onnx.TensorProto tensor) {
        long[] shape = tensor.getDimsList().stream().mapToLong(Long::longValue).toArray();
        float[] values = new float[tensor.getRawData().size() / Float.BYTES];
        tensor.getRawData()
                .asReadOnlyByteBuffer()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(values);
        return Nd4j.createFromArray(values).reshape('c', shape);
    }
}
