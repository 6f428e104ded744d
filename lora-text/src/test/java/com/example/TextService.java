package com.example;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executors;
import org.lora4j.LoRAModel;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.ClientTexts;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.Labels;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Answers a text with its label. The arguments: the folder of a model, and the folder of the adapter. */
public final class TextService {
    private TextService() {}

    public static void main(String[] args) throws IOException {
        start(Path.of(args[0]), Path.of(args[1]), 8080);
    }

    public static HttpServer start(Path modelFolder, Path adapter, int port) throws IOException {
        EncoderFolder encoder = EncoderFolder.open(modelFolder);
        Labels labels = Labels.of(Files.readAllLines(adapter.resolve("labels.txt")));
        LoRAModel model = LoRAModel.of(encoder.model().meanClassifier(labels.count(), 7));
        model.load("topics", adapter);
        BatchingPredictor predictor = BatchingPredictor.builder(model).build();
        ClientTexts texts = new ClientTexts(encoder);

        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readNBytes(100_000);
            String text = new String(body, StandardCharsets.UTF_8);
            Sequences tokens = texts.tokens("topics", List.of(text), RequestOptions.defaults());
            INDArray scores = predictor.predict(tokens, "topics");
            byte[] label = labels.name(scores.argMax(1).getInt(0)).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, label.length);
            exchange.getResponseBody().write(label);
            exchange.close();
        });
        server.start();
        return server;
    }
}
