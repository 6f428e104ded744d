package com.example;

import java.io.IOException;
import java.nio.file.Path;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.dl4j.LoRANetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** Adds an adapter to a network of DL4J, trains it with fit, saves it and merges it. */
public final class AdaptNetwork {
    private AdaptNetwork() {}

    public static void main(String[] args) throws IOException {
        MultiLayerNetwork base = network();
        INDArray x = Nd4j.rand(DataType.FLOAT, 20, 30);
        INDArray labels = Nd4j.zeros(DataType.FLOAT, 20, 2);
        labels.getColumn(1).assign(1); // all rows are spam
        DataSet data = new DataSet(x, labels);

        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
        MultiLayerNetwork spam = lora.add("spam", LoRAConfig.of(4, 8), new Adam(0.01));
        for (int i = 0; i < 10; i++) {
            spam.fit(data);
        }
        System.out.println("parameters: " + base.numParams() + ", of the adapter: " + spam.numParams());
        System.out.println("loss: " + base.score(data) + ", with the adapter: " + spam.score(data));

        lora.save("spam", Path.of("target", "spam"));
        MultiLayerNetwork plain = lora.merge("spam");
        double difference = plain.output(x).sub(spam.output(x)).amaxNumber().doubleValue();
        System.out.println("the merged network is the same: " + (difference < 1e-5));
    }

    /** 30 numbers, a hidden layer of 16, and two classes. Your own trained network stands here. */
    private static MultiLayerNetwork network() {
        MultiLayerConfiguration conf = new NeuralNetConfiguration.Builder()
                .seed(1)
                .list()
                .layer(new DenseLayer.Builder()
                        .name("linear1")
                        .nIn(30)
                        .nOut(16)
                        .activation(Activation.RELU)
                        .build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                        .name("linear2")
                        .nIn(16)
                        .nOut(2)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init();
        return network;
    }
}
