package org.lora4j.io.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.TargetModules;
import org.lora4j.internal.Logged;

class PeftConfigTest {
    private static final String FILE = "adapter_config.json";

    private static LoRAConfig read(String json) throws PeftFormatException {
        return PeftConfigReader.read(FILE, json.getBytes(StandardCharsets.UTF_8), 7, false);
    }

    /** A file with the fields that every one needs, and more. */
    private static LoRAConfig readWith(String fields) throws PeftFormatException {
        return read("{\"peft_type\": \"LORA\", \"target_modules\": [\"fc\"]" + (fields.isEmpty() ? "" : ", ") + fields
                + "}");
    }

    private static String written(LoRAConfig config, String... adapted) {
        return new String(PeftConfigWriter.toBytes(config, List.of(adapted)), StandardCharsets.UTF_8);
    }

    private static LoRAConfigBuilder builder() {
        return LoRAConfig.builder().targetModules("fc").seed(7);
    }

    @Test
    void takesDefaultsForWhatIsNotThere() throws Exception {
        assertThat(readWith("")).isEqualTo(builder().build());
    }

    @Test
    void readsEveryField() throws Exception {
        LoRAConfig config = read("""
                {"peft_type": "LORA", "r": 4, "lora_alpha": 2.5, "use_rslora": true, "lora_dropout": 0.25,
                 "init_lora_weights": "gaussian", "bias": "lora_only", "lora_bias": true,
                 "target_modules": ["fc", "layers.1.up"], "exclude_modules": ".*\\\\.2\\\\..*",
                 "layers_to_transform": [1, 3], "layers_pattern": ["layers"],
                 "rank_pattern": {"up": 2, "fc": 3}, "alpha_pattern": {"up": 1, "fc": 0.5},
                 "modules_to_save": ["head"], "fan_in_fan_out": true}""");
        assertThat(config)
                .isEqualTo(builder()
                        .rank(4)
                        .alpha(2.5)
                        .rankStabilized(true)
                        .dropout(0.25)
                        .init(LoRAInit.gaussianByRank())
                        .bias(BiasTraining.LORA_ONLY)
                        .loraBias(true)
                        .targetModules("fc", "layers.1.up")
                        .excludeModules(TargetModules.regex(".*\\.2\\..*"))
                        .layersToTransform(List.of(1, 3))
                        .layersPattern(List.of("layers"))
                        .rankPattern(Map.of("up", 2, "fc", 3))
                        .alphaPattern(Map.of("up", 1.0, "fc", 0.5))
                        .modulesToSave("head")
                        .fanInFanOut(true)
                        .build());
        assertThat(config.rankPattern().keySet()).containsExactly("up", "fc");
        assertThat(read(written(config))).isEqualTo(config);
    }

    @Test
    void readsTheShortForms() throws Exception {
        LoRAConfig config = read("""
                {"peft_type": "LORA", "target_modules": "All-Linear", "exclude_modules": [], "use_dora": true,
                 "layers_to_transform": 2, "layers_pattern": "h", "rank_pattern": null, "alpha_pattern": null}""");
        assertThat(config)
                .isEqualTo(builder()
                        .targetModules(TargetModules.allLinear())
                        .dora(true)
                        .layersToTransform(List.of(2))
                        .layersPattern(List.of("h"))
                        .build());
    }

    @ParameterizedTest
    @CsvSource({
        "true, KAIMING_UNIFORM, true",
        "false, RANDOM, false",
        "'\"gaussian\"', GAUSSIAN_BY_RANK, '\"gaussian\"'",
        "'\"orthogonal\"', ORTHOGONAL, '\"orthogonal\"'",
        "'\"eva\"', KAIMING_UNIFORM, true"
    })
    void readsAndWritesInitializations(String json, LoRAInit.Method method, String again) throws Exception {
        LoRAConfig config = readWith("\"init_lora_weights\": " + json);
        assertThat(config.init().method()).isEqualTo(method);
        assertThat(written(config)).contains("\"init_lora_weights\": " + again + ",");
    }

