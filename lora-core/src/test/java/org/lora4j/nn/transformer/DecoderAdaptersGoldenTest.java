package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftFormatException;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;

/** Adapters of decoders that PEFT applied. */
@Tag("numbers")
class DecoderAdaptersGoldenTest {
    private static final ReadOptions OPTIONS = ReadOptions.of(FingerprintCheck.IGNORE);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "decoder_lora_qv",
                "decoder_lora_all_linear",
                "decoder_dora",
                "decoder_layers",
                "decoder_gpt2_lora",
                "decoder_gpt2_dora",
                "decoder_modules_to_save",
                "decoder_embedding_lora",
                "decoder_embedding_lora_tied",
                "decoder_trainable_tokens",
                "decoder_trainable_tokens_tied",
                "decoder_modules_to_save_tied",
                "decoder_embedding_lora_tied_both"
            })
    void computesAnAdapter(String name, @TempDir Path folder) throws Exception {
        DecoderCase golden = DecoderCase.of(name);
        Network network = golden.causal();
        LoRAModel model = LoRAModel.of(network);
        Sequences input = golden.input();
        AdapterView view = model.load("peft", golden.folder().resolve("adapter"), OPTIONS);
        golden.assertOutput("logits_base", input, model.base().predict(input));
        golden.assertOutput("logits_adapter", input, view.predict(input));
        JsonNode settings = golden.settings();
        List<String> adapted = new ArrayList<>();
        settings.path("adapted_modules").forEach(module -> adapted.add(module.asText()));
        assertThat(view.adapter().weights().keySet()).containsAll(adapted);
        assertThat(adapted).containsAll(withoutTiedHead(name, view));
        if (golden.io().names().contains("logits_merged")) {
            golden.assertOutput("logits_merged", input, model.merge("peft").predict(input));
        }
        if (golden.io().names().contains("logits_disabled")) {
            try (LoRAModel.Scope scope = model.disable()) {
                assertThat(scope).isNotNull();
                golden.assertOutput("logits_disabled", input, model.predict(input));
            }
        }
        view.save(folder);
        assertThat(LoRAModel.of(golden.causal()).load("again", folder).predict(input))
                .isEqualTo(view.predict(input));
        SafeTensors before = SafeTensors.read(golden.folder().resolve("adapter").resolve("adapter_model.safetensors"));
        SafeTensors after = SafeTensors.read(folder.resolve("adapter_model.safetensors"));
        for (String tensor : before.names()) {
            if (!tensor.endsWith("base_layer.weight")) {
                assertThat(after.tensor(tensor)).as(tensor).isEqualTo(before.tensor(tensor));
            }
        }
        golden.assertOutput(
                "logits_init", input, model.add("new", view.adapter().config()).predict(input));
    }

    /** The adapted layers as PEFT has them: it counts those of a tied head with the embedding. */
    private static List<String> withoutTiedHead(String name, AdapterView view) {
        List<String> adapted = new ArrayList<>(view.adapter().weights().keySet());
        if (name.equals("decoder_embedding_lora_tied_both")) {
            assertThat(adapted.remove("lm_head")).isTrue();
        }
        return adapted;
    }

    @Test
    void countsWhatPeftTrains() throws Exception {
        for (String name : List.of(
                "decoder_lora_qv",
                "decoder_dora",
                "decoder_gpt2_lora",
                "decoder_modules_to_save",
                "decoder_modules_to_save_tied")) {
            DecoderCase golden = DecoderCase.of(name);
            AdapterView view =
                    LoRAModel.of(golden.causal()).load("peft", golden.folder().resolve("adapter"), OPTIONS);
            assertThat(view.parameters().stream()
                            .mapToLong(parameter -> parameter.value().length())
                            .sum())
                    .as(name)
                    .isEqualTo(golden.settings().path("trainable_parameters").asLong());
        }
    }

    /** Without ensure_weight_tying, nothing explains factors of a layer that the targets do not name. */
    @Test
    void refusesFactorsOfAHeadThatIsNoTarget(@TempDir Path folder) throws Exception {
        DecoderCase golden = DecoderCase.of("decoder_embedding_lora_tied_both");
        Path adapter = golden.folder().resolve("adapter");
        Files.write(
                folder.resolve("adapter_model.safetensors"),
                Files.readAllBytes(adapter.resolve("adapter_model.safetensors")));
        String config = Files.readString(adapter.resolve("adapter_config.json"));
        assertThat(config).contains("\"ensure_weight_tying\": true");
        Files.writeString(
                folder.resolve("adapter_config.json"),
                config.replace("\"ensure_weight_tying\": true", "\"ensure_weight_tying\": false"));
        LoRAModel model = LoRAModel.of(golden.causal());
        assertThatThrownBy(() -> model.load("peft", folder, OPTIONS))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("tensors are not expected")
                .hasMessageContaining("lm_head.lora_A");
    }

    @Test
    void computesABatchWithAnAdapterForEachRow() throws Exception {
        DecoderCase golden = DecoderCase.of("decoder_mixed");
        LoRAModel model = LoRAModel.of(golden.causal());
        model.load("first", golden.folder().resolve("first"), OPTIONS);
        model.load("second", golden.folder().resolve("second"), OPTIONS);
        Sequences input = golden.input();
        golden.assertOutput("logits_first", input, model.using("first").predict(input));
        golden.assertOutput("logits_second", input, model.using("second").predict(input));
        golden.assertOutput("logits_base", input, model.base().predict(input));
        List<String> names = new ArrayList<>();
        golden.settings().path("rows").forEach(row -> names.add(row.asText()));
        golden.assertOutput("logits", input, model.predict(input, names));
    }
}
