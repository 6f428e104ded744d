package org.lora4j.example.text.experiment;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.example.support.cli.ProgressDisplay;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.example.text.data.TextPairs;
import org.lora4j.example.text.report.EmbedReport;
import org.lora4j.example.text.report.Phase;
import org.lora4j.example.text.report.ReportWriter;
import org.lora4j.example.text.report.Retrieval;
import org.lora4j.example.text.report.Sizes;
import org.lora4j.nn.transformer.BertModel;
import org.lora4j.text.Tokenizer;

/**
 * The tuning of sentence embeddings with tests before and after, and with an adapter and a report as files.
 *
 * @param title the name of the texts
 * @param train the pairs for training
 * @param test the pairs for testing
 * @param model the file of the model's weights
 * @param config the configuration of the adapter
 * @param training its training
 * @param seed the seed of all random choices
 * @param references what others reach on the same texts, for the report
 */
public record EmbeddingRun(
        String title,
        TextPairs train,
        TextPairs test,
        Path model,
        LoRAConfig config,
        FineTuning training,
        long seed,
        List<String> references) {
    /**
     * Runs the tuning, and writes the files.
     *
     * @param bert the model
     * @param tokens its tokenizer
     * @param folder the output folder
     * @param settings the options of the run, for the report
     * @param out where the steps are printed
     * @param progress shows the training
     * @throws IOException if a file cannot be written
     * @throws IllegalStateException if the base is not the same as before; the report is written before
     */
    public void run(
            BertModel bert,
            Tokenizer tokens,
            RunFolder folder,
            Map<String, @Nullable Object> settings,
            TextOutput out,
            ProgressDisplay progress)
            throws IOException {
        long start = System.nanoTime();
        out.line("LoRA on sentence embeddings: does a text find the one that belongs to it?");
        out.line("%s: %,d pairs for training, %,d for testing", title, train.size(), test.size());
        Embedding.Tuned tuned = new Embedding(bert, tokens, train, test, out).run(config, training, seed, progress);
        Path saved = folder.saveAdapter(Embedding.ADAPTER, Embedding.ADAPTER, tuned.view());
        EmbedReport report = new EmbedReport(
                settings,
                title,
                train.size(),
                Sizes.of(tuned.view(), model, saved),
                Phase.of(tuned.training().result()),
                Retrieval.of(tuned.before()),
                Retrieval.of(tuned.after()),
                count(tuned, -1),
                count(tuned, 1),
                tuned.base(),
                references,
                (System.nanoTime() - start) / 1e9,
                folder.files());
        EmbedReport written = folder.write(
                "the report in " + folder.path(),
                () -> ReportWriter.write(folder.path(), report, tuned.training().losses()));
        out.section("Result");
        out.fact(
                "%,d texts find theirs at a better rank with LoRA, %,d at a worse one",
                report.better(), report.worse());
        report.sizes().print(out);
        out.fact("%.0f s in all", report.seconds());
        out.files(folder.path(), written.files());
        report.base().require();
    }

    /** Counts the test texts whose rank became smaller (−1) or greater (1). */
    private static int count(Embedding.Tuned tuned, int direction) {
        return (int) IntStream.range(0, tuned.before().size())
                .filter(i -> tuned.after().get(i).compareTo(tuned.before().get(i)) == direction)
                .count();
    }
}
