package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

@Tag("numbers")
class EncoderFilesTest {
    private static final Sequences INPUT = Sequences.of(new int[] {5, 9, 3}, new int[] {7, 2});

    @ParameterizedTest
    @CsvSource({"encoder_classifier", "encoder_forward"})
    void savesWhatItLoaded(String name, @TempDir Path folder) throws Exception {
        PretrainedModel model = GoldenCase.of(name).model();
        Network network = model.hasClassifier() ? model.classifier() : model.lastHiddenState();
        model.save(network, folder);
        SafeTensors before = SafeTensors.read(GoldenCase.of(name).folder().resolve("model.safetensors"));
        SafeTensors after = SafeTensors.read(folder.resolve("model.safetensors"));
        assertThat(after.names()).containsExactlyInAnyOrderElementsOf(before.names());
        for (String tensor : before.names()) {
            assertThat(after.tensor(tensor)).as(tensor).isEqualTo(before.tensor(tensor));
        }
        assertThat(PretrainedModel.load(folder).config()).isEqualTo(model.config());
    }

    @Test
    void isCreatedFromTheContentOfItsFiles() throws Exception {
        Path folder = GoldenCase.of("encoder_classifier").folder();
        String config = Files.readString(folder.resolve("config.json"));
        SafeTensors tensors = SafeTensors.read(Files.readAllBytes(folder.resolve("model.safetensors")));
        INDArray expected = PretrainedModel.load(folder).classifier().predict(INPUT);
        assertThat(PretrainedModel.of(ModelConfig.parse(config), tensors, DataType.FLOAT)
                        .classifier()
                        .predict(INPUT))
                .isEqualTo(expected);
        assertThatThrownBy(() -> PretrainedModel.of(ModelConfig.parse(config), tensors, DataType.INT32))
                .hasMessage("the type of a model must be FLOAT or DOUBLE, found INT");
        assertThatThrownBy(() -> PretrainedModel.of(
                        ModelConfig.parse(config.replace("\"vocab_size\": 60", "\"vocab_size\": 61")),
                        tensors,
                        DataType.FLOAT))
                .hasMessageContaining("must be [61, 24]");
    }

    @Test
    void knowsWhetherItHasAPooler() throws Exception {
        Path folder = GoldenCase.of("encoder_forward").folder();
        SafeTensors tensors = SafeTensors.read(folder.resolve("model.safetensors"));
        Map<String, INDArray> rest = new LinkedHashMap<>(tensors.tensors());
        rest.keySet().removeIf(name -> name.contains("pooler"));
        PretrainedModel without = PretrainedModel.of(
                ModelConfig.parse(Files.readString(folder.resolve("config.json"))),
                SafeTensors.of(rest, Map.of()),
                DataType.FLOAT);
        assertThat(PretrainedModel.load(folder).hasPooler()).isTrue();
        assertThat(without.hasPooler()).isFalse();
        assertThat(without.meanClassifier(2, 1).predict(INPUT).size(1)).isEqualTo(2);
    }

    @Test
    void savesAMergedAdapter(@TempDir Path folder) throws Exception {
        PretrainedModel bert = GoldenCase.of("encoder_classifier").model();
        LoRAModel model = LoRAModel.of(bert.classifier());
        model.add("a", LoRAConfig.builder().targetModules("query").build())
                .parameters()
                .forEach(parameter -> parameter.value().addi(0.1));
        bert.save(model.merge("a"), folder);
        INDArray expected = model.using("a").predict(INPUT);
        GoldenCase.assertClose(
                "merged", PretrainedModel.load(folder).classifier().predict(INPUT), expected, 1e-5);
    }

    @Test
    void startsAClassifierThatTransformersCouldLoad(@TempDir Path folder) throws Exception {
        PretrainedModel bert = GoldenCase.of("encoder_forward").model();
        Network network = bert.classifier(7, 1);
        assertThat(network.outputSize()).isEqualTo(7);
        bert.save(network, folder);
        assertThat(Files.readString(folder.resolve("config.json")))
                .contains("BertForSequenceClassification")
                .contains("\"6\" : \"LABEL_6\"");
        assertThat(PretrainedModel.load(folder).classifier().predict(INPUT)).isEqualTo(network.predict(INPUT));
    }

    @Test
    void loadsHalfPrecision(@TempDir Path folder) throws Exception {
        ChangedModel half = ChangedModel.of("encoder_forward", folder)
                .tensors(all -> all.replaceAll((name, tensor) -> tensor.castTo(DataType.BFLOAT16)));
        INDArray expected = GoldenCase.of("encoder_forward").model().pooled().predict(INPUT);
        GoldenCase.assertClose("bfloat16", half.load().pooled().predict(INPUT), expected, 0.05);
    }

    @Test
    void loadsWeightsInSeveralFiles(@TempDir Path folder) throws Exception {
        ChangedModel model = ChangedModel.of("encoder_forward", folder);
        SafeTensors all = SafeTensors.read(model.file("model.safetensors"));
        model.delete("model.safetensors");
        SafeTensorsBuilder first = SafeTensors.builder();
        SafeTensorsBuilder second = SafeTensors.builder();
        StringBuilder map = new StringBuilder();
        for (String name : all.names()) {
            boolean isFirst = map.length() < 500;
            (isFirst ? first : second).tensor(name, all.tensor(name));
            map.append(map.isEmpty() ? "" : ", ")
                    .append('"' + name + "\": \"" + (isFirst ? "a" : "b") + ".safetensors\"");
        }
        first.build().write(model.file("a.safetensors"));
        second.build().write(model.file("b.safetensors"));
        Files.writeString(model.file("model.safetensors.index.json"), "{\"weight_map\": {" + map + "}}");
        INDArray expected = GoldenCase.of("encoder_forward").model().pooled().predict(INPUT);
        assertThat(model.load().pooled().predict(INPUT)).isEqualTo(expected);
    }

    @Test
    void countsThePositionsOfRobertaFromBehindItsPadding(@TempDir Path folder) throws Exception {
        PretrainedModel roberta = ChangedModel.of("encoder_forward", folder)
                .config("\"bert\"", "\"roberta\"")
                .config("\"pad_token_id\": 0", "\"pad_token_id\": 1")
                .load();
        assertThat(((TokenEmbeddings) roberta.lastHiddenState().layers().get(0)).firstPosition())
                .isEqualTo(2);
        assertThat(roberta.lastHiddenState().predict(INPUT).shape()).containsExactly(5, 24);
    }
}
