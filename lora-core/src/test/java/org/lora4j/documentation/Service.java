package org.lora4j.documentation;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.lora4j.LoRAModel;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Input;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers over HTTP. The arguments: the file of a network, the folder of the adapters, and a port. */
public final class Service implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Service.class);
    private static final RequestOptions TWO_SECONDS = RequestOptions.defaults().withTimeout(Duration.ofSeconds(2));

    private final BatchingPredictor predictor;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newFixedThreadPool(64);

    public Service(Path base, Path adapters, int port) throws IOException {
        LoRAModel model = LoRAModel.of(Network.load(base));
        AdapterCache cache = AdapterCache.builder(model, adapters).build();
        predictor = BatchingPredictor.builder(model).adapters(cache).build();
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(threads);
        server.createContext("/predict/", this::answer);
        server.start();
    }

    public static void main(String[] args) throws IOException {
        Service service = new Service(Path.of(args[0]), Path.of(args[1]), Integer.parseInt(args[2]));
        Runtime.getRuntime().addShutdownHook(new Thread(service::close));
    }

    public int port() {
        return server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String adapter = exchange.getRequestURI().getPath().substring("/predict/".length());
        int status = 200;
        String text;
        try {
            INDArray y = predictor.predict(Input.of(row(exchange)), adapter, TWO_SECONDS);
            text = y.toStringFull();
        } catch (NumberFormatException e) {
            status = 400;
            text = "the body must be numbers with a comma between two of them";
        } catch (ServingException e) {
            status = e.reason().httpStatus();
            text = String.valueOf(e.getMessage()); // for the client
            log.warn("a request of {} failed", adapter, e); // the cause is for you
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private static INDArray row(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readNBytes(1 << 20), StandardCharsets.UTF_8);
        double[] numbers =
                Arrays.stream(body.split(",")).mapToDouble(Double::parseDouble).toArray();
        return Nd4j.createFromArray(numbers).castTo(DataType.FLOAT).reshape(1, numbers.length);
    }

    @Override
    public void close() {
        server.stop(5); // takes no further requests, and waits for those that run
        predictor.close();
        threads.shutdown();
    }
}
