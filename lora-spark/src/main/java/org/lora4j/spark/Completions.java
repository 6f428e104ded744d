package org.lora4j.spark;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.BatchGenerator;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.RunningGeneration;
import org.lora4j.text.Tokenizer;

/**
 * The texts that a language model generates. The rows of a block are generated together, each with its adapter.
 *
 * @param reader how the prompts are read
 * @param options how tokens are chosen
 */
record Completions(DecoderReader reader, SentOptions options) implements RowOutputs<BaseDecoder, Completions.Prompt> {
    /**
     * A text to continue.
     *
     * @param ids its tokens
     * @param seed the seed of the draws
     */
    @SuppressWarnings("ArrayRecordComponent") // It is not compared.
    record Prompt(int[] ids, long seed) {}

    @Override
    public int width() {
        return 1;
    }

    @Override
    public Prompt read(ScoringTask.Scorer<BaseDecoder> scorer, Row row, @Nullable Object key) {
        return new Prompt(reader.prompt(row), key == null ? options.seed() : 31 * options.seed() + key.hashCode());
    }

    @Override
    public List<Object[]> compute(ScoringTask.Scorer<BaseDecoder> scorer, List<Usable<Prompt>> rows) {
        BaseDecoder base = scorer.base().value();
        Tokenizer tokenizer = base.decoder().tokenizer();
        RunningGeneration[] generations = generate(scorer, rows);
        return Arrays.stream(generations)
                .map(generation -> new Object[] {
                    tokenizer.decode(generation.result().tokens().stream()
                            .mapToInt(Integer::intValue)
                            .toArray())
                })
                .toList();
    }

    private RunningGeneration[] generate(ScoringTask.Scorer<BaseDecoder> scorer, List<Usable<Prompt>> rows) {
        // Each processor can have a task, and all tasks together half of the memory.
        long room = Runtime.getRuntime().maxMemory() / 2 / Runtime.getRuntime().availableProcessors();
        BatchGenerator batch = BatchGenerator.of(scorer.model().base(), room);
        RunningGeneration[] generations = new RunningGeneration[rows.size()];
        Deque<Integer> waiting = new ArrayDeque<>();
        IntStream.range(0, generations.length).forEach(waiting::add);
        int running = 0;
        while (running > 0 || !waiting.isEmpty()) {
            while (!waiting.isEmpty() && add(scorer, batch, generations, rows, waiting.getFirst(), running)) {
                waiting.removeFirst();
                running++;
            }
            running = batch.step();
        }
        return generations;
    }

    /** Adds a text if there is room for it. */
    private boolean add(
            ScoringTask.Scorer<BaseDecoder> scorer,
            BatchGenerator batch,
            RunningGeneration[] generations,
            List<Usable<Prompt>> rows,
            int index,
            int running) {
        Usable<Prompt> row = rows.get(index);
        int[] ids = row.input().ids();
        GenerationOptions fitting = scorer.base()
                .value()
                .tokens()
                .fitting(options.options(row.input().seed()), ids.length);
        try {
            generations[index] = batch.add(scorer.of(row.adapter()), ids, fitting);
            return true;
        } catch (IllegalStateException e) {
            if (running == 0) {
                throw e;
            }
            return false;
        }
    }
}
