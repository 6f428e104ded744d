package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.nn.transformer.PretrainedModel;

/** What {@code lora inspect} says about the folder of a model. */
class InspectModelTest {
    @TempDir
    private Path temp;

    private static void replaceInConfig(Path model, String old, String now) throws IOException {
        Path config = model.resolve("config.json");
        String text = Files.readString(config);
        assertThat(text).contains(old);
        Files.writeString(config, text.replace(old, now));
    }

    @Test
    void anEncoderHasAFamilyAndWhatIsSupported() throws IOException {
        Path bert = SmallModels.bert(temp.resolve("bert"), 1);
        JsonNode found = Cli.good("inspect", bert, "--json").json();
        assertThat(found.path("family").asText()).isEqualTo("bert");
        assertThat(found.path("supported").asBoolean()).isTrue();
        JsonNode support = found.path("support");
        assertThat(support.path("decoder").asBoolean(true)).isFalse();
        assertThat(support.path("defaultTargets")).map(JsonNode::asText).containsExactly("query", "value");
        assertThat(support.path("head").asText()).isEqualTo("a pooler");
        assertThat(support.path("newClassifier").asBoolean()).isTrue();
        assertThat(support.path("tokenTypes").asInt()).isEqualTo(2);
        assertThat(support.path("gguf").asBoolean(true)).isFalse();
        assertThat(Cli.good("inspect", bert).out())
                .contains(
                        "bert: a model, an encoder of the family bert",
                        "targets of an adapter by default: [query, value]",
                        "at its end: a pooler; a new classifier: yes",
                        "tells the texts of a pair apart: yes",
                        "adapters as GGUF files: no");
    }

    @Tag("slow")
    @Test
    void aClassifierSaysHowManyOutputsItHas() throws IOException {
        Path bert = SmallModels.bert(temp.resolve("bert"), 1);
        PretrainedModel model = PretrainedModel.load(bert);
        model.save(model.classifier(5, 1), bert);
        assertThat(Cli.good("inspect", bert, "--json")
                        .json()
                        .at("/support/head")
                        .asText())
                .isEqualTo("a classifier of 5 outputs");
        Path without = SmallModels.bertWithoutPooler(temp.resolve("without"), 1);
        JsonNode support = Cli.good("inspect", without, "--json").json().path("support");
        assertThat(support.path("head").asText()).isEqualTo("none");
        assertThat(support.path("newClassifier").asBoolean(true)).isFalse();
    }

    @Test
    void aDecoderHasAFamilyAndWhatIsSupported() throws IOException {
        Path llama = SmallModels.llama(temp.resolve("llama"), 1);
        assertThat(Cli.good("inspect", llama).out())
                .contains(
                        "llama: a model, a decoder of the family llama",
                        "targets of an adapter by default: [q_proj, v_proj]",
                        "at its end: the next token; a new classifier: yes",
                        "adapters as GGUF files: yes",
                        "192 tokens at most")
                .doesNotContain("texts of a pair");
    }

    @ParameterizedTest
    @CsvSource({
        "'\"model_type\": \"bert\"', '\"model_type\": \"t5\"', t5, 'model_type must be one of'",
        "'\"model_type\": \"bert\"', '\"model_type\": \"bert\\u000Aforged: yes\"', bert, 'model_type must be one of'",
        "'\"model_type\": \"bert\"', '\"model_type\": \"bert\", \"position_embedding_type\": \"relative_key\"', bert,"
                + " position_embedding_type",
        "'\"model_type\": \"bert\"', '\"model_type\": \"bert\", \"quantization_config\": {\"bits\": 4}', bert,"
                + " quantization_config"
    })
    void aModelThatIsRefusedSaysWhatIsNotSupported(String old, String now, String family, String why)
            throws IOException {
        Path bert = SmallModels.bert(temp.resolve("refused"), 1);
        replaceInConfig(bert, old, now);
        Cli cli = Cli.good("inspect", bert);
        assertThat(cli.out().lines().toList()).hasSize(2);
        assertThat(cli.out())
                .contains("refused: a model of the family " + family, "NOT supported", why)
                .doesNotContain("\nforged");
        JsonNode found = Cli.good("inspect", bert, "--json").json();
        assertThat(found.path("supported").asBoolean(true)).isFalse();
        assertThat(found.path("family").asText()).startsWith(family);
        assertThat(found.path("why").asText()).contains(why);
    }
}
