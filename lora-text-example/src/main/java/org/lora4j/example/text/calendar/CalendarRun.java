package org.lora4j.example.text.calendar;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.console.command.ProgressDisplay;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.report.SameBits;
import org.lora4j.console.report.TextOutput;
import org.lora4j.example.text.calendar.CalendarReport.Result;
import org.lora4j.example.text.calendar.CalendarReport.Sample;
import org.lora4j.example.text.story.StoryReport.BaseCheck;
import org.lora4j.example.text.story.StoryReport.Phase;
import org.lora4j.example.text.story.StoryReport.Sizes;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.tools.CallAccuracy;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolAnswer;
import org.lora4j.text.tools.ToolCall;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.TrainingResult;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The story of {@link CalendarLoRA} with settings of its own, and with a model, an adapter and a report as files.
 *
 * @param trained the number of requests for the training of the adapter
 * @param tested the number of requests of the test
 * @param baseSteps the number of batches of the training of the model
 * @param steps the number of batches of the training of the adapter
 * @param seed the seed of all random choices
 */
record CalendarRun(int trained, int tested, int baseSteps, int steps, long seed) {
    private static final String BASE = "base";
    private static final String ADAPTER = "calendar";
    private static final int SAMPLES = 5;

    /** So many answers are computed before the time counts. */
    private static final int FIRST = 32;

    /** A way to answer. */
    private record Way(String name, String adapter, boolean hasGrammar) {}

    private static final List<Way> WAYS = List.of(
            new Way("base", LoRAModel.BASE, false),
            new Way("base + grammar", LoRAModel.BASE, true),
            new Way("LoRA", ADAPTER, false),
            new Way("LoRA + grammar", ADAPTER, true));

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
    void run(RunFolder folder, Map<String, @Nullable Object> settings, TextOutput out, ProgressDisplay progress)
            throws IOException {
        long start = System.nanoTime();
        out.line("Calls of functions: what a grammar and an adapter each bring");
        Assistant calendar = Assistant.read("calendar");
        List<Tool> tools = calendar.tools();
        List<Request> train = calendar.requests(trained, seed + 1);
        List<Request> test = calendar.newRequests(tested, seed + 2, train);
        try (DecoderFolder decoder = SmallLlama.create(folder.path().resolve(BASE), seed)) {
            Network base = decoder.network();
            Phase baseTraining = trainBase(decoder, folder, out, progress);

            Network copy = base.copy();
            Input compared = Sequences.of(decoder.tokens().prompt(train.get(0).question(tools)));
            LoRAModel model = LoRAModel.of(base);
            // Only weights that are frozen are packed, which on some processors moves the last bits.
            INDArray output = model.base().predict(compared);
            AdapterView adapter = model.add(ADAPTER, CalendarLoRA.config(seed));
            out.section("LoRA: %,d batches of %,d requests to a calendar", steps, trained);
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
                    listener ->
                            CalendarLoRA.trainAdapter(adapter, decoder, tools, train, steps, seed, listener, recorder));
            out.training(training);
            Sizes sizes =
                    Sizes.of(adapter, base, folder.path().resolve(BASE), folder.saveAdapter(ADAPTER, ADAPTER, adapter));

            out.section("Answers to %,d requests that no training has", tested);
            out.line("  %-16s %8s %8s %9s %8s %12s", "", "valid", "function", "arguments", "exact", "each answer");
            Map<String, List<ToolAnswer>> answers = new LinkedHashMap<>();
            List<Result> results = new ArrayList<>();
            for (Way way : WAYS) {
                results.add(result(way, decoder, model, test, tools, answers, out));
            }
            BaseCheck unchanged = new BaseCheck(
                    SameBits.ofParameters(copy, model.network()),
                    SameBits.of(output, model.base().predict(compared)));
            unchanged.print(out);

            CalendarReport report = new CalendarReport(
                    settings,
                    tools.stream().map(Tool::name).toList(),
                    sizes,
                    baseTraining,
                    Phase.of(training),
                    results,
                    unchanged,
                    samples(test, answers),
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

    private Phase trainBase(DecoderFolder decoder, RunFolder folder, TextOutput out, ProgressDisplay progress)
            throws IOException {
        Assistant home = Assistant.read("home");
        out.section("A Llama from random weights: %,d batches of requests to a home", baseSteps);
        TrainingResult training = progress.show(
                "Base", baseSteps, listener -> CalendarLoRA.trainBase(decoder, home, baseSteps, seed, listener));
        out.training(training);
        folder.write("the model " + folder.path().resolve(BASE), () -> {
            decoder.model().save(decoder.network(), folder.path().resolve(BASE));
            return training;
        });
        folder.add("model", BASE + "/model.safetensors");
        folder.add("modelConfig", BASE + "/config.json");
        folder.add("tokenizer", BASE + "/tokenizer.json");
        folder.add("chatTemplate", BASE + "/chat_template.jinja");
        return Phase.of(training);
    }

    private static Result result(
            Way way,
            DecoderFolder decoder,
            LoRAModel model,
            List<Request> test,
            List<Tool> tools,
            Map<String, List<ToolAnswer>> answers,
            TextOutput out)
            throws IOException {
        // The first answers take longer, until Java has compiled what they use.
        List<Request> first = test.subList(0, Math.min(FIRST, test.size()));
        List<ToolAnswer> unused = CalendarLoRA.answers(decoder, model, way.adapter(), way.hasGrammar(), first, tools);
        long start = System.nanoTime();
        List<ToolAnswer> some = CalendarLoRA.answers(decoder, model, way.adapter(), way.hasGrammar(), test, tools);
        double seconds = (System.nanoTime() - start) / 1e9 / test.size();
        answers.put(way.name(), some);
        CallAccuracy all = CalendarLoRA.compare(some, test, request -> true);
        out.fact(
                "%-16s %8d %8d %9d %8d %9.1f ms",
                way.name(), all.valid(), all.functions(), all.arguments(), all.exact(), 1000 * seconds);
        return new Result(way.name(), all, CalendarLoRA.compare(some, test, Request::isNew), seconds);
    }

    private static List<Sample> samples(List<Request> test, Map<String, List<ToolAnswer>> answers) {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < Math.min(SAMPLES, test.size()); i++) {
            Map<String, String> ofRequest = new LinkedHashMap<>();
            for (Map.Entry<String, List<ToolAnswer>> way : answers.entrySet()) {
                ofRequest.put(way.getKey(), text(way.getValue().get(i)));
            }
            samples.add(new Sample(test.get(i).text(), text(test.get(i).expected()), ofRequest));
        }
        return samples;
    }

    /** Calls as a program writes them, after the text beside them. */
    private static String text(ToolAnswer answer) {
        return answer.text() + answer.calls().stream().map(CalendarRun::text).collect(Collectors.joining(" "));
    }

    private static String text(ToolCall call) {
        return call.name() + "(" + call.arguments() + ")";
    }
}
