package org.lora4j.example.text.story;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.console.command.ProgressDisplay;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.report.SameBits;
import org.lora4j.console.report.TextOutput;
import org.lora4j.example.text.story.StoryReport.BaseCheck;
import org.lora4j.example.text.story.StoryReport.Perplexities;
import org.lora4j.example.text.story.StoryReport.Phase;
import org.lora4j.example.text.story.StoryReport.Sample;
import org.lora4j.example.text.story.StoryReport.Sizes;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.tokens.Tokenizer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The story of {@link StoryLoRA} with settings of its own, and with a model, an adapter and a report as files.
 *
 * @param model the folder of a model of the Llama family; null to train a small one
 * @param baseSteps the number of batches of the training of the small one
 * @param steps the number of batches of the training of the adapter
 * @param tested the most windows of each test
 * @param seed the seed of all random choices
 * @param references what others reach with these settings, in sentences
 */
public record Story(@Nullable Path model, int baseSteps, int steps, int tested, long seed, List<String> references) {
    private static final String BASE = "base";
    private static final String ADAPTER = "modern";
    private static final List<String> WORDS = List.of("Our troops", "The American people", "My fellow citizens");

    /** What a model is tested on, and the adapter trained on. */
    private record Data(Speeches oldTest, Speeches newTrain, Speeches newTest) {
        static Data read(Tokenizer tokenizer) throws IOException {
            return new Data(
                    Speeches.read("old-test", tokenizer),
                    Speeches.read("new-train", tokenizer),
                    Speeches.read("new-test", tokenizer));
        }
    }

    /**
     * Runs the story, and writes the files.
     *
     * @param folder the output folder
     * @param settings the options of the run, for the report
     * @param out where the steps are printed
     * @param progress shows the trainings
     * @throws IOException if a file cannot be read or written
     * @throws IllegalStateException if the base is not the same as before; the report is written before
     */
    public void run(RunFolder folder, Map<String, @Nullable Object> settings, TextOutput out, ProgressDisplay progress)
            throws IOException {
        long start = System.nanoTime();
        out.line("LoRA on a language model: from the language of old speeches to that of new ones");
        try (Tokenizer tokenizer = model == null ? StoryLoRA.tokenizer() : Tokenizer.load(model)) {
            Data data = Data.read(tokenizer);
            PretrainedModel llama = model == null ? StoryLoRA.initial(seed) : PretrainedModel.load(model);
            Network base = llama.causal();
            Phase baseTraining = null;
            if (model == null) {
                baseTraining = trainBase(base, Speeches.read("old-train", tokenizer), out, progress);
                save(llama, base, folder);
            }

            Input compared = data.newTest().batch(0, 1, 2, 3).input();
            Network copy = base.copy();
            Perplexities before = test("The model as it is", base, data, out);

            out.section("LoRA: %,d batches of %d windows of %d tokens", steps, StoryLoRA.BATCH, Speeches.WINDOW);
            LoRAModel adapted = LoRAModel.of(base);
            // Only weights that are frozen are packed, which on some processors moves the last bits.
            INDArray output = adapted.base().predict(compared);
            AdapterView modern = adapted.add(ADAPTER, StoryLoRA.config(seed));
            List<Double> losses = new ArrayList<>();
            TrainingListener recorder = new TrainingListener() {
                @Override
                public void onIteration(Iteration iteration) {
                    losses.add(iteration.loss());
                }
            };
            TrainingResult training = progress.show(
                    "LoRA",
                    steps,
                    listener -> StoryLoRA.trainAdapter(modern, data.newTrain(), steps, seed, listener, recorder));
            out.training(training);
            Path saved = folder.saveAdapter(ADAPTER, ADAPTER, modern);
            Perplexities after = test("With LoRA", modern, data, out);
            List<Sample> samples = samples(adapted.base(), modern, tokenizer, out);
            BaseCheck unchanged = new BaseCheck(
                    SameBits.ofParameters(copy, adapted.network()),
                    SameBits.of(output, adapted.base().predict(compared)));
            unchanged.print(out);

            StoryReport report = new StoryReport(
                    settings,
                    model == null ? "A Llama with 1 million weights." : model + ".",
                    data.newTrain().tokens(),
                    Sizes.of(modern, base, model == null ? folder.path().resolve(BASE) : model, saved),
                    baseTraining,
                    Phase.of(training),
                    before,
                    after,
                    unchanged,
                    samples,
                    references,
                    (System.nanoTime() - start) / 1e9,
                    folder.files());
            conclude(report, losses, folder, out);
        }
    }

    private Phase trainBase(Network base, Speeches speeches, TextOutput out, ProgressDisplay progress) {
        out.section("A Llama from random weights: %,d batches of speeches before 1946", baseSteps);
        TrainingResult result = progress.show(
                "Base", baseSteps, listener -> StoryLoRA.trainBase(base, speeches, baseSteps, seed, listener));
        out.training(result);
        return Phase.of(result);
    }

    /** Saves the model with its tokenizer, so that other programs can open the folder. */
    private static void save(PretrainedModel llama, Network base, RunFolder folder) throws IOException {
        Path path = folder.path().resolve(BASE);
        folder.write("the model " + path, () -> {
            llama.save(base, path);
            Files.copy(
                    Speeches.resource("tokenizer.json"),
                    path.resolve("tokenizer.json"),
                    StandardCopyOption.REPLACE_EXISTING);
            return path;
        });
        folder.add("model", BASE + "/model.safetensors");
        folder.add("modelConfig", BASE + "/config.json");
        folder.add("tokenizer", BASE + "/tokenizer.json");
    }

    private Perplexities test(String title, Model one, Data data, TextOutput out) {
        out.section("%s", title);
        Perplexities found = new Perplexities(
                StoryLoRA.test(one, data.oldTest(), tested).perplexity(),
                StoryLoRA.test(one, data.newTest(), tested).perplexity());
        out.fact(
                "perplexity %.1f on speeches before 1946, %.1f on those since",
                found.oldSpeeches(), found.newSpeeches());
        return found;
    }

    private List<Sample> samples(Model base, Model modern, Tokenizer tokenizer, TextOutput out) {
        out.section("What they write");
        List<Sample> samples = new ArrayList<>();
        for (String words : WORDS) {
            Sample sample = new Sample(
                    words,
                    StoryLoRA.write(base, words, tokenizer, seed),
                    StoryLoRA.write(modern, words, tokenizer, seed));
            samples.add(sample);
            out.fact("base: %s", sample.base());
            out.fact("LoRA: %s", sample.lora());
        }
        return samples;
    }

    private static void conclude(StoryReport report, List<Double> losses, RunFolder folder, TextOutput out)
            throws IOException {
        folder.write("the report in " + folder.path(), () -> {
            report.write(folder.path(), losses);
            return report;
        });
        out.section("Result");
        out.fact(
                "perplexity on speeches since 1946: %.1f without LoRA, %.1f with it",
                report.before().newSpeeches(), report.after().newSpeeches());
        out.fact(
                "the model has %.1f MB, the adapter %.1f KB",
                report.sizes().baseBytes() / 1e6, report.sizes().adapterBytes() / 1e3);
        out.fact("%.0f s in all", report.seconds());
        out.files(folder.path(), report.files());
        report.base().require();
    }
}
