package org.lora4j.cli.inspect;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.GgufSource;
import org.lora4j.io.ModelSource;
import org.lora4j.io.gguf.internal.GgufReader;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.chat.ChatTemplate;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.ModelTask;
import org.lora4j.text.tokens.TextRules;
import org.lora4j.text.tokens.Tokenizer;

/**
 * What is in the folder of a model, or in a GGUF file.
 *
 * @param kind {@code encoder}, or the type of a decoder, such as {@code llama}
 * @param folder the folder
 * @param family {@code model_type} of its {@code config.json}, such as {@code roberta} or {@code llama}
 * @param supported true
 * @param support what can be done with it
 * @param parameters the numbers of the model
 * @param bytes the size of the folder's files
 * @param targets the number of linear layers by the last part of their paths: what {@code --target} can name
 * @param files the files beside the weights that decide what is computed
 * @param longest the most tokens of a text
 * @param limitedBy who says so: a file, or words
 * @param pooling how an encoder makes sentence embeddings, or why it cannot; null for other models
 * @param labels the classes, if it has a classifier
 * @param problem what the outputs of the classifier mean, if a text has not one of the classes; else null
 * @param chat whether it has a chat template
 * @param warnings what is probably wrong
 */
public record ModelInspection(
        String kind,
        String folder,
        String family,
        boolean supported,
        Support support,
        long parameters,
        long bytes,
        Map<String, Integer> targets,
        List<String> files,
        int longest,
        String limitedBy,
        @Nullable String pooling,
        List<String> labels,
        @Nullable String problem,
        boolean chat,
        List<String> warnings) {
    /**
     * What this library can do with a model.
     *
     * @param decoder whether it predicts the next token; else it is an encoder
     * @param defaultTargets the layers that an adapter gets if none are named
     * @param head what the files have at the end of the model
     * @param newClassifier whether it can get a new classifier on what Hugging Face's class reads
     * @param tokenTypes the types of tokens, by which an encoder tells the texts of a pair apart; 0 or 1 for none
     * @param gguf whether its adapters can be written as GGUF files
     */
    public record Support(
            boolean decoder,
            List<String> defaultTargets,
            String head,
            boolean newClassifier,
            int tokenTypes,
            boolean gguf) {
        static Support of(PretrainedModel model) {
            ModelConfig config = model.config();
            return new Support(
                    config.isDecoder(),
                    List.of(config.defaultTargets()),
                    head(model),
                    model.canClassify(),
                    config.isDecoder() ? 0 : config.tokenTypes(),
                    hasGguf(config));
        }

        private static String head(PretrainedModel model) {
            if (model.hasClassifier()
                    && (!model.config().isDecoder() || model.config().isClassifier())) {
                long outputs = model.classifier().outputSize();
                return "a classifier of " + outputs + (outputs == 1 ? " output" : " outputs");
            }
            if (model.hasTokenClassifier()) {
                return "a classifier of tokens with " + model.tokenClassifier().outputSize() + " outputs";
            }
            if (model.config().isDecoder()) {
                return "the next token";
            }
            return model.hasPooler() ? "a pooler" : "none";
        }

        private static boolean hasGguf(ModelConfig config) {
            try {
                return config.isDecoder() && !config.ggufModel().architecture().isEmpty();
            } catch (IllegalArgumentException e) {
                return false;
            }
        }
    }

    private static final BaseStorage STORAGE = BaseStorage.of(Precision.FLOAT);
    private static final String POSITIONS = "the number of positions of the model";

    /**
     * Reads a folder.
     *
     * @param folder the folder of a model
     * @return what is in it
     * @throws IOException if a file cannot be read
     */
    public static ModelInspection of(Path folder) throws IOException {
        ModelConfig config = ModelConfig.read(folder);
        ModelSource source = ModelSource.of(folder);
        List<String> files = GgufSource.is(folder) ? List.of(types(folder)) : PretrainedModel.settingFiles(source);
        List<String> warnings = new ArrayList<>();
        if (!Tokenizer.isIn(source)) {
            warnings.add("there is no tokenizer.json, so the model takes no texts");
        }
        if (config.isDecoder() && !EncoderFolder.embeds(source)) {
            PretrainedModel decoder = PretrainedModel.load(folder, STORAGE);
            boolean classifies = config.isClassifier() && decoder.hasClassifier();
            return of(
                    config.modelType(),
                    folder,
                    decoder,
                    classifies ? decoder.classifier() : decoder.causal(),
                    files,
                    new TextRules(config.maxLength(), POSITIONS, false),
                    null,
                    classifies ? Labels.read(source).names() : List.of(),
                    classifies ? AdapterInspection.problem(ModelTask.of(source)) : null,
                    !classifies && hasTemplate(folder),
                    warnings);
        }
        PretrainedModel encoder = PretrainedModel.load(folder, STORAGE);
        if (!encoder.hasClassifier() && !source.has("modules.json")) {
            warnings.add(
                    "there is no modules.json, so sentence embeddings are a guess; if the model has this file on the"
                            + " hub, download it and 1_Pooling/config.json too");
        }
        return of(
                config.isDecoder() ? config.modelType() : "encoder",
                folder,
                encoder,
                encoder.canEmbed() ? encoder.sentenceEmbeddings() : encoder.lastHiddenState(),
                files,
                TextRules.read(source, config.maxLength()),
                encoder.hasClassifier() ? null : pooling(encoder),
                encoder.hasClassifier() ? Labels.read(source).names() : List.of(),
                encoder.hasClassifier() ? AdapterInspection.problem(ModelTask.of(source)) : null,
                false,
                warnings);
    }

    private static boolean hasTemplate(Path folder) throws IOException {
        try {
            ChatTemplate.load(folder);
            return true;
        } catch (FileNotFoundException e) {
            return false;
        }
    }

    private static String pooling(PretrainedModel encoder) {
        try {
            return encoder.pooling().stream().map(ModelInspection::describe).collect(Collectors.joining(" and "));
        } catch (IllegalArgumentException e) {
            return "none, because of " + e.getMessage();
        }
    }

    private static String describe(Pooling.Method method) {
        return switch (method) {
            case FIRST, CLS -> "the vector of the first token";
            case LAST -> "the vector of the last token";
            case MEAN -> "the mean over the tokens";
            case MEAN_SQRT_LENGTH -> "the mean over the tokens times the square root of their number";
            case WEIGHTED_MEAN -> "the mean over the tokens, weighted by their positions";
            case MAX -> "the maximum over the tokens";
        };
    }

    private static ModelInspection of(
            String kind,
            Path folder,
            PretrainedModel model,
            Network network,
            List<String> files,
            TextRules rules,
            @Nullable String pooling,
            List<String> labels,
            @Nullable String problem,
            boolean chat,
            List<String> warnings)
            throws IOException {
        return new ModelInspection(
                kind,
                folder.toString(),
                model.config().modelType(),
                true,
                Support.of(model),
                network.parameters().stream()
                        .mapToLong(parameter -> parameter.value().length())
                        .sum(),
                bytes(folder),
                AdapterInspection.byLastPart(
                        network.linears().stream().map(Linear::path).toList()),
                files,
                rules.maxTokens(),
                rules.limitedBy(),
                pooling,
                labels,
                problem,
                chat,
                warnings);
    }

    /** How many tensors of each type a GGUF file has. */
    private static String types(Path file) throws IOException {
        try (GgufReader reader = GgufReader.open(file)) {
            Map<String, Integer> types = new TreeMap<>();
            reader.names().forEach(name -> types.merge(reader.type(name), 1, Integer::sum));
            return file.getFileName() + " with "
                    + types.entrySet().stream()
                            .map(type -> type.getValue() + " " + type.getKey())
                            .collect(Collectors.joining(", "));
        }
    }

    private static long bytes(Path folder) throws IOException {
        if (GgufSource.is(folder)) {
            try (GgufReader reader = GgufReader.open(folder)) {
                return reader.bytes();
            }
        }
        try (var files = Files.list(folder)) {
            long sum = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                sum += Files.size(file);
            }
            return sum;
        }
    }
}
