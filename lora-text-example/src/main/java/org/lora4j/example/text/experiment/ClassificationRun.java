package org.lora4j.example.text.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.example.support.cli.FileErrors;
import org.lora4j.example.support.cli.ProgressDisplay;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.example.text.data.ClassifiedTexts;
import org.lora4j.example.text.report.ClassifyReport;
import org.lora4j.example.text.report.ClassifyReport.Passage;
import org.lora4j.example.text.report.ClassifyReport.Phase;
import org.lora4j.example.text.report.ClassifyWriter;
import org.lora4j.nn.Parameter;
import org.lora4j.train.TrainingResult;

/**
 * The whole comparison of the frozen encoder with LoRA, with an adapter and a report as files.
 *
 * @param texts the texts
 * @param model the file of the model's weights
 * @param config the configuration of the adapter
 * @param training its training
 * @param seed the seed of all random choices
 * @param references what others reach on the same texts, for the report
 */
public record ClassificationRun(
        ClassifiedTexts texts, Path model, LoRAConfig config, FineTuning training, long seed, List<String> references) {
    private static final String FOLDER = "adapters/" + Classification.ADAPTER;
    private static final String TENSORS = FOLDER + "/adapter_model.safetensors";

    /**
     * Runs both, and writes the files.
     *
     * @param experiment the experiment
     * @param folder the output folder
     * @param settings the options of the run, for the report
     * @param out where the steps are printed
     * @param progress shows the training
     * @throws IOException if a file cannot be written
     * @throws IllegalStateException if the base is not the same as before; the report is written before
     */
    public void run(
            Classification experiment,
            Path folder,
            Map<String, @Nullable Object> settings,
            TextOutput out,
            ProgressDisplay progress)
            throws IOException {
        long start = System.nanoTime();
        introduce(experiment, out);
        Classification.Frozen frozen = experiment.frozen(seed);
        Classification.Adapted lora = experiment.adapted(config, training, seed, progress);
        AdapterView view = lora.view();
        save(view, folder.resolve(FOLDER));
        Map<String, String> files = new LinkedHashMap<>();
        files.put("adapter", TENSORS);
        files.put("adapterConfig", FOLDER + "/adapter_config.json");

        ClassifyReport report = new ClassifyReport(
                settings,
                texts.classNames(),
                new ClassifyReport.Texts(
                        texts.title(), texts.train().size(), texts.test().size(), experiment.meanTokens()),
                view.parameterReport(),
                view.parameters().stream()
                        .map(Parameter::value)
                        .mapToLong(value -> value.length())
                        .sum(),
                new ClassifyReport.Sizes(Files.size(model), Files.size(folder.resolve(TENSORS))),
                phase(frozen.training()),
                phase(lora.training().result()),
                frozen.predictions().result(),
                lora.predictions().result(),
                lora.merged(),
                lora.frozenUnchanged(),
                lora.outputUnchanged(),
                passages(frozen.predictions().fixedBy(lora.predictions()), frozen, lora),
                passages(lora.predictions().fixedBy(frozen.predictions()), frozen, lora),
                references,
                (System.nanoTime() - start) / 1e9,
                files);
        conclude(out, report, folder, write(folder, report, lora.training().losses()));
        if (!report.baseIsUnchanged()) {
            throw new IllegalStateException("the base is not the same as before; the report says where");
        }
    }

    private void introduce(Classification experiment, TextOutput out) {
        out.line(
                "LoRA on text: to which of %d classes does a text belong?",
                texts.classNames().size());
        out.line(
                "%s: %,d texts for training with %.1f tokens on average, %,d for testing",
                texts.title(),
                texts.train().size(),
                experiment.meanTokens(),
                texts.test().size());
    }

    private static Phase phase(TrainingResult result) {
        return new Phase(result.iterations(), result.duration().toNanos() / 1e9, result.runningLoss());
    }

    private List<Passage> passages(List<Integer> indices, Classification.Frozen frozen, Classification.Adapted lora) {
        return indices.stream()
                .map(i -> new Passage(
                        texts.test().texts().get(i),
                        texts.test().classes().get(i),
                        frozen.predictions().predicted().get(i),
                        lora.predictions().predicted().get(i)))
                .toList();
    }

    private static void save(AdapterView view, Path folder) throws IOException {
        try {
            view.save(folder);
        } catch (IOException e) {
            throw new IOException("the adapter " + folder + " could not be written: " + FileErrors.describe(e), e);
        }
    }

    private static ClassifyReport write(Path folder, ClassifyReport report, List<Double> losses) throws IOException {
        try {
            return ClassifyWriter.write(folder, report, losses);
        } catch (IOException e) {
            throw new IOException(
                    "the report in %s could not be written: %s; the adapter is kept in %s"
                            .formatted(folder, FileErrors.describe(e), folder.resolve(FOLDER)),
                    e);
        }
    }

    private static void conclude(TextOutput out, ClassifyReport report, Path folder, ClassifyReport written) {
        out.section("Result");
        out.fact(
                "accuracy %.2f %% with the frozen encoder, %.2f %% with LoRA",
                100 * report.frozen().accuracy(), 100 * report.lora().accuracy());
        out.fact(
                "LoRA fixed %,d test texts and broke %,d",
                report.fixed().size(), report.broken().size());
        out.fact(
                "the model %.1f MB, the adapter %.1f KB",
                report.sizes().base() / 1e6, report.sizes().adapter() / 1e3);
        out.fact("%.0f s in all", report.seconds());
        out.section("Files");
        written.files().forEach((purpose, file) -> out.fact("%-16s %s", purpose, folder.resolve(file)));
        out.line("");
        out.line("The page has all of this with charts. Open it in a browser.");
    }
}
