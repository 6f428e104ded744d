package org.lora4j.nn.transformer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A file of ONNX in ONNX Runtime. */
final class OnnxRun implements AutoCloseable {
    private final OrtSession session;

    OnnxRun(Path file) throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        options.setIntraOpNumThreads(1);
        session = OrtEnvironment.getEnvironment().createSession(file.toString(), options);
    }

    List<String> inputs() {
        return List.copyOf(session.getInputNames());
    }

    List<String> outputs() {
        return List.copyOf(session.getOutputNames());
    }

    /** Runs a batch of texts of one length, and returns an output. */
    INDArray run(String output, int[][] ids, int @Nullable [][] mask, int @Nullable [][] types) throws OrtException {
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        try {
            inputs.put("input_ids", tensor(ids, 0));
            inputs.put("attention_mask", mask == null ? tensor(ids, 1) : tensor(mask, 0));
            inputs.put("token_type_ids", types == null ? tensor(ids, 2) : tensor(types, 0));
            inputs.keySet().retainAll(session.getInputNames());
            try (OrtSession.Result result = session.run(inputs)) {
                Object values = result.get(output).orElseThrow().getValue();
                return values instanceof float[][][] tokens
                        ? Nd4j.createFromArray(tokens)
                        : Nd4j.createFromArray((float[][]) values);
            }
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    /** The values; or ones or zeros in their place. */
    private static OnnxTensor tensor(int[][] values, int constant) throws OrtException {
        long[][] longs = new long[values.length][];
        for (int i = 0; i < values.length; i++) {
            longs[i] = new long[values[i].length];
            for (int j = 0; j < values[i].length; j++) {
                longs[i][j] = constant == 0 ? values[i][j] : 2 - constant;
            }
        }
        return OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), longs);
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}
