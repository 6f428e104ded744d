package org.lora4j.example.text.story;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.console.report.TextOutput;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.TrainingResult;

/**
 * All numbers of a run of {@code story}: the content of {@code report.json}, field by field.
 *
 * @param settings the options of the run
 * @param model the name of the model
 * @param trainTokens the number of tokens of the speeches since 1946 for training
 * @param sizes the sizes of model and adapter
 * @param baseTraining the training of the model from random weights; null for a model of the user
 * @param training the training of the adapter
 * @param before what the model reaches without the adapter
 * @param after what it reaches with the adapter
 * @param base whether the base is unchanged
 * @param samples how both go on from the same words
 * @param references what others reach on the same texts, in sentences; empty for other settings
 * @param seconds the time of the whole run
 * @param files the files of the run in the output folder, by purpose
 */
public record StoryReport(
        Map<String, @Nullable Object> settings,
        String model,
        long trainTokens,
        Sizes sizes,
        @Nullable Phase baseTraining,
        Phase training,
        Perplexities before,
        Perplexities after,
        BaseCheck base,
        List<Sample> samples,
        List<String> references,
        double seconds,
        Map<String, String> files) {
    /**
     * How large a model and an adapter are.
     *
     * @param baseParameters the number of parameters of the model, each once
     * @param adapterParameters the number of parameters of the adapter
     * @param adaptedLayers the number of layers that the adapter changes
     * @param baseBytes the bytes of the model's file
     * @param adapterBytes the bytes of the adapter's file
     */
    public record Sizes(
            long baseParameters, long adapterParameters, long adaptedLayers, long baseBytes, long adapterBytes) {
        /**
         * Measures a model and an adapter.
         *
         * @param adapter the adapter
         * @param base the model
         * @param model the folder of the model
         * @param saved the file of the adapter
         * @return the sizes
         * @throws IOException if a file cannot be read
         */
        public static Sizes of(AdapterView adapter, Network base, Path model, Path saved) throws IOException {
            long bytes = 0;
            try (DirectoryStream<Path> tensors = Files.newDirectoryStream(model, "*.safetensors")) {
                for (Path file : tensors) {
                    bytes += Files.size(file);
                }
            }
            return new Sizes(
                    // The head shares the parameter of the embedding, which counts once.
                    count(base.parameters()),
                    count(adapter.parameters()),
                    adapter.parameterReport().layers().stream()
                            .filter(layer -> layer.loraA() != null)
                            .count(),
                    bytes,
                    Files.size(saved));
        }

        private static long count(List<Parameter> parameters) {
            return parameters.stream()
                    .mapToLong(parameter -> parameter.value().length())
                    .sum();
        }
    }

    /**
     * A training.
     *
     * @param iterations the number of batches
     * @param seconds how long it took
     * @param meanLoss the mean loss of the last batches, at most 100
     */
    public record Phase(long iterations, double seconds, double meanLoss) {
        /**
         * Creates the numbers of a training.
         *
         * @param result the training
         * @return its numbers
         */
        public static Phase of(TrainingResult result) {
            return new Phase(result.iterations(), result.duration().toNanos() / 1e9, result.runningLoss());
        }
    }

    /**
     * The perplexity on speeches that are not in the training texts.
     *
     * @param oldSpeeches on speeches before 1946
     * @param newSpeeches on speeches since 1946
     */
    public record Perplexities(double oldSpeeches, double newSpeeches) {}

    /**
     * Whether a training with LoRA has left the base as it is.
     *
     * @param frozenUnchanged for each parameter of the base, whether it has the same bits as before
     * @param outputUnchanged whether the base computes the same bits as before, while the adapter exists
     */
    public record BaseCheck(Map<String, Boolean> frozenUnchanged, boolean outputUnchanged) {
        /**
         * Prints what is unchanged, as a section.
         *
         * @param out where to print
         */
        public void print(TextOutput out) {
            out.section("The base, bit for bit");
            out.check("Parameters are unchanged", frozenUnchanged);
            out.check("Without the adapter the output is the same as before", Map.of("output", outputUnchanged));
        }

        /**
         * Checks that all is unchanged.
         *
         * @throws IllegalStateException if something is not
         */
        public void require() {
            if (!outputUnchanged || frozenUnchanged.containsValue(false)) {
                throw new IllegalStateException(
                        "the base must be the same as before, and is not; the report says where");
            }
        }
    }

    /**
     * How two models go on from the same words.
     *
     * @param words the words
     * @param base the words and what the base writes
     * @param lora the words and what the model writes with the adapter
     */
    public record Sample(String words, String base, String lora) {}

    /** Writes the report: the numbers as JSON, a chart, and a page that shows both. Adds them to {@code files}. */
    void write(Path folder, List<Double> losses) throws IOException {
        ReportPage.write(folder, this, "story.ftlh", losses, files);
    }
}
