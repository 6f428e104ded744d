package org.lora4j.bench;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Model;
import org.lora4j.train.Batch;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.learning.config.Adam;

/** Trains with the public {@link Trainer} and measures its steps. The batches repeat. */
final class TrainingWork implements TrainingListener {
    private static final int LOSSES = 20;
    private static final int STEPS_PER_SAMPLE = 250;

    private final Settings settings;
    private final BlockClock clock;
    private final List<Double> losses = new ArrayList<>();
    private final List<Long> resident = new ArrayList<>();
    private final List<Long> steps = new ArrayList<>();
    private long stepBegin;
    private boolean more = true;

    TrainingWork(Settings settings) {
        this.settings = settings;
        clock = new BlockClock(settings.warm(), settings.seconds());
    }

    void run(Map<String, Object> result) {
        Start start = settings.start();
        Model model = switch (settings.variant()) {
            case "base" -> start.network();
            case "lora" -> start.model(settings.rank(), false, settings.adapters());
            case "dora" -> start.model(settings.rank(), true, settings.adapters());
            default ->
                throw new IllegalArgumentException(
                        "the variant must be base, lora or dora, found " + settings.variant());
        };
        if (settings.storage() != Precision.FLOAT) {
            start.network().setBaseStorage(BaseStorage.of(settings.storage()));
        }
        stepBegin = System.nanoTime();
        Trainer.builder(model)
                .updater(new Adam(settings.rate()))
                .listener(this)
                .build()
                .fit(repeated(start.batches()));
        result.put("numbers", losses);
        if (settings.steps() > 0) {
            result.put("resident", resident);
            result.put("steps", steps);
        } else {
            result.put("nanos", clock.median());
            result.put("cpu", clock.cpu());
        }
    }

    @Override
    public void onIteration(Iteration iteration) {
        if (losses.size() < LOSSES) {
            losses.add(iteration.loss());
        }
        if (settings.steps() > 0) {
            long now = System.nanoTime();
            steps.add(now - stepBegin);
            stepBegin = now;
            more = iteration.iteration() < settings.steps();
            if (iteration.iteration() % STEPS_PER_SAMPLE == 0 && ResidentMemory.isKnown()) {
                resident.add(ResidentMemory.now());
            }
        } else {
            more = clock.tick();
        }
    }

    /** Repeats some batches until the measurement is over. */
    private Iterable<Batch> repeated(List<Batch> batches) {
        return () -> new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return more;
            }

            @Override
            public Batch next() {
                return batches.get(next++ % batches.size());
            }
        };
    }
}
