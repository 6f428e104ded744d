package org.lora4j.documentation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Saves a base and an adapter for Python, and reads the adapter again. */
public final class ExchangeAdapter {
    private ExchangeAdapter() {}

    public static void main(String[] args) throws IOException {
        Path folder = Files.createDirectories(Path.of("target", "exchange"));
        Network network = Network.builder(784)
                .linear("linear1", 100)
                .relu()
                .linear("linear2", 10)
                .build(42);
        network.save(folder.resolve("base.safetensors"));

        LoRAModel model = LoRAModel.of(network);
        LoRAConfig config = LoRAConfig.builder()
                .rank(8)
                .alpha(16)
                .init(LoRAInit.random()) // stands for a training: A and B are random
                .build();
        AdapterView nine = model.add("nine", config);
        nine.save(folder.resolve("nine"));
        Path tensors = folder.resolve("nine").resolve("adapter_model.safetensors");
        SafeTensors.readHeader(tensors).names().forEach(System.out::println);

        ReadOptions options = ReadOptions.of(FingerprintCheck.REQUIRE); // refuses an adapter of another base
        AdapterView again = model.load("again", folder.resolve("nine"), options);
        INDArray x = Nd4j.ones(DataType.FLOAT, 1, 784);
        System.out.println("same output: " + again.predict(x).equals(nine.predict(x)));
    }
}
