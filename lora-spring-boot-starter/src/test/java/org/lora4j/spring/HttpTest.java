package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.context.ConfigurableApplicationContext;

/** The program on the guide's page, over HTTP. */
@MustEnd
class HttpTest {
    @TempDir
    private static Path folder;

    private static ConfigurableApplicationContext context;
    private final HttpClient client = HttpClient.newHttpClient();

    @BeforeAll
    static void start() {
        Path encoder = Folders.encoder(folder.resolve("encoder"));
        Path adapters = Folders.adapters(encoder, folder.resolve("adapters"), "customer-a", "customer-b");
        context = SpringApplication.run(
                Application.class,
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--lora.model.path=" + encoder,
                "--lora.adapters.path=" + adapters,
                "--lora.adapters.reload=1s",
                "--management.endpoint.health.show-details=always",
                "--management.endpoints.web.exposure.include=health,metrics,prometheus");
    }

    @AfterAll
    static void stop() {
        context.close();
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        URI address =
                URI.create("http://127.0.0.1:" + context.getEnvironment().getProperty("local.server.port") + path);
        return client.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
    }

    private String body(String path) throws IOException, InterruptedException {
        HttpResponse<String> response = get(path);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    @Test
    void theVersionIsTheOneThatTheBuildNames() {
        assertThat(SpringBootVersion.getVersion()).isEqualTo(System.getProperty("boot.version"));
    }

    @Test
    void predictionsShowInHealthAndMetrics() throws Exception {
        String a = body("/embed/customer-a?text=where+is+my+parcel");
        assertThat(a).startsWith("[").isEqualTo(body("/embed/customer-a?text=where+is+my+parcel"));
        assertThat(body("/embed/customer-b?text=where+is+my+parcel")).isNotEqualTo(a);
        HttpResponse<String> unknown = get("/embed/nobody?text=parcel");
        assertThat(unknown.statusCode()).isEqualTo(404);
        assertThat(unknown.body()).isEqualTo("there is no adapter 'nobody'");
        assertThat(get("/embed/customer-a?text=").statusCode()).isEqualTo(400);

        JsonNode health = new ObjectMapper().readTree(body("/actuator/health")).at("/components/lora");
        assertThat(health.path("status").asText()).isEqualTo("UP");
        assertThat(health.path("details").toString()).isEqualTo("{\"adapters\":2,\"waiting\":0,\"running\":0}");
        Patience.await(() -> body("/actuator/prometheus").contains("customer-b"));
        assertThat(body("/actuator/prometheus").lines())
                .contains(
                        "lora_requests_total{adapter=\"customer-a\",outcome=\"completed\"} 2.0",
                        "lora_requests_total{adapter=\"customer-b\",outcome=\"completed\"} 1.0",
                        "lora_adapter_loads_total{adapter=\"customer-a\",outcome=\"loaded\"} 1.0",
                        "lora_units_total{adapter=\"customer-a\"} 12.0",
                        "lora_request_latency_seconds_count{adapter=\"customer-a\"} 2");
        assertThat(body("/actuator/metrics/lora.requests?tag=adapter:customer-b&tag=outcome:completed"))
                .contains("\"value\":1.0");
    }
}