    @Test
    void writesInitializationsOfConvertedAdaptersAsOrdinaryOnes() {
        assertThat(written(builder().init(LoRAInit.pissa()).build())).contains("\"init_lora_weights\": true,");
        assertThat(written(builder().init(LoRAInit.olora()).build())).contains("\"init_lora_weights\": true,");
        assertThat(written(builder().init(LoRAInit.gaussian(0.02)).build()))
                .contains("\"init_lora_weights\": \"gaussian\",");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pissa", "pissa_niter_16", "olora", "loftq", "corda", "lora_ga", "PiSSA"})
    void refusesInitializationsThatChangedTheBase(String init) {
        assertThatThrownBy(() -> readWith("\"init_lora_weights\": \"" + init + "\""))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("init_lora_weights must leave the base as it is, found")
                .hasMessageContaining("path_initial_model_for_weight_conversion");
    }

    @Test
    void listsAllValuesOfAnotherType() {
        assertThatThrownBy(() -> read("""
                        {"peft_type": 1, "r": "four", "lora_alpha": true, "lora_dropout": "0.1", "use_rslora": 1,
                         "init_lora_weights": 3, "bias": "some", "target_modules": [1]}"""))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageStartingWith("adapter_config.json: ")
                .hasMessageContaining("peft_type must be a string, found '1'")
                .hasMessageContaining("r must be an integer of 32 bits, found '\"four\"'")
                .hasMessageContaining("lora_alpha must be a number, found 'true'")
                .hasMessageContaining("lora_dropout must be a number, found '\"0.1\"'")
                .hasMessageContaining("use_rslora must be true or false, found '1'")
                .hasMessageContaining("init_lora_weights must be true, false or a string, found '3'")
                .hasMessageContaining("bias must be \"none\", \"lora_only\" or \"all\", found 'some'")
                .hasMessageContaining("target_modules must be a string or a list of strings, found '[1]'");
        assertThatThrownBy(() -> readWith("""
                        "exclude_modules": {}, "modules_to_save": "head", "layers_to_transform": ["1"], "layers_pattern": 2,
                        "rank_pattern": {"a": 1.5}, "alpha_pattern": [], "fan_in_fan_out": "no", "use_dora": 0"""))
                .hasMessageContaining("exclude_modules must be a string or a list of strings, found '{}'")
                .hasMessageContaining("modules_to_save must be a list of strings, found '\"head\"'")
                .hasMessageContaining("layers_to_transform must be an integer or a list of integers")
                .hasMessageContaining("layers_pattern must be a string or a list of strings, found '2'")
                .hasMessageContaining("rank_pattern must be an object of integers, found '{\"a\":1.5}'")
                .hasMessageContaining("alpha_pattern must be an object of numbers, found '[]'")
                .hasMessageContaining("fan_in_fan_out must be true or false")
                .hasMessageContaining("use_dora must be true or false");
    }

    @Test
    void listsTheFirstTenProblemsAndTheNumberOfTheOthers() {
        assertThatThrownBy(() -> readWith("""
                        "r": "4", "lora_alpha": "8", "lora_dropout": "0", "use_rslora": 1, "use_dora": 1, "lora_bias": 1,
                        "init_lora_weights": 3, "bias": "some", "exclude_modules": 1, "modules_to_save": "head",
                        "layers_to_transform": ["1"], "rank_pattern": 1, "fan_in_fan_out": 1""")).hasMessageEndingWith("; and 3 more problems");
    }

    @Test
    void readsNullAsTheDefault() throws Exception {
        assertThat(readWith("""
                        "r": null, "lora_alpha": null, "lora_dropout": null, "use_rslora": null, "use_dora": null,
                        "lora_bias": null, "init_lora_weights": null, "bias": null, "exclude_modules": null,
                        "modules_to_save": null, "layers_to_transform": null, "layers_pattern": null, "rank_pattern": null,
                        "alpha_pattern": null, "fan_in_fan_out": null, "megatron_config": null""")).isEqualTo(builder().build());
    }

    @Test
    void readsNumbersAndNamesAsTheyAreInTheWild() throws Exception {
        assertThat(readWith("\"r\": 4.0").rank()).isEqualTo(4);
        assertThat(readWith("\"lora_alpha\": 0").alpha()).isZero();
        assertThat(readWith("\"lora_alpha\": -2.5").alpha()).isEqualTo(-2.5);
        assertThat(readWith("\"layers_pattern\": \"\"").layersPattern()).isEmpty();
        assertThat(readWith("\"init_lora_weights\": \"mica\"").init()).isEqualTo(LoRAInit.mica());
    }

    @Test
    void ignoresFeaturesThatDoNotChangeATrainedAdapter() throws Exception {
        assertThat(readWith("""
                        "corda_config": {"corda_method": "kpm"}, "lora_ga_config": {"direction": "ArB2r"},
                        "loftq_config": {"bits": 4}, "velora_config": {"a": 1}, "ensure_weight_tying": true""").toBuilder()
                        .hubFields(LoRAConfig.HubFields.none())
                        .build())
                .isEqualTo(builder().build());
    }

    @ParameterizedTest
    @CsvSource({
        "'\"r\": 0', rank must be at least 1",
        "'\"r\": 3000000000', r must be an integer of 32 bits",
        "'\"r\": 4.5', r must be an integer of 32 bits",
        "'\"lora_alpha\": 1e999', alpha must be finite and less than 1e15",
        "'\"lora_dropout\": 1', dropout must be in",
        "'\"rank_pattern\": {\"(\": 2}', must be a regular expression",
        "'\"exclude_modules\": \"[\"', must be a regular expression",
        "'\"use_dora\": true, \"lora_bias\": true', dora cannot be combined",
        "'\"r\": 3, \"init_lora_weights\": \"orthogonal\"', even rank",
        "'\"init_lora_weights\": \"magic\"', 'init_lora_weights must be true, false'"
    })
    void refusesValuesOutOfBounds(String fields, String message) {
        assertThatThrownBy(() -> readWith(fields))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining(message);
    }

    @Test
    void refusesOtherKindsOfAdapters() {
        assertThatThrownBy(() -> read("{\"peft_type\": \"ADALORA\"}"))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("peft_type must be \"LORA\", found 'ADALORA'")
                .hasMessageContaining("target_modules must be a list, a regular expression or \"all-linear\"");
        assertThatThrownBy(() -> read("{\"target_modules\": [\"fc\"]}")).hasMessageContaining("peft_type must be");
    }

    @Test
    void listsAllFeaturesThatAreOnAndNotSupported() {
        assertThatThrownBy(() -> readWith("""
                        "layer_replication": [[0, 4]], "target_parameters": ["w"], "use_bdlora": {},
                        "use_qalora": true, "alora_invocation_tokens": [5],
                        "megatron_config": {"a": 1}, "kasa_config": {"a": 1}, "arrow_config": null,
                        "r": "x\""""))
                .hasMessageContaining("features that are not supported must be off, found"
                        + " 'alora_invocation_tokens', 'kasa_config', 'layer_replication',"
                        + " 'megatron_config', 'target_parameters', 'use_qalora'")
                .hasMessageContaining("r must be an integer");
    }

    @Test
    void onlyWarnsOfUnknownKeys() throws Exception {
        try (Logged logged = Logged.by(PeftConfigReader.class)) {
            LoRAConfig read =
                    readWith("\"use_hyperlora\": true, \"runtime_config\": {}, \"shiny\\n\": 1, \"new\": false");
            assertThat(read.toBuilder().hubFields(LoRAConfig.HubFields.none()).build())
                    .isEqualTo(builder().build());
            assertThat(read.hubFields().others())
                    .isEqualTo(Map.of("use_hyperlora", "true", "shiny\n", "1", "new", "false"));
            assertThat(logged.messages())
                    .containsExactly(
                            "WARN adapter_config.json: unknown keys are kept, but have no effect on what is computed"
                                    + " here: 'use_hyperlora', 'shiny\uFFFD'");
        }
    }

    @Test
    void refusesHostileJson() {
        String deep = "[".repeat(100_000);
        String groups = "(".repeat(200_000) + ")".repeat(200_000);
        Map<String, String> files = new LinkedHashMap<>();
        files.put("", "must be a JSON object");
        files.put("[]", "must be a JSON object, found '[]'");
        files.put("{} {}", "must be valid JSON");
        files.put("{\"r\": NaN}", "must be valid JSON");
        files.put("{\"r\": 1, \"r\": 2}", "must be valid JSON, found 'Duplicate field");
        files.put("{\"x\": {\"a\": 1, \"a\": 2}}", "must be valid JSON, found 'Duplicate field");
        files.put("{\"x\": " + deep, "must be valid JSON");
        files.put("{\"r\": " + "9".repeat(100_000) + "}", "must be valid JSON");
        files.put(
                "{\"peft_type\": \"LORA\", \"target_modules\": \"" + groups + "\"}",
                "target modules must be a regular expression");
        files.forEach((json, message) -> assertThatThrownBy(() -> read(json))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining(message)
                .hasMessageMatching("(?s).{1,1000}"));
        assertThatThrownBy(() -> PeftConfigReader.read(FILE, new byte[] {'{', (byte) 0xFF, '}'}, 0, false))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("must be valid UTF-8");
    }

    @Test
    void aMessageHoldsNothingOfAFileThatIsNotJson() {
        for (String secret : List.of("secret:x:0", "{secret", "{\"a\": secret}", "{\"a\": 1}\nsecret")) {
            assertThatThrownBy(() -> read(secret))
                    .hasMessageContaining("must be valid JSON, found an error in line")
                    .hasMessageNotContaining("secret")
                    .hasNoCause();
        }
    }

    @Test
    void writesTextAsPythonDoes() {
        assertThat(written(builder()
                        .targetModules("schl\u00fcssel", "b\"")
                        .alpha(20)
                        .dropout(0.05)
                        .rankPattern(new LinkedHashMap<>(Map.of("fc", 2)))
                        .alphaPattern(Map.of("fc", 1.5))
                        .build()))
                .startsWith("{\n  \"alpha_pattern\": {\n    \"fc\": 1.5\n  },\n  \"base_model_name_or_path\": null,\n")
                .contains("\n  \"lora_alpha\": 20,\n")
                .contains("\n  \"lora_dropout\": 0.05,\n")
                .contains("\n  \"target_modules\": [\n    \"schl\\u00FCssel\",\n    \"b\\\"\"\n  ],\n")
                .endsWith("\n  \"task_type\": null\n}");
    }

    @Test
    void keepsTheOrderOfPatternsSinceTheFirstThatMatchesCounts() throws Exception {
        Map<String, Integer> patterns = new LinkedHashMap<>();
        patterns.put("layers.1.fc", 2);
        patterns.put(".*fc", 3);
        LoRAConfig config = builder().rankPattern(patterns).build();
        assertThat(read(written(config)).rankOf("layers.1.fc")).isEqualTo(2);
    }

    @Test
    void writesTheLayersForTargetsThatPeftReadsOtherwise() throws Exception {
        LoRAConfig all = builder().targetModules(TargetModules.allLinear()).build();
        assertThat(read(written(all, "a.fc", "head")).targetModules()).isEqualTo(TargetModules.of("a.fc", "head"));
        LoRAConfig some = builder()
                .targetModules(TargetModules.regex(".*fc.*"))
                .layersToTransform(List.of(1))
                .build();
        LoRAConfig again = read(written(some, "l.1.fc-1", "l.1.fc_2"));
        assertThat(again.layersToTransform()).isEmpty();
        assertThat(again.targetModules()).isEqualTo(TargetModules.regex("l\\.1\\.fc\\-1|l\\.1\\.fc_2"));
        assertThat(again.targetModules().matches("l.1.fc-1")).isTrue();
        assertThat(again.targetModules().matches("l.2.fc_2")).isFalse();
    }
}
