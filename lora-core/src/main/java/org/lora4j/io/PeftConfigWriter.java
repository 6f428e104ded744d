package org.lora4j.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
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

/** Writes {@code adapter_config.json} with the fields and in the layout of PEFT 0.20. */
final class PeftConfigWriter {
    private static final String PEFT_VERSION = "0.20.0";

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
        PeftConfigReader.UNSUPPORTED.forEach(key -> fields.put(key, null));
        fields.put("ensure_weight_tying", false);
        fields.put("loftq_config", Map.of());
        fields.put("use_qalora", false);
        fields.put("auto_mapping", null);
        fields.put("base_model_name_or_path", null);
        fields.put("eva_config", null);
        fields.put("inference_mode", true);
        fields.put("megatron_core", "megatron.core");
        fields.put("peft_type", "LORA");
        fields.put("peft_version", PEFT_VERSION);
        fields.put("qalora_group_size", 16);
        fields.put("revision", null);
        fields.put("task_type", null);

        fields.put("alpha_pattern", alphas(config.alphaPattern()));
        fields.put("bias", config.bias().name().toLowerCase(Locale.ROOT));
        fields.put("exclude_modules", modules(config.excludeModules()));
        fields.put("fan_in_fan_out", config.fanInFanOut());
        fields.put("init_lora_weights", init(config.init()));
        fields.put("layers_pattern", nullIfEmpty(config.layersPattern()));
        fields.put("layers_to_transform", nullIfEmpty(config.layersToTransform()));
        fields.put("lora_alpha", number(config.alpha()));
        fields.put("lora_bias", config.loraBias());
        fields.put("lora_dropout", config.dropout());
        fields.put("modules_to_save", nullIfEmpty(config.modulesToSave()));
        fields.put("r", config.rank());
        // In the given order, unlike PEFT, which sorts: the first match counts.
        fields.put("rank_pattern", config.rankPattern());
        fields.put("target_modules", modules(config.targetModules()));
        fields.put("use_dora", config.dora());
        fields.put("use_rslora", config.rankStabilized());
        putResolvedTargets(fields, config, adapted);
        return fields;
    }

    /**
     * Writes the paths of the adapted layers where PEFT would read the targets differently or refuse them: its
     * "all-linear" leaves out the last layer of some models, and it refuses {@code layers_to_transform} beside a regular
     * expression.
     */
    private static void putResolvedTargets(
            Map<String, @Nullable Object> fields, LoRAConfig config, Collection<String> adapted) {
        if (config.targetModules() instanceof TargetModules.AllLinear) {
            fields.put("target_modules", List.copyOf(adapted));
        } else if (config.targetModules() instanceof TargetModules.Regex
                && !config.layersToTransform().isEmpty()) {
            fields.put("target_modules", modules(TargetModules.exactly(adapted)));
            fields.put("layers_to_transform", null);
            fields.put("layers_pattern", null);
        }
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
