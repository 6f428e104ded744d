package org.lora4j.example.text.experiment;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.example.support.cli.ProgressDisplay;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.example.support.train.Classes;
import org.lora4j.example.support.train.EpochBatches;
import org.lora4j.example.text.data.ClassifiedTexts;
import org.lora4j.example.text.data.LabelledTexts;
import org.lora4j.example.text.report.ReportWriter;
import org.lora4j.example.text.report.TenantsReport;
import org.lora4j.example.text.report.TenantsReport.Service;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.BertModel;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.text.Tokenizer;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Several tenants of one service. Each asks another question of a text, whether it belongs to the tenant's class, and has an
 * adapter of its own. One encoder serves them all.
 */
public final class Tenants {
    private static final int MOST_TENANTS = 3;
    /** Enough to show that an adapter works. */
    private static final int MOST_TESTED = 400;

    /** No, and yes. */
    private static final int ANSWERS = 2;

    private static final String CLASSIFIER = "classifier";

    private final ClassifiedTexts texts;
    private final LabelledTexts tested;
    private final TokenizedTexts train;
    private final TokenizedTexts test;
    private final Network base;
    private final LoRAModel model;
    private final TextOutput out;
    private final List<String> names = new ArrayList<>();

    /**
     * Creates the service without its adapters.
     *
     * @param bert the model
     * @param tokens its tokenizer
     * @param texts the texts; the first classes, at most three, are those of the tenants
     * @param seed the seed of the classifier
     * @param out where the steps are printed
     */
    public Tenants(BertModel bert, Tokenizer tokens, ClassifiedTexts texts, long seed, TextOutput out) {
        this.texts = texts;
        this.out = out;
        tested = texts.test().first(MOST_TESTED);
        train = TokenizedTexts.of(tokens, texts.train().texts());
        test = TokenizedTexts.of(tokens, tested.texts());
        base = bert.meanClassifier(ANSWERS, seed);
        model = LoRAModel.of(base);
    }

    /**
     * Trains the adapter of each tenant, serves requests in several ways, and writes adapters and numbers.
     *
     * @param config the configuration of the adapters
     * @param fineTuning the training of each
     * @param seed the seed of the orders of texts
     * @param load the requests
     * @param folder the output folder
     * @param settings the options of the run, for the report
     * @param progress shows the trainings
     * @throws IOException if a file cannot be written
     * @throws IllegalStateException if the base is not the same as before; the report is written before
     */
    public void run(
            LoRAConfig config,
            FineTuning fineTuning,
            long seed,
            Load load,
            RunFolder folder,
            Map<String, @Nullable Object> settings,
            ProgressDisplay progress)
            throws IOException {
        FrozenCheck check = new FrozenCheck(base, test);
        out.section("An adapter for each tenant: %s", fineTuning);
        Map<String, String> questions = new LinkedHashMap<>();
        Map<String, Double> accuracies = new LinkedHashMap<>();
        for (int tenant = 0; tenant < Math.min(MOST_TENANTS, texts.classNames().size()); tenant++) {
            String name = "tenant-" + (tenant + 1);
            names.add(name);
            AdapterView view =
                    model.add(name, config.toBuilder().modulesToSave(CLASSIFIER).build());
            train(view, tenant, fineTuning, seed, progress);
            double accuracy = Predictions.of(test.map(view::predict), answers(tested, tenant))
                    .result()
                    .accuracy();
            questions.put(name, texts.classNames().get(tenant));
            accuracies.put(name, accuracy);
            folder.saveAdapter(name, name, view);
            out.fact(
                    "%s asks whether a text is of %s: accuracy %.2f %%",
                    name, texts.classNames().get(tenant), 100 * accuracy);
        }
        List<Service> services = serve(load);
        TenantsReport report = new TenantsReport(
                settings,
                texts.title(),
                questions,
                accuracies,
                load.threads(),
                services,
                check.compare(model, out),
                folder.files());
        TenantsReport written =
                folder.write("the report in " + folder.path(), () -> ReportWriter.write(folder.path(), report));
        out.files(folder.path(), written.files());
        report.base().require();
    }

