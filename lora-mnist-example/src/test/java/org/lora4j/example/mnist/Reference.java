package org.lora4j.example.mnist;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.lora4j.example.mnist.data.Mnist;
import org.lora4j.example.mnist.data.MnistBatches;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.lora4j.train.Evaluator;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Computes the numbers of a report again, from the files alone and in another way. */
final class Reference {
    private Reference() {}

    static Network network(Path file) throws IOException {
        Network network = Network.builder(784)
                .linear("linear1", 1000)
                .relu()
                .linear("linear2", 2000)
                .relu()
                .linear("linear3", 10)
                .build(99);
        network.loadParameters(file);
        return network;
    }

    /** Loads a base and adds the update of an adapter to its weights. */
    static Network merged(Path base, Path adapter, double scale) throws IOException {
        Network network = network(base);
        SafeTensors factors = SafeTensors.read(adapter);
        for (Linear linear : network.linears()) {
            String key = "base_model.model." + linear.path();
            INDArray a = factors.tensor(key + ".lora_A.weight", DataType.FLOAT);
            INDArray b = factors.tensor(key + ".lora_B.weight", DataType.FLOAT);
            linear.weight().addi(b.mmul(a).muli(scale));
        }
        return network;
    }

    static Evaluation test(Network network, Path data) throws IOException {
        return Evaluator.evaluate(network, MnistBatches.inOrder(Mnist.load(data).test(), 7));
    }

    static List<Integer> wrong(Evaluation evaluation) {
        return Arrays.stream(Evaluator.errorsPerClass(evaluation)).boxed().toList();
    }

    static List<List<Integer>> confusion(Evaluation evaluation) {
        return IntStream.range(0, 10)
                .mapToObj(actual -> IntStream.range(0, 10)
                        .mapToObj(predicted -> evaluation.getConfusion().getCount(actual, predicted))
                        .toList())
                .toList();
    }

    static JsonNode json(Path file) throws IOException {
        return JsonMapper.builder().build().readTree(file.toFile());
    }

    static JsonNode json(String text) throws IOException {
        return JsonMapper.builder().build().readTree(text);
    }

    static List<Integer> integers(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asInt)
                .toList();
    }

    static List<List<Integer>> matrix(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(Reference::integers)
                .toList();
    }
}
