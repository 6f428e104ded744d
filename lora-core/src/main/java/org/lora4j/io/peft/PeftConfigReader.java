package org.lora4j.io.peft;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.ModuleSelection;
import org.lora4j.adapter.TargetModules;
import org.lora4j.adapter.TrainableTokens;
import org.lora4j.internal.MessageText;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads {@code adapter_config.json}. A key that is absent has PEFT's default. */
final class PeftConfigReader {
    /** Features that are not supported. Each is off if it is absent, null, false or empty. */
    static final List<String> UNSUPPORTED = List.of(
            "alora_invocation_tokens",
            "arrow_config",
            "kasa_config",
            "layer_replication",
            "megatron_config",
            "monteclora_config",
            "target_parameters",
            "use_bdlora",
            "use_qalora");

    /** The settings that this class reads. */
    static final Set<String> SETTINGS = Set.of(
            "alpha_pattern",
            "base_model_name_or_path",
            "bias",
            "exclude_modules",
            "fan_in_fan_out",
            "init_lora_weights",
            "layers_pattern",
            "layers_to_transform",
            "lora_alpha",
            "lora_bias",
            "lora_dropout",
            "modules_to_save",
            "peft_type",
            "r",
            "rank_pattern",
            "revision",
            "target_modules",
            "task_type",
            "trainable_token_indices",
            "use_dora",
            "use_rslora");

    /** Keys that say nothing about a stored adapter: PEFT writes them anew, or does not write them. */
    private static final List<String> OF_NO_USE = List.of("inference_mode", "peft_version", "runtime_config");

    /** Keys that do not change what a trained adapter computes. They are kept if they are on. */
    private static final List<String> IRRELEVANT = List.of(
            "auto_mapping",
            "corda_config",
            "ensure_weight_tying",
            "eva_config",
            "loftq_config",
            "lora_ga_config",
            "megatron_core",
            "qalora_group_size",
            "velora_config");

    /** Those whose default is a value that looks as if they were on. */
    private static final Map<String, String> DEFAULTS =
            Map.of("megatron_core", "\"megatron.core\"", "qalora_group_size", "16");

    private static final Logger log = LoggerFactory.getLogger(PeftConfigReader.class);

    // The names are untrusted: they are neither interned nor hashed into a table that all parsers share.
    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(50)
                            .maxNameLength(Integer.MAX_VALUE)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final List<String> problems = new ArrayList<>();
    private final List<String> unknown = new ArrayList<>();
    private final ConfigFields fields;
    private final boolean hasBase;

    private PeftConfigReader(JsonNode object, boolean hasBase) {
        fields = new ConfigFields(object, problems);
        this.hasBase = hasBase;
    }

    /**
     * Reads a configuration.
     *
     * @param file the name of the file for messages
     * @param bytes its content
     * @param seed the seed, which is not in the file
     * @param hasBase whether the base is at hand, so that what PiSSA and OLoRA subtract from it can be computed
     * @return the configuration
     * @throws PeftFormatException if it is not a JSON object, values are of another type or out of bounds, or features
     *     that are not supported are on; the message lists everything
     */
    static LoRAConfig read(String file, byte[] bytes, long seed, boolean hasBase) throws PeftFormatException {
        PeftConfigReader reader = new PeftConfigReader(parse(file, bytes), hasBase);
        LoRAConfig config = reader.config(seed);
        if (config == null || !reader.problems.isEmpty()) {
            throw new PeftFormatException(file, reader.problems);
        }
        reader.warn(file, config);
        return config;
    }

    private void warn(String file, LoRAConfig config) {
        if (!unknown.isEmpty()) {
            log.warn(
                    "{}: unknown keys are kept, but have no effect on what is computed here: {}",
                    file,
                    MessageText.list(unknown));
        }
        if (!ModuleSelection.canSelect(config)) {
            log.warn(
                    "{}: the expression for the modules is kept as a text, because it is not supported; the tensors say which"
                            + " layers are adapted: {}",
                    file,
                    MessageText.quote(config.targetModules().toString()));
        }
    }

