package org.lora4j.cli.inspect;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.cli.model.TextClassifier;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.ModelKind;

/**
 * What is in the folder of a model.
 *
 * @param kind {@code encoder}, {@code llama} or {@code gpt2}
 * @param folder the folder
 * @param parameters the numbers of the model
 * @param bytes the size of the folder's files
 * @param targets the number of linear layers by the last part of their paths: what {@code --target} can name
 * @param longest the most tokens of a text
 * @param labels the classes, if it has a classifier
 * @param chat whether it has a chat template
 */
public record ModelInspection(
        String kind,
        String folder,
        long parameters,
        long bytes,
        Map<String, Integer> targets,
        int longest,
        List<String> labels,
        boolean chat) {
    /**
     * Reads a folder.
     *
     * @param folder the folder of a model
     * @return what is in it
     * @throws IOException if a file cannot be read
     */
    public static ModelInspection of(Path folder) throws IOException {
        ModelKind kind = ModelKind.of(folder);
        if (kind.isDecoder() && ModelKind.classifies(folder)) {
            try (TextClassifier classifier = TextClassifier.open(folder, null, BaseStorage.of(Precision.FLOAT))) {
                return of(
                        kind,
                        folder,
                        classifier.model().network(),
                        classifier.maxTokens(),
                        classifier.labels().names(),
                        false);
            }
        }
        if (kind.isDecoder()) {
            try (DecoderFolder decoder = DecoderFolder.open(folder)) {
                return of(
                        kind,
                        folder,
                        decoder.network(),
                        decoder.maxLength(),
                        List.of(),
                        decoder.template().isPresent());
            }
        }
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            return of(
                    kind,
                    folder,
                    encoder.model().lastHiddenState(),
                    encoder.tokenizer().maxTokens(),
                    encoder.model().hasClassifier() ? encoder.labels().names() : List.of(),
                    false);
        }
    }

    private static ModelInspection of(
            ModelKind kind, Path folder, Network network, int longest, List<String> labels, boolean chat)
            throws IOException {
        return new ModelInspection(
                kind.name().toLowerCase(Locale.ROOT),
                folder.toString(),
                network.parameters().stream()
                        .mapToLong(parameter -> parameter.value().length())
                        .sum(),
                bytes(folder),
                AdapterInspection.byLastPart(
                        network.linears().stream().map(Linear::path).toList()),
                longest,
                labels,
                chat);
    }

    private static long bytes(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            long sum = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                sum += Files.size(file);
            }
            return sum;
        }
    }
}
