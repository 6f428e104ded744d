package org.lora4j.samediff;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import org.lora4j.io.safetensors.SafeTensors;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;

/** A network of convolutions in SameDiff, as a case of the reference describes it, with kernels {@code [kh, kw, in, out]}. */
final class ConvolutionGraph {
    final SameDiff graph = SameDiff.create();
    private final SafeTensors tensors;

    ConvolutionGraph(Path folder) throws Exception {
        tensors = SafeTensors.read(folder.resolve("base.safetensors"));
        JsonNode config =
                new ObjectMapper().readTree(folder.resolve("config.json").toFile());
        JsonNode shape = config.path("input_shape");
        SDVariable y = graph.placeHolder(
                "x",
                DataType.FLOAT,
                -1,
                shape.get(0).longValue(),
                shape.get(1).longValue(),
                shape.get(2).longValue());
        boolean classifies = false;
        for (JsonNode layer : config.path("layers")) {
            String name = layer.path("name").textValue();
            switch (layer.path("type").textValue()) {
                case "conv2d" -> y = convolution(y, name, layer);
                case "relu" -> y = graph.nn().relu(y, 0);
                case "flatten" -> classifies = true; // The next layer reads rows.
                case "linear" ->
                    y = graph.reshape(y, -1, layer.path("in_features").longValue())
                            .mmul(variable(name + ".weight", 1, 0))
                            .add(variable(name + ".bias", 0));
                default -> throw new IllegalArgumentException(layer.toString());
            }
        }
        SDVariable logits = y.rename("y");
        if (classifies) {
            SDVariable labels = graph.placeHolder("labels", DataType.FLOAT, -1, 4);
            graph.loss().softmaxCrossEntropy("loss", labels, logits, null);
            graph.setLossVariables("loss");
        }
    }

    private SDVariable convolution(SDVariable x, String name, JsonNode layer) throws Exception {
        Conv2DConfig config = Conv2DConfig.builder()
                .kH(layer.path("kernel").get(0).longValue())
                .kW(layer.path("kernel").get(1).longValue())
                .sH(layer.path("stride").get(0).longValue())
                .sW(layer.path("stride").get(1).longValue())
                .pH(layer.path("padding").get(0).longValue())
                .pW(layer.path("padding").get(1).longValue())
                .dH(layer.path("dilation").get(0).longValue())
                .dW(layer.path("dilation").get(1).longValue())
                .dataFormat(Conv2DConfig.NCHW)
                .build();
        SDVariable kernel = variable(name + ".weight", 2, 3, 1, 0);
        return layer.path("bias").booleanValue()
                ? graph.cnn().conv2d(x, kernel, variable(name + ".bias", 0), config)
                : graph.cnn().conv2d(x, kernel, config);
    }

    private SDVariable variable(String name, int... order) throws Exception {
        INDArray tensor = tensors.tensor(name);
        return graph.var(
                name, tensor.rank() == 1 ? tensor.dup() : tensor.permute(order).dup('c'));
    }
}
