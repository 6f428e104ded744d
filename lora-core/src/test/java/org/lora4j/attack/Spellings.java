package org.lora4j.attack;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.adapter.BaseModel;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Rewrites an adapter as other programs would have written it: prefixes of wrapped models, names of adapters in keys, copies
 * of the base, state of a training, null values, unknown keys, expressions with lookarounds. It means the same afterwards.
 */
final class Spellings {
    private static final String PREFIX = "base_model.model.";
    private static final Pattern FACTOR = Pattern.compile("(.*\\.lora_(?:A|B))(\\.(?:weight|bias))");
    private static final List<String> WITH_DEFAULTS = List.of(
            "exclude_modules",
            "layers_pattern",
            "layers_to_transform",
            "megatron_config",
            "layer_replication",
            "target_parameters",
            "trainable_token_indices",
            "kasa_config");

    private final SplittableRandom random;
    private final BaseModel base;
    private final ObjectNode config;
    private final Map<String, INDArray> tensors;

    private Spellings(SplittableRandom random, BaseModel base, ObjectNode config, Map<String, INDArray> tensors) {
        this.random = random;
        this.base = base;
        this.config = config;
        this.tensors = tensors;
    }

    /** Rewrites an adapter of a base in one or more ways. */
    static PeftFiles rewrite(PeftFiles files, BaseModel base, SplittableRandom random) throws IOException {
        ObjectNode config = (ObjectNode) new ObjectMapper().readTree(files.config());
        Spellings spellings = new Spellings(
                random,
                base,
                config,
                new LinkedHashMap<>(SafeTensors.read(files.tensors()).tensors()));
        int changes = 1 + random.nextInt(5);
        for (int i = 0; i < changes; i++) {
            spellings.change();
        }
        SafeTensorsBuilder tensors = SafeTensors.builder().metadata("format", "pt");
        spellings.tensors.forEach(tensors::tensor);
        return PeftFiles.read(
                config.toString().getBytes(StandardCharsets.UTF_8),
                tensors.build().toBytes(),
                ReadOptions.of(FingerprintCheck.IGNORE));
    }

    private void change() throws JsonProcessingException {
        switch (random.nextInt(11)) {
            case 0 -> rename(name -> name.replaceFirst("\\A" + PREFIX, any(PREFIX + "_orig_mod.", "module." + PREFIX)));
            case 1 -> rename(name -> name.replace(".lora_", "._fsdp_wrapped_module.lora_"));
            case 2 ->
                rename(name -> {
                    Matcher factor = FACTOR.matcher(name);
                    return factor.matches() ? factor.group(1) + ".default" + factor.group(2) : name;
                });
            case 3 -> addCopiesOfTheBase();
            case 4 -> addTrainingState();
            case 5 -> config.putNull(any(WITH_DEFAULTS.toArray(String[]::new)));
            case 6 ->
                config.set(
                        any("new_key", "zz_config", "use_other"),
                        new ObjectMapper().readTree(any("null", "false", "{}", "0.5", "[1]", "\"x\"")));
            case 7 -> hideTargets();
            case 8 -> config.put("r", config.path("r").doubleValue());
            case 9 -> tensors.replaceAll((name, tensor) -> tensor.castTo(DataType.DOUBLE));
            default -> nameUnknownModules();
        }
    }

    private String any(String... texts) {
        return texts[random.nextInt(texts.length)];
    }

    private void rename(UnaryOperator<String> name) {
        Map<String, INDArray> renamed = new LinkedHashMap<>();
        tensors.forEach((old, tensor) -> renamed.put(name.apply(old), tensor));
        tensors.clear();
        tensors.putAll(renamed);
    }

    private boolean isAdapted(String path) {
        return tensors.keySet().stream().anyMatch(name -> name.contains(path + ".") && name.contains("lora_A"));
    }

    private void addCopiesOfTheBase() {
        base.baseLayers().stream()
                .filter(layer -> isAdapted(layer.path())
                        && tensors.keySet().stream()
                                .noneMatch(name -> name.endsWith(layer.path() + ".base_layer.weight")))
                .forEach(layer -> tensors.put(
                        PREFIX + layer.path() + ".base_layer.weight",
                        layer.weight().dup('c')));
    }

    private void addTrainingState() {
        base.paths().stream()
                .filter(this::isAdapted)
                .forEach(path -> tensors.put(
                        PREFIX + path + any(".lora_velora_embed", ".lora_velora_embed.default"), Nd4j.ones(2, 2)));
    }

    /** Names the same layers by an expression that is not supported. */
    private void hideTargets() {
        JsonNode targets = config.path("target_modules");
        if (targets.isArray() && !config.has("layers_to_transform")) {
            StringBuilder names = new StringBuilder();
            targets.forEach(name -> names.append(names.length() == 0 ? "" : "|")
                    .append(name.textValue().replace(".", "\\.")));
            config.put(
                    "target_modules", any("(?<!visual\\.)(.*\\.)?(" + names + ")", "^((?!visual).)*(" + names + ")$"));
        }
    }

    private void nameUnknownModules() {
        if (config.path("target_modules").isArray()) {
            config.withArray("target_modules").add(any("q_proj", "gate_proj"));
        }
        if (config.path("modules_to_save").isArray()) {
            config.withArray("modules_to_save").add("score");
        }
    }
}
