package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Outputs and gradients of PyTorch and PEFT. */
@Tag("numbers")
class EncoderGoldenTest {
    @Test
    void computesHiddenStatesAndPooledOutputs() throws Exception {
        EncoderCase golden = EncoderCase.of("encoder_forward");
        PretrainedModel model = golden.model();
        Sequences input = golden.input();
        golden.assertOutput(
                "last_hidden_state", input.pad(model.lastHiddenState().predict(input)));
        golden.assertOutput("pooler_output", model.pooled().predict(input));
        golden.assertOutput("mean_pooled_normalized", model.sentenceEmbeddings().predict(input));
    }

    @Test
    void leavesOutTokensThatAreMaskedAnywhere() throws Exception {
        EncoderCase golden = EncoderCase.of("encoder_forward");
        PretrainedModel model = golden.model();
        Sequences input = Sequences.of(
                golden.io().tensor("input_ids"),
                golden.io().tensor("attention_mask_holes"),
                golden.io().tensor("token_type_ids"));
        golden.assertOutput(
                "last_hidden_state_holes", input.pad(model.lastHiddenState().predict(input)));
        golden.assertOutput("pooler_output_holes", model.pooled().predict(input));
        INDArray expected = golden.io().tensor("mean_pooled_holes");
        golden.assertOutput("mean_pooled_holes", model.meanPooled().predict(input));
        INDArray mean = model.sentenceEmbeddings().predict(input);
        EncoderCase.assertClose("mean", mean, expected.divColumnVector(expected.norm2(true, 1)), 1e-5);
    }

    @Test
    void takesTokenType0WhereNoneIsGiven() throws Exception {
        EncoderCase golden = EncoderCase.of("encoder_forward");
        Sequences input =
                Sequences.of(golden.io().tensor("input_ids"), golden.io().tensor("attention_mask"), null);
        golden.assertOutput("pooler_output_types0", golden.model().pooled().predict(input));
    }

    @Test
    void readsNamesOfOldCheckpoints() throws Exception {
        EncoderCase golden = EncoderCase.of("encoder_old_checkpoint");
        PretrainedModel model = golden.model();
        golden.assertOutput(
                "last_hidden_state", golden.input().pad(model.lastHiddenState().predict(golden.input())));
        golden.assertOutput("pooler_output", model.pooled().predict(golden.input()));
    }

    @Test
    void computesAClassifier() throws Exception {
        EncoderCase golden = EncoderCase.of("encoder_classifier");
        golden.assertOutput("logits", golden.model().classifier().predict(golden.input()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"encoder_lora_qv", "encoder_lora_all_linear", "encoder_dora"})
    void computesAdaptersOfAClassifier(String name) throws Exception {
        EncoderCase golden = EncoderCase.of(name);
        Network network = golden.model().classifier();
        LoRAModel model = LoRAModel.of(network);
        Sequences input = golden.input();
        AdapterView view =
                model.load("peft", golden.folder().resolve("adapter"), ReadOptions.of(FingerprintCheck.IGNORE));
        golden.assertOutput("logits_base", model.base().predict(input));
        golden.assertOutput("logits_adapter", view.predict(input));
        golden.assertOutput("logits_merged", model.merge("peft").predict(input));
        try (LoRAModel.Scope scope = model.disable()) {
            assertThat(scope).isNotNull();
            golden.assertOutput("logits_disabled", model.predict(input));
        }
        // PEFT lists the names of all classifiers there are; here a name must be one of the model's.
        LoRAConfig config =
                view.adapter().config().toBuilder().modulesToSave("classifier").build();
        golden.assertOutput("logits_init", model.add("new", config).predict(input));
    }

    @Test
    void computesAnAdapterOfAnEmbedding() throws Exception {
        EncoderCase golden = EncoderCase.of("encoder_embedding_lora");
        LoRAModel model = LoRAModel.of(golden.model().lastHiddenState());
        Sequences input = golden.input();
        AdapterView view =
                model.load("peft", golden.folder().resolve("adapter"), ReadOptions.of(FingerprintCheck.IGNORE));
        golden.assertOutput("last_hidden_state_base", input.pad(model.base().predict(input)));
        golden.assertOutput("last_hidden_state_adapter", input.pad(view.predict(input)));
        golden.assertOutput(
                "last_hidden_state_merged", input.pad(model.merge("peft").predict(input)));
        golden.assertOutput(
                "last_hidden_state_init",
                input.pad(model.add("new", view.adapter().config()).predict(input)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"DOUBLE", "FLOAT"})
    void computesTheGradientsOfAllParameters(DataType type) throws Exception {
        EncoderCase golden = EncoderCase.of("encoder_gradients");
        Network network = golden.model(type).classifier();
        Pass pass = network.newTrainingPass();
        INDArray logits = pass.forward(golden.input());
        INDArray labels = EncoderCase.oneHot(golden.io().tensor("labels").toIntVector(), 3, type);
        INDArray gradient = labels.like();
        double loss = Loss.softmaxCrossEntropy().compute(logits, labels, gradient);
        double relative = type == DataType.DOUBLE ? 1e-9 : 1e-4;
        assertThat(loss).isCloseTo(golden.io().tensor("loss").getDouble(0), within(relative));
        pass.backward(gradient);
        List<String> names = new ArrayList<>();
        for (Parameter parameter : network.parameters()) {
            INDArray expected = golden.io().tensor("grad." + parameter.name());
            double largest = Math.max(1, expected.amaxNumber().doubleValue());
            EncoderCase.assertClose(parameter.name(), pass.gradient(parameter), expected, relative * largest);
            names.add("grad." + parameter.name());
        }
        List<String> all = new ArrayList<>(golden.io().names().stream()
                .filter(name -> name.startsWith("grad."))
                .toList());
        Collections.sort(all);
        Collections.sort(names);
        assertThat(names).isEqualTo(all);
    }
}