    private void train(AdapterView view, int tenant, FineTuning fineTuning, long seed, ProgressDisplay progress) {
        List<Integer> answers = answers(texts.train(), tenant);
        EpochBatches batches = new EpochBatches(
                train.size(),
                fineTuning.batchSize(),
                seed,
                indices -> new Batch(train.batch(indices), Classes.oneHot(answers, indices, ANSWERS)));
        progress.show(
                view.names().get(0),
                fineTuning.steps(),
                listener -> fineTuning.run(view, Loss.softmaxCrossEntropy(), batches, listener));
    }

    private static List<Integer> answers(LabelledTexts texts, int tenant) {
        return texts.classes().stream().map(label -> label == tenant ? 1 : 0).toList();
    }

    /**
     * Requests to a service: test texts and tenants in turn.
     *
     * @param requests their number
     * @param threads the number of threads that send them, each the next one after an answer
     * @param mostTexts the most texts of a batch
     */
    public record Load(int requests, int threads, int mostTexts) {}

    private List<Service> serve(Load load) {
        out.section("%,d requests of all tenants in turn", load.requests());
        warmUp(load);
        List<INDArray> expected = new ArrayList<>();
        List<Service> services = new ArrayList<>();
        services.add(measure("one by one", 1, load, this::alone, expected));
        services.add(
                measure(load.threads() + " threads, each on its own", load.threads(), load, this::alone, expected));
        BatchingPredictor predictor =
                BatchingPredictor.builder(model).maxBatchRows(load.mostTexts()).build();
        Service batched;
        try (predictor) {
            batched = measure(
                    load.threads() + " threads, in mixed batches",
                    load.threads(),
                    load,
                    i -> predictor.predict(text(i), tenant(i)),
                    expected);
        }
        services.add(batched);
        out.fact(
                "%.1f texts in a batch on average",
                predictor.stats().batchRequests().mean());
        return services;
    }

    private void warmUp(Load load) {
        for (int i = 0; i < Math.min(load.requests(), 50); i++) {
            alone(i);
        }
    }

    private INDArray alone(int i) {
        return model.using(tenant(i)).predict(text(i));
    }

    private Sequences text(int i) {
        return test.batch(i % test.size());
    }

    private String tenant(int i) {
        return names.get(i % names.size());
    }

    /** Sends all requests, and compares the outputs with the expected ones, or takes them as these if there are none. */
    private Service measure(
            String name, int threads, Load load, IntFunction<INDArray> predict, List<INDArray> expected) {
        long start = System.nanoTime();
        List<INDArray> outputs = send(threads, load.requests(), predict);
        double seconds = (System.nanoTime() - start) / 1e9;
        if (expected.isEmpty()) {
            expected.addAll(outputs);
        }
        double difference = IntStream.range(0, outputs.size())
                .mapToDouble(
                        i -> outputs.get(i).sub(expected.get(i)).amaxNumber().doubleValue())
                .max()
                .orElse(0);
        Service service = new Service(name, load.requests(), seconds, difference);
        out.fact("%-32s %,8.1f requests/s", name, service.perSecond());
        return service;
    }

    private static List<INDArray> send(int threads, int requests, IntFunction<INDArray> predict) {
        ExecutorService clients = Executors.newFixedThreadPool(threads);
        try {
            List<Future<INDArray>> sent = IntStream.range(0, requests)
                    .mapToObj(i -> clients.submit(() -> predict.apply(i)))
                    .toList();
            List<INDArray> outputs = new ArrayList<>();
            for (Future<INDArray> one : sent) {
                outputs.add(one.get());
            }
            return outputs;
        } catch (ExecutionException e) {
            throw new IllegalStateException("a request failed: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the requests were interrupted", e);
        } finally {
            clients.shutdown();
        }
    }
}
