package org.lora4j.nn.onnx.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.TensorProto;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.nd4j.linalg.api.buffer.DataType;

/** What stands in a file of ONNX, and where the weights of a large network stand. */
class OnnxFileTest {
    private static final Network NETWORK = PretrainedModel.initialize(ModelConfig.parse("""
                            {"model_type": "bert", "vocab_size": 30, "num_hidden_layers": 1, "hidden_size": 8,
                             "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 12}
                            """), DataType.FLOAT, 1)
            .meanPooled();

    @TempDir
    private Path folder;

    private Path file;
    private Path second;

    @BeforeEach
    void name() {
        file = folder.resolve("model.onnx");
        second = folder.resolve("model.onnx_data");
    }

    private ModelProto read() throws Exception {
        try (InputStream in = Files.newInputStream(file)) {
            return ModelProto.parseFrom(in);
        }
    }

    private float[][] run() throws Exception {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession session = environment.createSession(file.toString());
                OnnxTensor ids = OnnxTensor.createTensor(environment, new long[][] {{5, 9, 3}});
                OnnxTensor mask = OnnxTensor.createTensor(environment, new long[][] {{1, 1, 1}});
                OnnxTensor types = OnnxTensor.createTensor(environment, new long[][] {{0, 0, 0}});
                OrtSession.Result result =
                        session.run(Map.of("input_ids", ids, "attention_mask", mask, "token_type_ids", types))) {
            return (float[][]) result.get("sentence_embedding").orElseThrow().getValue();
        }
    }

    @Test
    void namesAreThoseOfOtherExporters() throws Exception {
        NETWORK.saveOnnx(file);
        ModelProto model = read();
        assertThat(model.getOpsetImport(0).getVersion()).isEqualTo(17);
        List<String> nodes =
                model.getGraph().getNodeList().stream().map(NodeProto::getName).toList();
        assertThat(nodes)
                .doesNotHaveDuplicates()
                .contains("/encoder/layer.0/attention/self/query/MatMul", "/embeddings/LayerNorm/LayerNormalization");
        List<String> weights = model.getGraph().getInitializerList().stream()
                .map(TensorProto::getName)
                .toList();
        assertThat(weights)
                .doesNotHaveDuplicates()
                .contains("embeddings.word_embeddings.weight", "encoder.layer.0.output.dense.bias");
        assertThat(folder).isDirectoryNotContaining(path -> !path.equals(file));
    }

    @Test
    void weightsThatOneFileCannotHoldStandBesideIt() throws Exception {
        NETWORK.saveOnnx(file);
        float[][] inOneFile = run();
        long length = Files.size(file);
        OnnxFile.write(NETWORK.layers(), file, 1000);
        assertThat(Files.size(file)).isLessThan(length);
        long bytes = NETWORK.parameters().stream()
                .filter(parameter -> !parameter.name().startsWith("pooler"))
                .mapToLong(parameter -> 4 * parameter.value().length())
                .sum();
        assertThat(second).hasSize(bytes);
        assertThat(run()).isDeepEqualTo(inOneFile);
        NETWORK.saveOnnx(file);
        assertThat(second).doesNotExist();
        assertThat(file).hasSize(length);
        assertThat(run()).isDeepEqualTo(inOneFile);
    }
}
