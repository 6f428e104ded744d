package org.lora4j.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Predicts with the public API and measures the calls. */
final class ForwardWork {
    private static final int NUMBERS = 20;

    private final Settings settings;
    private final Supplier<INDArray> predict;

    ForwardWork(Settings settings) {
        this.settings = settings;
        predict = predict(settings.start(), settings.variant(), settings.rank(), settings.adapters());
    }

    /**
     * Returns the prediction of a variant.
     *
     * @param variant base, lora (one active adapter), into (the same, into an array that exists), two (two active
     *     adapters), merged, or mixed (an adapter for each row)
     */
    static Supplier<INDArray> predict(Start start, String variant, int rank, int adapters) {
        INDArray x = start.x();
        switch (variant) {
            case "base" -> {
                return () -> start.network().predict(x);
            }
            case "lora" -> {
                LoRAModel model = start.model(rank, false, adapters);
                return () -> model.predict(x);
            }
            case "into" -> {
                LoRAModel model = start.model(rank, false, adapters);
                INDArray y = model.predict(x);
                return () -> {
                    model.predictInto(x, y);
                    return y;
                };
            }
            case "two" -> {
                LoRAModel model = start.model(rank, false, 2);
                model.activate(Start.name(0), Start.name(1));
                return () -> model.predict(x);
            }
            case "merged" -> {
                Network merged = start.model(rank, false, 1).merge(Start.name(0));
                return () -> merged.predict(x);
            }
            case "mixed" -> {
                LoRAModel model = start.model(rank, false, adapters);
                List<String> names = Start.names(Math.toIntExact(x.size(0)), adapters);
                return () -> model.predict(x, names);
            }
            default ->
                throw new IllegalArgumentException(
                        "the variant must be base, lora, into, two, merged or mixed, found " + variant);
        }
    }

    void run(Map<String, Object> result) {
        result.put("numbers", numbers(predict.get()));
        if (settings.steps() > 0) {
            return;
        }
        BlockClock clock = new BlockClock(settings.warm(), settings.seconds());
        boolean more = true;
        while (more) {
            INDArray y = predict.get();
            if (!settings.variant().equals("into")) {
                y.close();
            }
            more = clock.tick();
        }
        result.put("nanos", clock.median());
    }

    /** Returns the first values, and the mean square of all values. */
    private static List<Double> numbers(INDArray y) {
        List<Double> numbers = new ArrayList<>();
        double squares = 0;
        for (long i = 0; i < y.length(); i++) {
            double value = y.getDouble(i);
            squares += value * value;
            if (numbers.size() < NUMBERS) {
                numbers.add(value);
            }
        }
        numbers.add(squares / y.length());
        return numbers;
    }

    /** Measures how long {@link LoRAModel#using} takes, for one adapter after the other, and the memory of the adapters. */
    static void switchAdapters(Settings settings, Map<String, Object> result) throws InterruptedException, IOException {
        Start start = settings.start();
        LoRAAdapter adapter = start.adapter(settings.rank(), false, 0);
        LoRAModel model = LoRAModel.of(start.network());
        int first = settings.adapters() / 10;
        add(model, adapter, 0, first);
        long before = ResidentMemory.settled();
        add(model, adapter, first, settings.adapters());
        long after = ResidentMemory.settled();
        String[] names = model.names().toArray(String[]::new);
        BlockClock clock = new BlockClock(settings.warm(), settings.seconds());
        int next = 0;
        int chosen = 0;
        boolean more = true;
        while (more) {
            chosen += model.using(names[next]).names().size();
            next = next + 1 == names.length ? 0 : next + 1;
            more = clock.tick();
        }
        result.put("nanos", clock.median());
        result.put("chosen", chosen);
        result.put("resident", after - before);
        result.put("file", savedBytes(model.using(names[0])));
        result.put("bytes", bytes(model) * (settings.adapters() - first) / settings.adapters());
    }

    private static void add(LoRAModel model, LoRAAdapter adapter, int from, int to) {
        for (int i = from; i < to; i++) {
            model.add(Start.name(i), adapter);
        }
    }

    /** Returns the bytes of the files of an adapter. */
    private static long savedBytes(AdapterView adapter) throws IOException {
        Path folder = Files.createTempDirectory("adapter");
        adapter.save(folder);
        long bytes = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                bytes += Files.size(file);
                Files.delete(file);
            }
        }
        Files.delete(folder);
        return bytes;
    }

    /** Returns the bytes of all parameters of the adapters. */
    private static long bytes(LoRAModel model) {
        return model.names().stream()
                .flatMap(name -> model.parameters(name).stream())
                .mapToLong(parameter -> parameter.value().length() * Float.BYTES)
                .sum();
    }
}
