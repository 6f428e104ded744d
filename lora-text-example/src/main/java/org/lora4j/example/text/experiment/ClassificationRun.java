package org.lora4j.example.text.experiment;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.example.support.cli.ProgressDisplay;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.example.text.data.ClassifiedTexts;
import org.lora4j.example.text.report.ClassifyReport;
import org.lora4j.example.text.report.ClassifyReport.Passage;
import org.lora4j.example.text.report.Phase;
import org.lora4j.example.text.report.ReportWriter;
import org.lora4j.example.text.report.Sizes;

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
            RunFolder folder,
            Map<String, @Nullable Object> settings,
            TextOutput out,
            ProgressDisplay progress)
            throws IOException {
        long start = System.nanoTime();
        introduce(experiment, out);
        Classification.Frozen frozen = experiment.frozen(seed);
        Classification.Adapted lora = experiment.adapted(config, training, seed, progress);
        Path saved = folder.saveAdapter(Classification.ADAPTER, Classification.ADAPTER, lora.view());
        ClassifyReport report = new ClassifyReport(
                settings,
                texts.classNames(),
                new ClassifyReport.Texts(
                        texts.title(), texts.train().size(), texts.test().size(), experiment.meanTokens()),
                Sizes.of(lora.view(), model, saved),
                Phase.of(frozen.training()),
                Phase.of(lora.training().result()),
                frozen.predictions().result(),
                lora.predictions().result(),
                lora.merged(),
                lora.base(),
                passages(frozen.predictions().fixedBy(lora.predictions()), frozen, lora),
                passages(lora.predictions().fixedBy(frozen.predictions()), frozen, lora),
                references,
                (System.nanoTime() - start) / 1e9,
                folder.files());
        ClassifyReport written = folder.write(
                "the report in " + folder.path(),
                () -> ReportWriter.write(folder.path(), report, lora.training().losses()));
        conclude(out, report);
        out.files(folder.path(), written.files());
        report.base().require();
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

    private List<Passage> passages(List<Integer> indices, Classification.Frozen frozen, Classification.Adapted lora) {
        return indices.stream()
                .map(i -> new Passage(
                        texts.test().texts().get(i),
                        texts.test().classes().get(i),
                        frozen.predictions().predicted().get(i),
                        lora.predictions().predicted().get(i)))
                .toList();
    }

    private static void conclude(TextOutput out, ClassifyReport report) {
        out.section("Result");
        out.fact(
                "accuracy %.2f %% with the frozen encoder, %.2f %% with LoRA",
                100 * report.frozen().accuracy(), 100 * report.lora().accuracy());
        out.fact(
                "LoRA fixed %,d test texts and broke %,d",
                report.fixed().size(), report.broken().size());
        report.sizes().print(out);
        out.fact("%.0f s in all", report.seconds());
    }
}
