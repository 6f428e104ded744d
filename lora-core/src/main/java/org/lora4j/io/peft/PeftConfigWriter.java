package org.lora4j.io.peft;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.TargetModules;
import org.lora4j.adapter.TrainableTokens;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;

/**
 * Writes {@code adapter_config.json} in the layout of PEFT. Keys that came after PEFT 0.3 are left out at their defaults,
 * because PEFT before 0.14 fails on keys that it does not know.
 */
final class PeftConfigWriter {
    /** As Python's {@code json.dumps(..., indent=2)}. */
    private static final ObjectWriter JSON = JsonMapper.builder()
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .build()
            .writer(new DefaultPrettyPrinter(Separators.createDefaultInstance()
                            .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                            .withObjectEmptySeparator("")
                            .withArrayEmptySeparator(""))
                    .withObjectIndenter(new DefaultIndenter("  ", "\n"))
                    .withArrayIndenter(new DefaultIndenter("  ", "\n")));

    private PeftConfigWriter() {}

    /**
     * Writes a configuration.
     *
     * @param config the configuration
     * @param adapted the paths of the layers that the adapter has factors for
     * @return the content of the file
     */
    static byte[] toBytes(LoRAConfig config, Collection<String> adapted) {
        try {
            return JSON.writeValueAsString(fields(config, adapted)).getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new AssertionError("maps, lists and texts can be written", e);
        }
    }

    private static Map<String, @Nullable Object> fields(LoRAConfig config, Collection<String> adapted) {
        Map<String, @Nullable Object> fields = new TreeMap<>();
        // Every version of PEFT since 0.3 knows these.
        fields.put("base_model_name_or_path", config.hubFields().baseModel());
        fields.put("bias", config.bias().name().toLowerCase(Locale.ROOT));
        fields.put("fan_in_fan_out", config.fanInFanOut());
        fields.put("inference_mode", true);
        fields.put("init_lora_weights", init(config.init()));
        fields.put("lora_alpha", number(config.alpha()));
        fields.put("lora_dropout", config.dropout());
        fields.put("modules_to_save", nullIfEmpty(config.modulesToSave()));
        fields.put("peft_type", "LORA");
        fields.put("r", config.rank());
        fields.put("target_modules", modules(config.targetModules()));
        fields.put("task_type", config.hubFields().taskType());

        putUnless(config.excludeModules() == null, fields, "exclude_modules", modules(config.excludeModules()));
        putUnless(config.layersToTransform().isEmpty(), fields, "layers_to_transform", config.layersToTransform());
        putUnless(config.layersPattern().isEmpty(), fields, "layers_pattern", config.layersPattern());
        // In the given order, unlike PEFT, which sorts: the first match counts.
        putUnless(config.rankPattern().isEmpty(), fields, "rank_pattern", config.rankPattern());
        putUnless(config.alphaPattern().isEmpty(), fields, "alpha_pattern", alphas(config.alphaPattern()));
        putUnless(!config.rankStabilized(), fields, "use_rslora", true);
        putUnless(!config.dora(), fields, "use_dora", true);
        putUnless(!config.loraBias(), fields, "lora_bias", true);
        putUnless(
                config.trainableTokens().isEmpty(),
                fields,
                "trainable_token_indices",
                tokens(config.trainableTokens()));
        putUnless(
                config.hubFields().revision() == null,
                fields,
                "revision",
                config.hubFields().revision());
        putResolvedTargets(fields, config, adapted);
        putOthers(fields, config.hubFields());
        return fields;
    }

    private static Object tokens(TrainableTokens tokens) {
        return tokens.ofInput().isEmpty() ? tokens.ofModules() : tokens.ofInput();
    }

    /** Writes the fields that have no meaning here as they were read. */
    private static void putOthers(Map<String, @Nullable Object> fields, LoRAConfig.HubFields hubFields) {
        hubFields.others().forEach((key, text) -> {
            if (PeftConfigReader.SETTINGS.contains(key)) {
                throw new IllegalArgumentException("hubFields: must hold no settings of the adapter, found "
                        + MessageText.quote(key) + "; use the setting");
            }
            try {
                fields.put(key, StrictJson.MAPPER.readTree(text));
            } catch (JsonProcessingException e) {
                throw new IllegalArgumentException(
                        "hubFields: the field " + MessageText.quote(key) + " must be JSON, found "
                                + MessageText.quote(text),
                        e);
            }
        });
    }

    private static void putUnless(
            boolean isDefault, Map<String, @Nullable Object> fields, String key, @Nullable Object value) {
        if (!isDefault) {
            fields.put(key, value);
        }
    }

    /**
     * Writes the paths of the adapted layers where PEFT would read the targets differently or refuse them: its
     * "all-linear" leaves out the last layer of some models, it refuses {@code layers_to_transform} beside a regular
     * expression, and versions before 0.20 take the last index of a path such as {@code layers.0.experts.1.fc}.
     */
    private static void putResolvedTargets(
            Map<String, @Nullable Object> fields, LoRAConfig config, Collection<String> adapted) {
        if (config.targetModules() instanceof TargetModules.AllLinear) {
            fields.put("target_modules", List.copyOf(adapted));
        } else if (!config.layersToTransform().isEmpty()
                && (config.targetModules() instanceof TargetModules.Regex
                        || adapted.stream().anyMatch(PeftConfigWriter::hasSeveralIndices))) {
            fields.put("target_modules", modules(TargetModules.exactly(adapted)));
            fields.remove("layers_to_transform");
            fields.remove("layers_pattern");
        }
    }

    private static boolean hasSeveralIndices(String path) {
        return Arrays.stream(path.split("\\."))
                        .filter(part -> part.matches("\\d+"))
                        .count()
                > 1;
    }

    private static @Nullable Object modules(@Nullable TargetModules modules) {
        if (modules instanceof TargetModules.Paths paths) {
            return paths.entries();
        }
        if (modules instanceof TargetModules.Regex regex) {
            return regex.expression();
        }
        // Every layer. As targets they are written as paths; as excluded modules by this expression.
        return modules == null ? null : ".*";
    }

    /** An adapter whose initialization was subtracted from the base is stored converted, so it is an ordinary one. */
    private static Object init(LoRAInit init) {
        return switch (init.method()) {
            case RANDOM -> false;
            case GAUSSIAN, GAUSSIAN_BY_RANK -> "gaussian";
            case ORTHOGONAL -> "orthogonal";
            case MICA -> "mica";
            case KAIMING_UNIFORM, PISSA, OLORA -> true;
        };
    }

    private static @Nullable Object nullIfEmpty(List<?> list) {
        return list.isEmpty() ? null : list;
    }

    private static Map<String, Number> alphas(Map<String, Double> patterns) {
        Map<String, Number> numbers = new LinkedHashMap<>();
        patterns.forEach((key, alpha) -> numbers.put(key, number(alpha)));
        return numbers;
    }

    /** PEFT declares α as an integer but computes with any number. */
    private static Number number(double alpha) {
        boolean isInteger = alpha == Math.rint(alpha) && Math.abs(alpha) <= 1L << 53;
        // No conditional expression: its type would be double in both cases.
        if (isInteger) {
            return (long) alpha;
        }
        return alpha;
    }
}
