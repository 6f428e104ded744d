package org.lora4j.spark.internal.score;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.BatchGenerator;
import org.lora4j.generate.RunningGeneration;
import org.lora4j.serve.AdapterCache;
import org.lora4j.spark.internal.base.BaseDecoder;
import org.lora4j.spark.internal.base.InvalidRowException;

/**
 * The rows of a partition with the texts that are generated for them, in their order. Up to {@code batchSize} texts are generated
 * together, each with its adapter. When one ends, that of the next row joins the others.
 */
public final class GeneratedRows implements Iterator<Row> {
    /** How many times {@code batchSize} rows are kept, because a row before them has not ended. */
    private static final int KEPT = 4;

    private final Iterator<Row> rows;
    private final ScoringTask.Scorer<BaseDecoder> scorer;
    private final int most;
    private final Completions completions;
    private final ResultRows results;
    private final RowAdapters adapters;
    private final BatchGenerator batch;
    private final Deque<Place> places = new ArrayDeque<>();
    /** The last of the places, if there was no room for its text. */
    private @Nullable Place waiting;

    private int running;
    private @Nullable Row ready;

    /** A row, and what became of it. */
    private static final class Place {
        private final Row row;
        private Completions.@Nullable Prompt prompt;
        private AdapterCache.@Nullable Pin pin;
        private @Nullable RunningGeneration generation;
        private @Nullable String text;
        private @Nullable InvalidRowException failure;

        Place(Row row) {
            this.row = row;
        }

        boolean hasEnded() {
            return text != null || failure != null;
        }

        void close() {
            if (pin != null) {
                pin.close();
                pin = null;
            }
        }
    }

    public GeneratedRows(
            Iterator<Row> rows,
            ScoringTask.Scorer<BaseDecoder> scorer,
            ScoringColumns columns,
            Completions completions) {
        this.rows = rows;
        this.scorer = scorer;
        this.completions = completions;
        most = columns.blockSize();
        results = new ResultRows(columns, 1);
        adapters = new RowAdapters(scorer.cache());
        // Each processor can have a task, and all tasks together half of the memory.
        long room = Runtime.getRuntime().maxMemory() / 2 / Runtime.getRuntime().availableProcessors();
        batch = BatchGenerator.of(scorer.model().base(), room);
        TaskContext task = TaskContext.get();
        if (task != null) {
            // A task can end before its last row.
            task.addTaskCompletionListener((TaskCompletionListener) context -> places.forEach(Place::close));
        }
    }

    @Override
    public boolean hasNext() {
        while (ready == null) {
            Place first = places.peekFirst();
            if (first == null && !rows.hasNext()) {
                return false;
            }
            if (first != null && first.hasEnded()) {
                places.removeFirst();
                ready = result(first);
            } else {
                fill();
                step();
            }
        }
        return true;
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Row next = Objects.requireNonNull(ready);
        ready = null;
        return next;
    }

    private @Nullable Row result(Place place) {
        return place.failure == null
                ? results.computed(place.row, new Object[] {place.text})
                : results.invalid(place.row, place.failure);
    }

    private void fill() {
        while (running < most) {
            Place place = waiting;
            if (place == null) {
                if (places.size() >= KEPT * most || !rows.hasNext()) {
                    return;
                }
                place = new Place(rows.next());
                places.addLast(place);
            }
            waiting = start(place) ? null : place;
            if (waiting != null) {
                return;
            }
        }
    }

    /** Starts the text of a row, unless the row is invalid; false if there is no room for it yet. */
    private boolean start(Place place) {
        try {
            if (place.prompt == null) {
                place.prompt = completions.read(place.row, results.key(place.row));
            }
            String adapter = results.adapter(place.row);
            if (place.pin == null) {
                place.pin = adapters.pin(adapter);
            }
            place.generation = batch.add(
                    scorer.of(adapter),
                    place.prompt.ids(),
                    completions.options(scorer.base().value(), place.prompt));
            running++;
        } catch (IllegalStateException e) {
            if (running > 0) {
                return false;
            }
            fail(place, e);
        } catch (IllegalArgumentException e) {
            fail(place, e);
        }
        return true;
    }

    private void step() {
        if (running == 0) {
            return;
        }
        batch.step();
        for (Place place : places) {
            RunningGeneration generation = place.generation;
            if (generation != null && generation.isFinished()) {
                end(place, generation);
            }
        }
    }

    private void end(Place place, RunningGeneration generation) {
        place.generation = null;
        running--;
        try {
            place.text = completions.text(scorer.base().value(), generation.result());
            place.close();
        } catch (ArithmeticException e) {
            fail(place, e);
        }
    }

    private static void fail(Place place, RuntimeException e) {
        place.failure = e instanceof InvalidRowException invalid
                ? invalid
                : new InvalidRowException("a row cannot be computed: " + e.getMessage(), e);
        place.close();
    }
}
