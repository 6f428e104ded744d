package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.Patience;
import org.lora4j.generate.Generation;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.input.Input;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationHandle;
import org.lora4j.serve.GenerationRequest;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.RequestOptions;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The programs of the guide to services that need a transformer, a folder or a network. */
class ServiceGuideTest {
    @TempDir
    private Path folder;

    // spotless:off
    @Test
    void aFairOrderAndPreloadedAdapters() throws IOException {
        Path adapters = folder;
        LoRAModel saved = SmallModels.model();
        for (String name : List.of("customer-a", "customer-b")) {
            saved.add(name, SmallModels.random(1).build()).save(folder.resolve(name));
        }
        LoRAModel model = SmallModels.model();
        INDArray row = SmallModels.input(1);

        AdapterCache small = AdapterCache.builder(model, adapters)
                .maxAdapters(100)
                .keep(List.of("customer-a"))
                .build();
        CompletableFuture<Void> loaded = small.preload(List.of("customer-a", "customer-b"));
        loaded.join();
        assertThat(model.names()).containsExactlyInAnyOrder("customer-a", "customer-b");

        RequestOptions soon = RequestOptions.defaults().withPriority(1).withTimeout(Patience.LIMIT);
        try (BatchingPredictor fair = BatchingPredictor.builder(model)
                .maxWaitingRows(1000)
                .maxWaitingRowsPerAdapter(200) // a quarter of all if you do not set it
                .weights(adapter -> adapter.equals("customer-a") ? 2 : 1) // twice as much as another one
                .build()) {
            INDArray urgent = fair.predict(Input.of(row), "customer-a", soon);
            assertThat(urgent).isEqualTo(model.using("customer-a").predict(row));
        }
    }

    @Test
    void generatesForMany() throws IOException {
        Network network = Decoders.of(Decoders.Family.LLAMA, 1, DataType.FLOAT, 300);
        LoRAModel decoder = LoRAModel.of(network);
        LoRAConfig config = LoRAConfig.builder().rank(2).targetModules("q", "v").init(LoRAInit.random()).build();
        LoRAModel.of(network).add("support", config).save(folder.resolve("support"));
        AdapterCache cache = AdapterCache.builder(decoder, folder).build();
        int[] prompt = {1, 2, 3, 4};
        int end = 18;
        List<Integer> shown = new ArrayList<>();

        GenerationService service = GenerationService.builder(decoder)
                .adapters(cache)
                .maxCachedTokens(100_000)
                .build();
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(200).withStopIds(end);
        GenerationHandle reply = service.generate(GenerationRequest.of("support", prompt, options).withConversation("ticket-17"));
        reply.stream().forEach(shown::add); // waits for each token
        Generation result = reply.result().join();
        service.close();
        assertThat(shown).isNotEmpty().isEqualTo(result.newTokens());
        assertThat(shown).isEqualTo(Generator.of(decoder.load("x", folder.resolve("support")))
                .generate(prompt, options).newTokens());
    }
    // spotless:on

    @Test
    void aWholeServiceOverHttp() throws Exception {
        SmallModels.network().save(folder.resolve("base.safetensors"));
        LoRAModel model = SmallModels.model();
        Path adapters = folder.resolve("adapters");
        model.add("customer-a", SmallModels.random(1).build()).save(adapters.resolve("customer-a"));
        try (Service service = new Service(folder.resolve("base.safetensors"), adapters, 0)) {
            HttpResponse<String> good = post(service, "customer-a", "1,2,3,4,5,6");
            assertThat(good.statusCode()).isEqualTo(200);
            assertThat(good.body()).startsWith("[[");
            HttpResponse<String> unknown = post(service, "nobody", "1,2,3,4,5,6");
            assertThat(unknown.statusCode()).isEqualTo(404);
            assertThat(unknown.body()).isEqualTo("there is no adapter 'nobody'");
            assertThat(post(service, "__base__", "1,2,3,4,5,6").statusCode()).isEqualTo(404);
            HttpResponse<String> wrong = post(service, "customer-a", "1,2");
            assertThat(wrong.statusCode()).isEqualTo(400);
            assertThat(wrong.body()).doesNotContain("linear1", folder.toString());
            assertThat(post(service, "customer-a", "one").statusCode()).isEqualTo(400);
        }
    }

    /** A busy machine may not answer within the two seconds of the program. Then the client asks again. */
    private static HttpResponse<String> post(Service service, String adapter, String body) throws Exception {
        List<HttpResponse<String>> answers = new ArrayList<>();
        Patience.await(() -> {
            answers.add(postOnce(service, adapter, body));
            return answers.get(answers.size() - 1).statusCode() != 504;
        });
        return answers.get(answers.size() - 1);
    }

    private static HttpResponse<String> postOnce(Service service, String adapter, String body)
            throws IOException, InterruptedException {
        String host = InetAddress.getLoopbackAddress().getHostAddress();
        URI uri = URI.create("http://" + host + ":" + service.port() + "/predict/" + adapter);
        HttpRequest request = HttpRequest.newBuilder(uri)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    }
}