    private static JsonNode parse(String file, byte[] bytes) throws PeftFormatException {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            JsonNode json = JSON.readTree(text);
            if (!json.isObject()) {
                throw new PeftFormatException(
                        file, List.of("must be a JSON object, found " + MessageText.quote(json.toString())));
            }
            return json;
        } catch (CharacterCodingException e) {
            throw new PeftFormatException(file, "must be valid UTF-8, found other bytes", e);
        } catch (JacksonException e) {
            throw new PeftFormatException(file, List.of("must be valid JSON, found " + found(bytes, e)));
        }
    }

    private static String found(byte[] bytes, JacksonException e) {
        return new String(bytes, StandardCharsets.ISO_8859_1).startsWith("version https://git-lfs")
                ? "a Git LFS pointer; fetch the file itself with 'git lfs pull'"
                : syntaxError(e);
    }

    /** Says where the error is. The file may be another one than the caller thinks, so its text is not for messages. */
    private static String syntaxError(JacksonException e) {
        String message = e.getOriginalMessage();
        if (message != null && message.startsWith("Duplicate field")) {
            return MessageText.describe(message);
        }
        JsonLocation location = e.getLocation();
        return location == null
                ? "an error"
                : "an error in line " + location.getLineNr() + ", column " + location.getColumnNr();
    }

    private @Nullable LoRAConfig config(long seed) {
        requireLora();
        Optional<TargetModules> targets = modules("target_modules");
        if (targets.isEmpty() && problems.stream().noneMatch(problem -> problem.startsWith("target_modules"))) {
            problems.add("target_modules must be a list, a regular expression or \"all-linear\", found none");
        }
        LoRAInit init = init();
        BiasTraining bias = bias();
        int rank = fields.integer("r", 8);
        double alpha = fields.number("lora_alpha", 8);
        boolean rankStabilized = fields.truth("use_rslora", false);
        boolean dora = fields.truth("use_dora", false);
        double dropout = fields.number("lora_dropout", 0);
        boolean loraBias = fields.truth("lora_bias", false);
        TargetModules excluded = modules("exclude_modules").orElse(null);
        List<Integer> layers = fields.integerOrIntegers("layers_to_transform");
        List<String> layersPattern = fields.textOrTexts("layers_pattern").stream()
                .filter(name -> !name.isEmpty())
                .toList();
        Map<String, Integer> ranks = fields.integers("rank_pattern");
        Map<String, Double> alphas = fields.numbers("alpha_pattern");
        List<String> saved = fields.texts("modules_to_save");
        boolean fanInFanOut = fields.truth("fan_in_fan_out", false);
        TrainableTokens tokens = tokens();
        requireSupported();
        LoRAConfig.HubFields hubFields = hubFields();
        if (!problems.isEmpty()) {
            return null;
        }
        try {
            return LoRAConfig.builder()
                    .rank(rank)
                    .alpha(alpha)
                    .rankStabilized(rankStabilized)
                    .dora(dora)
                    .dropout(dropout)
                    .init(init)
                    .seed(seed)
                    .bias(bias)
                    .loraBias(loraBias)
                    .targetModules(targets.orElseThrow())
                    .excludeModules(excluded)
                    .layersToTransform(layers)
                    .layersPattern(layersPattern)
                    .rankPattern(ranks)
                    .alphaPattern(alphas)
                    .modulesToSave(saved)
                    .trainableTokens(tokens)
                    .fanInFanOut(fanInFanOut)
                    .hubFields(hubFields)
                    .build();
        } catch (IllegalArgumentException e) {
            problems.add(MessageText.describe(e.getMessage()));
        }
        return null;
    }

    private void requireLora() {
        String type = fields.text("peft_type", "");
        if (!type.equals("LORA")) {
            problems.add("peft_type must be \"LORA\", found " + MessageText.quote(type));
        }
    }

    private Optional<TargetModules> modules(String key) {
        Optional<JsonNode> node = fields.optional(key);
        // An empty list of excludes excludes nothing.
        if (node.isEmpty()
                || (key.equals("exclude_modules")
                        && node.get().isArray()
                        && node.get().isEmpty())) {
            return Optional.empty();
        }
        try {
            if (node.get().isTextual()) {
                String text = node.get().textValue();
                boolean all = key.equals("target_modules") && text.equalsIgnoreCase("all-linear");
                return Optional.of(all ? TargetModules.allLinear() : TargetModules.storedRegex(text));
            }
            if (ConfigFields.isTexts(node.get())) {
                return Optional.of(new TargetModules.Paths(ConfigFields.toTexts(node.get())));
            }
            fields.refuse(key, "a string or a list of strings", node.get());
        } catch (IllegalArgumentException e) {
            problems.add(key + ": " + MessageText.describe(e.getMessage()));
        }
        return Optional.empty();
    }

    private BiasTraining bias() {
        String text = fields.text("bias", "none");
        for (BiasTraining bias : BiasTraining.values()) {
            if (bias.name().toLowerCase(Locale.ROOT).equals(text)) {
                return bias;
            }
        }
        problems.add("bias must be \"none\", \"lora_only\" or \"all\", found " + MessageText.quote(text));
        return BiasTraining.NONE;
    }

    private LoRAInit init() {
        Optional<JsonNode> node = fields.optional("init_lora_weights");
        if (node.isEmpty()) {
            return LoRAInit.kaimingUniform();
        }
        if (node.get().isBoolean()) {
            return node.get().booleanValue() ? LoRAInit.kaimingUniform() : LoRAInit.random();
        }
        if (!node.get().isTextual()) {
            fields.refuse("init_lora_weights", "true, false or a string", node.get());
            return LoRAInit.kaimingUniform();
        }
        String name = node.get().textValue().toLowerCase(Locale.ROOT);
        return switch (name) {
            case "gaussian" -> LoRAInit.gaussianByRank();
            case "orthogonal" -> LoRAInit.orthogonal();
            // It only chooses the initial A.
            case "eva" -> LoRAInit.kaimingUniform();
            case "mica" -> LoRAInit.mica();
            case "pissa" -> hasBase ? LoRAInit.pissa() : refuseInit(name);
            case "olora" -> hasBase ? LoRAInit.olora() : refuseInit(name);
            default -> refuseInit(name);
        };
    }

    private LoRAInit refuseInit(String name) {
        problems.add(refusalOfInit(name));
        return LoRAInit.kaimingUniform();
    }

    /** Such an adapter is for a base from which its initial update was subtracted; on the original base it is wrong. */
    private static String refusalOfInit(String name) {
        boolean changesBase = name.startsWith("pissa")
                || List.of("olora", "loftq", "corda", "lora_ga").contains(name);
        boolean canBeRepeated = List.of("pissa", "olora").contains(name);
        return changesBase
                ? "init_lora_weights must leave the base as it is, found " + MessageText.quote(name)
                        + ", which changes it; convert the adapter where it was made, with"
                        + " save_pretrained(..., path_initial_model_for_weight_conversion=...)"
                        + (canBeRepeated
                                ? ", or load it with its base"
                                : ", because what was subtracted depends on random numbers or data that the files do not have")
                : "init_lora_weights must be true, false, \"gaussian\", \"orthogonal\", \"eva\" or \"mica\", found "
                        + MessageText.quote(name);
    }

    private TrainableTokens tokens() {
        Map<String, List<Integer>> ofModules = new LinkedHashMap<>();
        List<Integer> ofInput = new ArrayList<>();
        fields.optional("trainable_token_indices").ifPresent(node -> {
            if (ConfigFields.isIntegers(node)) {
                ofInput.addAll(ConfigFields.toIntegers(node));
            } else if (ConfigFields.isObjectOf(node, ConfigFields::isIntegers)) {
                node.properties()
                        .forEach(field -> ofModules.put(field.getKey(), ConfigFields.toIntegers(field.getValue())));
            } else {
                fields.refuse("trainable_token_indices", "a list of integers, or an object of such lists", node);
            }
        });
        try {
            return new TrainableTokens(ofInput, ofModules);
        } catch (IllegalArgumentException e) {
            problems.add(MessageText.describe(e.getMessage()));
            return TrainableTokens.none();
        }
    }

    /** What is kept for PEFT. All keys that have a meaning here were read before. */
    private LoRAConfig.HubFields hubFields() {
        Map<String, String> others = new LinkedHashMap<>();
        for (String key : IRRELEVANT) {
            fields.optional(key)
                    .filter(PeftConfigReader::isOn)
                    .filter(node -> !node.toString().equals(DEFAULTS.get(key)) && isFinite(node))
                    .ifPresent(node -> others.put(key, node.toString()));
        }
        OF_NO_USE.forEach(fields::optional);
        String task = fields.textOrNull("task_type");
        String base = fields.textOrNull("base_model_name_or_path");
        String revision = fields.textOrNull("revision");
        fields.rest().forEach((key, node) -> {
            if (isOn(node)) {
                unknown.add(key);
            }
            if (isFinite(node)) {
                others.put(key, node.toString());
            }
        });
        return new LoRAConfig.HubFields(task, base, revision, others);
    }

    /** A number beyond the range of double cannot be written again. */
    private static boolean isFinite(JsonNode node) {
        boolean finite = !node.isFloatingPointNumber() || Double.isFinite(node.doubleValue());
        for (JsonNode child : node) {
            finite &= isFinite(child);
        }
        return finite;
    }

    private void requireSupported() {
        List<String> on = new ArrayList<>();
        for (String key : UNSUPPORTED) {
            if (fields.optional(key).filter(PeftConfigReader::isOn).isPresent()) {
                on.add(key);
            }
        }
        if (!on.isEmpty()) {
            problems.add("features that are not supported must be off, found " + MessageText.list(on));
        }
    }

    private static boolean isOn(JsonNode node) {
        return node.isContainerNode() ? !node.isEmpty() : !node.isNull() && (!node.isBoolean() || node.booleanValue());
    }
}
