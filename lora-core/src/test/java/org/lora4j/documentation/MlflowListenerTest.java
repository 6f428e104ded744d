package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.factory.Nd4j;

/** The requests have the form of MLflow's REST API; the server of this test only keeps them. */
class MlflowListenerTest {
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private String answer = "{\"run\": {\"info\": {\"run_uuid\": \"r1\", \"run_id\": \"r1\"}}}";
    private HttpServer server;
    private URI address;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/2.0/mlflow/runs/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            requests.add(path.substring(path.lastIndexOf('/') + 1) + " "
                    + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            byte[] body = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        address = URI.create("http://localhost:" + server.getAddress().getPort());
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void sendsTheLossOfEachEpoch() throws Exception {
        Network network = Network.builder(4).linear("linear1", 2).build(1);
        AdapterView task = LoRAModel.of(network).add("task", LoRAConfig.of(2, 4));
        DataSet rows =
                new DataSet(Nd4j.ones(DataType.FLOAT, 6, 4), Nd4j.valueArrayOf(new long[] {6, 2}, 0.5, DataType.FLOAT));
        ViewIterator newTask = new ViewIterator(rows, 3);

        Trainer.builder(task)
                .epochs(20)
                .listener(new MlflowListener(address, "0"))
                .build()
                .fit(newTask);

        assertThat(requests).hasSize(22);
        assertThat(requests.get(0)).startsWith("create {\"experiment_id\": \"0\", \"start_time\": ");
        assertThat(requests)
                .filteredOn(
                        request -> request.startsWith("log-metric {\"run_id\": \"r1\", \"key\": \"loss\", \"value\": "))
                .hasSize(20);
        assertThat(requests).last().asString().startsWith("update {\"run_id\": \"r1\", \"status\": \"FINISHED\"");
    }

    @Test
    void theTrainingEndsWithoutTheServer() throws Exception {
        MlflowListener listener = new MlflowListener(address, "0");
        server.stop(0);

        listener.onEpoch(1, new TrainingListener.Iteration(1, 1, 1, 1, 1, 1));
        assertThatNoException().isThrownBy(() -> listener.onEnd(null));
    }

    @Test
    void refusesAServerWithoutRuns() {
        answer = "{\"error_code\": \"RESOURCE_DOES_NOT_EXIST\"}";

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> new MlflowListener(address, "9"))
                .withMessageContaining("RESOURCE_DOES_NOT_EXIST");
    }
}
