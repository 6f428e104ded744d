package org.lora4j.spark.internal.param;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.TargetModules;
import org.lora4j.adapter.TrainableTokens;
import org.lora4j.internal.StrictJson;

/** A {@link LoRAConfig} as JSON, with every field, for executors and for the metadata of a saved estimator. */
public final class LoRAConfigJson {
    private LoRAConfigJson() {}

    public static String write(LoRAConfig config) {
        ObjectNode json = StrictJson.MAPPER.createObjectNode();
        json.put("rank", config.rank());
        json.put("alpha", config.alpha());
        json.put("rankStabilized", config.rankStabilized());
        json.put("dora", config.dora());
        json.put("dropout", config.dropout());
        json.put("init", config.init().method().name());
        if (config.init().method() == LoRAInit.Method.GAUSSIAN) {
            json.put("standardDeviation", config.init().standardDeviation());
        }
        if (config.init().iterations() > 0) {
            json.put("iterations", config.init().iterations());
        }
        json.put("seed", config.seed());
        json.put("bias", config.bias().name());
        json.put("loraBias", config.loraBias());
        json.set("targetModules", modules(config.targetModules()));
        if (config.excludeModules() != null) {
            json.set("excludeModules", modules(config.excludeModules()));
        }
        config.layersToTransform().forEach(json.putArray("layersToTransform")::add);
        config.layersPattern().forEach(json.putArray("layersPattern")::add);
        config.rankPattern().forEach(json.putObject("rankPattern")::put);
        config.alphaPattern().forEach(json.putObject("alphaPattern")::put);
        config.modulesToSave().forEach(json.putArray("modulesToSave")::add);
        json.put("fanInFanOut", config.fanInFanOut());
        TrainableTokens tokens = config.trainableTokens();
        json.set(
                "trainableTokens",
                StrictJson.MAPPER.valueToTree(tokens.ofModules().isEmpty() ? tokens.ofInput() : tokens.ofModules()));
        json.set("hubFields", StrictJson.MAPPER.valueToTree(config.hubFields()));
        return json.toString();
    }

    /** All linear layers as true, an expression as a text, and names as a list. */
    private static JsonNode modules(TargetModules modules) {
        if (modules instanceof TargetModules.Regex regex) {
            return StrictJson.MAPPER.getNodeFactory().textNode(regex.expression());
        }
        if (modules instanceof TargetModules.Paths paths) {
            ArrayNode names = StrictJson.MAPPER.createArrayNode();
            paths.entries().forEach(names::add);
            return names;
        }
        return StrictJson.MAPPER.getNodeFactory().booleanNode(true);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IllegalArgumentException if it is no configuration
     */
    public static LoRAConfig read(String text) {
        try {
            JsonNode json = StrictJson.MAPPER.readTree(text);
            return LoRAConfig.builder()
                    .rank(json.required("rank").intValue())
                    .alpha(json.required("alpha").doubleValue())
                    .rankStabilized(json.required("rankStabilized").booleanValue())
                    .dora(json.required("dora").booleanValue())
                    .dropout(json.required("dropout").doubleValue())
                    .init(init(json))
                    .seed(json.required("seed").longValue())
                    .bias(BiasTraining.valueOf(json.required("bias").textValue()))
                    .loraBias(json.required("loraBias").booleanValue())
                    .targetModules(modules(json.required("targetModules")))
                    .excludeModules(excluded(json.get("excludeModules")))
                    .layersToTransform(list(json.required("layersToTransform"), JsonNode::intValue))
                    .layersPattern(list(json.required("layersPattern"), JsonNode::textValue))
                    .rankPattern(map(json.required("rankPattern"), JsonNode::intValue))
                    .alphaPattern(map(json.required("alphaPattern"), JsonNode::doubleValue))
                    .modulesToSave(list(json.required("modulesToSave"), JsonNode::textValue))
                    .trainableTokens(tokens(json.required("trainableTokens")))
                    .fanInFanOut(json.required("fanInFanOut").booleanValue())
                    .hubFields(StrictJson.MAPPER.convertValue(json.required("hubFields"), LoRAConfig.HubFields.class))
                    .build();
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("loraConfig must be JSON, found: " + e.getOriginalMessage(), e);
        }
    }

    /** Tokens of the input embedding as a list, those of named modules by name. */
    private static TrainableTokens tokens(JsonNode json) {
        return json.isArray()
                ? new TrainableTokens(list(json, JsonNode::intValue), Map.of())
                : TrainableTokens.of(map(json, tokens -> list(tokens, JsonNode::intValue)));
    }

    private static LoRAInit init(JsonNode json) {
        return switch (LoRAInit.Method.valueOf(json.required("init").textValue())) {
            case KAIMING_UNIFORM -> LoRAInit.kaimingUniform();
            case GAUSSIAN ->
                LoRAInit.gaussian(json.required("standardDeviation").doubleValue());
            case GAUSSIAN_BY_RANK -> LoRAInit.gaussianByRank();
            case RANDOM -> LoRAInit.random();
            case PISSA ->
                json.has("iterations")
                        ? LoRAInit.pissa(json.required("iterations").intValue())
                        : LoRAInit.pissa();
            case OLORA -> LoRAInit.olora();
            case ORTHOGONAL -> LoRAInit.orthogonal();
            case MICA -> LoRAInit.mica();
        };
    }

    private static TargetModules modules(JsonNode json) {
        if (json.isTextual()) {
            return TargetModules.regex(json.textValue());
        }
        return json.isArray() ? new TargetModules.Paths(list(json, JsonNode::textValue)) : TargetModules.allLinear();
    }

    private static @Nullable TargetModules excluded(@Nullable JsonNode json) {
        return json == null ? null : modules(json);
    }

    private static <T> List<T> list(JsonNode json, Function<JsonNode, T> read) {
        List<T> values = new ArrayList<>();
        json.forEach(value -> values.add(read.apply(value)));
        return values;
    }

    private static <T> Map<String, T> map(JsonNode json, Function<JsonNode, T> read) {
        Map<String, T> values = new LinkedHashMap<>();
        json.properties().forEach(entry -> values.put(entry.getKey(), read.apply(entry.getValue())));
        return values;
    }
}
