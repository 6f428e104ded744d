package org.lora4j.bench;

import java.util.concurrent.Callable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationRequest;
import org.lora4j.serve.GenerationService;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Makes some calls of a user, each once before it is traced. {@code src/bench/trace} traces what is between {@link #begin} and
 * {@link #end}.
 */
final class CallWork {
    private static final int ROWS = 8;
    private static final int FEATURES = 20;
    private static final int CLASSES = 10;

    /** A thread of a service may still do something after its answer. */
    private static final long REST_MILLIS = 500;

    private static final String LLAMA = """
            {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 50, "hidden_size": 16,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 32,
             "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "tie_word_embeddings": true, "hidden_act": "silu"}
            """;

    private CallWork() {}

    public static void main(String[] args) throws Exception {
        dense();
        llama();
    }

    private static void dense() throws Exception {
        LoRAModel model = LoRAModel.of(Network.builder(FEATURES)
                .linear("linear1", 30)
                .relu()
                .linear("linear2", 40)
                .relu()
                .linear("linear3", CLASSES)
                .build(1));
        AdapterView view = model.add("nine", LoRAConfig.of(2, 2));
        INDArray x = Nd4j.rand(DataType.FLOAT, ROWS, FEATURES);
        INDArray y = Nd4j.zeros(DataType.FLOAT, ROWS, CLASSES);
        for (int i = 0; i < ROWS; i++) {
            y.putScalar(i, i, 1);
        }
        Trainer trainer =
                Trainer.builder(view).updater(new Adam(1e-3)).maxIterations(1).build();
        trace("a dense prediction", () -> view.predict(x));
        try (BatchingPredictor predictor = BatchingPredictor.builder(model).build()) {
            trace("a prediction of BatchingPredictor", () -> predictor.predict(x, "nine"));
        }
        trace("a training of one step", () -> trainer.fit(new DataSet(x, y)));
    }

    private static void llama() throws Exception {
        LoRAModel model = LoRAModel.of(PretrainedModel.initialize(ModelConfig.parse(LLAMA), DataType.FLOAT, 1)
                .causal());
        AdapterView view = model.add(
                "nine",
                LoRAConfig.builder()
                        .rank(2)
                        .alpha(2)
                        .targetModules("q_proj", "v_proj")
                        .build());
        Sequences prompt = Sequences.of(new int[] {1, 2, 3});
        trace("a prediction of a Llama", () -> view.predict(prompt));
        try (GenerationService service = GenerationService.builder(model).build()) {
            GenerationOptions two = GenerationOptions.greedy().withMaxTokens(2);
            trace(
                    "two tokens of GenerationService",
                    () -> service.generate(GenerationRequest.of("nine", new int[] {1, 2, 3}, two))
                            .result()
                            .get());
        }
    }

    private static void trace(String what, Callable<?> call) throws Exception {
        call.call();
        call.call();
        Thread.sleep(REST_MILLIS);
        begin(what);
        call.call();
        Thread.sleep(REST_MILLIS);
        end();
    }

    /** The tracer sees that this is called, and its argument. */
    static void begin(String what) {}

    static void end() {}
}
