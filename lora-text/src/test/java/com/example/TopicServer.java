package com.example;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executors;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.Answer;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;

/** Answers a text with its label. The arguments: the folder of a model, and the folder of the adapter. */
public final class TopicServer {
    private TopicServer() {}

    public static void main(String[] args) throws IOException {
        start(Path.of(args[0]), Path.of(args[1]), 8080);
    }

    public static HttpServer start(Path modelFolder, Path adapter, int port) throws IOException {
        TextModel model = TextModel.open(ModelSource.of(modelFolder), BaseStorage.of(Precision.FLOAT));
        TextService texts =
                TextService.builder(model).adapter("topics", adapter).build();

        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readNBytes(100_000);
            String text = new String(body, StandardCharsets.UTF_8);
            Answer<ClassScores> answer =
                    texts.answer(Classify.class, "topics", List.of(text), RequestOptions.defaults());
            byte[] label = answer.values().get(0).best().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, label.length);
            exchange.getResponseBody().write(label);
            exchange.close();
        });
        server.start();
        return server;
    }
}
