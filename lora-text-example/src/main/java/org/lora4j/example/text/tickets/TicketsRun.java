package org.lora4j.example.text.tickets;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.console.command.ProgressDisplay;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.report.SameBits;
import org.lora4j.console.report.TextOutput;
import org.lora4j.example.text.MiniLm;
import org.lora4j.example.text.story.StoryReport.BaseCheck;
import org.lora4j.example.text.story.StoryReport.Phase;
import org.lora4j.example.text.story.StoryReport.Sizes;
import org.lora4j.example.text.tickets.TicketsReport.Result;
import org.lora4j.example.text.tickets.TicketsReport.Sample;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Input;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.metrics.PairedDifference;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.tokens.TagSpan;
import org.lora4j.text.train.TagProbe;
import org.lora4j.text.train.TrainableTag;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The story of {@link TicketsLoRA} with settings of its own, and with an adapter and a report as files.
 *
 * @param trained the number of tickets for the training
 * @param tested the number of tickets of the test
 * @param steps the number of batches of the training
 * @param seed the seed of all random choices
 */
record TicketsRun(int trained, int tested, int steps, long seed) {
    private static final String MODEL = "minilm";
    private static final String ADAPTER = "tickets";
    private static final int SAMPLES = 5;

    /**
     * Runs the story, and writes the files.
     *
     * @param folder the output folder
     * @param settings the options of the run, for the report
     * @param out where the steps are printed
     * @param progress shows the training
     * @throws IOException if a file cannot be read or written
     * @throws IllegalStateException if the base is not the same as before; the report is written before
     */
    void run(RunFolder folder, Map<String, @Nullable Object> settings, TextOutput out, ProgressDisplay progress)
            throws IOException {
        long start = System.nanoTime();
        out.line("Personal data in tickets: what an adapter finds beside regular expressions");
        Tickets tickets = Tickets.read();
        List<TaggedText> train = tickets.make(Tickets.Part.TRAIN, trained, seed);
        List<TaggedText> test = tickets.make(Tickets.Part.TEST, tested, seed + 1);
        Path model = folder.path().resolve(MODEL);
        try (EncoderFolder encoder =
                EncoderFolder.open(folder.write("the model " + model, () -> MiniLm.write(model)))) {
            folder.add("model", MODEL + "/model.safetensors");
            folder.add("modelConfig", MODEL + "/config.json");
            folder.add("tokenizer", MODEL + "/tokenizer.json");
            TrainableTag task = TicketsLoRA.task(encoder, seed);
            Network base = task.network();
            Network copy = base.copy();

            out.section("The frozen model: a classifier on its vectors");
            TagProbe probe = TagProbe.fit(task, train);
            LoRAModel adapted = LoRAModel.of(base);
            AdapterView adapter = adapted.add(ADAPTER, TicketsLoRA.config(task, seed));
            probe.writeTo(adapter);
            Input compared = task.batch(test.subList(0, 1)).input();
            INDArray output = adapted.base().predict(compared);

            out.section("LoRA: %,d batches of %,d tickets", steps, trained);
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
                    listener -> TicketsLoRA.train(adapter, task, train, steps, seed, listener, recorder));
            out.training(training);
            Path saved = folder.saveAdapter(ADAPTER, ADAPTER, adapter);
            folder.write("the task of " + saved, () -> {
                TaskFile.write(task.task(), folder.path().resolve("adapters").resolve(ADAPTER));
                return saved;
            });
            folder.add("task", "adapters/" + ADAPTER + "/task.json");

            out.section("%,d tickets with names that no training has", tested);
            Map<String, List<List<TagSpan>>> ways = TicketsLoRA.ways(task, adapter, probe, test);
            List<Result> results = results(ways, test, out);
            BaseCheck unchanged = new BaseCheck(
                    SameBits.ofParameters(copy, adapted.network()),
                    SameBits.of(output, adapted.base().predict(compared)));
            unchanged.print(out);

            TicketsReport report = new TicketsReport(
                    settings,
                    Sizes.of(adapter, base, model, saved),
                    Phase.of(training),
                    results,
                    unchanged,
                    samples(ways, test),
                    (System.nanoTime() - start) / 1e9,
                    folder.files());
            folder.write("the report in " + folder.path(), () -> {
                report.write(folder.path(), losses);
                return report;
            });
            out.fact("%.0f s in all", report.seconds());
            out.files(folder.path(), report.files());
            unchanged.require();
        }
    }

    private static List<Result> results(Map<String, List<List<TagSpan>>> ways, List<TaggedText> test, TextOutput out) {
        List<Result> results = new ArrayList<>();
        ways.forEach((name, found) -> {
            PairedDifference than = name.equals(TicketsLoRA.LORA) ? null : TicketsLoRA.than(ways, found, test);
            Result result = Result.of(name, TicketsLoRA.metrics(test, found), than);
            results.add(result);
            out.fact(
                    "%-20s precision %.1f %%, recall %.1f %%, F1 %.1f %%",
                    name, 100 * result.precision(), 100 * result.recall(), 100 * result.f1());
            if (than != null) {
                out.fact(
                        "%-20s LoRA is better by %.1f points of F1 (%.1f to %.1f)",
                        "", 100 * than.difference(), 100 * than.low(), 100 * than.high());
            }
        });
        return results;
    }

    private static List<Sample> samples(Map<String, List<List<TagSpan>>> ways, List<TaggedText> test) {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < Math.min(SAMPLES, test.size()); i++) {
            TaggedText ticket = test.get(i);
            Map<String, String> masked = new LinkedHashMap<>();
            for (Map.Entry<String, List<List<TagSpan>>> way : ways.entrySet()) {
                masked.put(
                        way.getKey(), TicketsLoRA.masked(ticket, way.getValue().get(i)));
            }
            samples.add(new Sample(ticket.words().text(), TicketsLoRA.masked(ticket, ticket.tagged()), masked));
        }
        return samples;
    }
}
