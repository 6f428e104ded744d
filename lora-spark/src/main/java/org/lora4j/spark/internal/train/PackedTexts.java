package org.lora4j.spark.internal.train;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import org.lora4j.spark.internal.rows.Example;
import org.lora4j.spark.internal.rows.LearnedReader;
import org.lora4j.text.data.TokenExample;
import scala.Tuple2;

/**
 * Puts the tokens of texts one after the other, in the order of the rows, and cuts them into blocks. The blocks do not depend on
 * the partitions of the table.
 *
 * @param reader how texts are read
 * @param block the tokens of a block; the last one can have fewer
 */
record PackedTexts(LearnedReader reader, int block) implements Serializable {
    /** Some tokens of a block. Spark's Kryo cannot send records, so it is none. */
    private static final class Piece implements Serializable {
        private static final long serialVersionUID = 1L;

        private final long block;
        private final int offset;
        private final int[] ids;

        Piece(long block, int offset, int[] ids) {
            this.block = block;
            this.offset = offset;
            this.ids = ids;
        }
    }

    JavaRDD<Shard> shards(OrderedRows order, JavaRDD<Row> rows, int batchSize, int workers) {
        JavaRDD<int[]> texts = rows.map(row -> order.named(row, reader::text));
        List<Long> counts = texts.mapPartitions(PackedTexts::count).collect();
        long[] before = new long[counts.size() + 1];
        for (int i = 0; i < counts.size(); i++) {
            before[i + 1] = before[i] + counts.get(i);
        }
        // Nothing predicts a token that stands alone in the last block.
        long all = before[counts.size()];
        long used = all % block == 1 ? all - 1 : all;
        return texts.mapPartitionsWithIndex((part, ids) -> pieces(ids, before[part], used), false)
                .mapToPair(piece -> new Tuple2<>(Shard.worker(piece.block, batchSize, workers), piece))
                .partitionBy(new HashPartitioner(workers))
                .values()
                .mapPartitions(pieces -> List.of(shard(pieces)).iterator())
                .persist(StorageLevel.MEMORY_AND_DISK());
    }

    private static Iterator<Long> count(Iterator<int[]> texts) {
        long sum = 0;
        while (texts.hasNext()) {
            sum += texts.next().length;
        }
        return List.of(sum).iterator();
    }

    /**
     * Cuts texts.
     *
     * @param first the number of the first token among all
     * @param used the number of all tokens that are used
     */
    private Iterator<Piece> pieces(Iterator<int[]> texts, long first, long used) {
        List<Piece> pieces = new ArrayList<>();
        long at = first;
        while (texts.hasNext()) {
            int[] ids = texts.next();
            int from = 0;
            while (from < ids.length && at < used) {
                int offset = (int) (at % block);
                int to = (int) Math.min(Math.min(ids.length, from + (long) block - offset), from + used - at);
                pieces.add(new Piece(at / block, offset, Arrays.copyOfRange(ids, from, to)));
                at += to - from;
                from = to;
            }
        }
        return pieces.iterator();
    }

    private static Shard shard(Iterator<Piece> pieces) {
        Map<Long, List<Piece>> blocks = new TreeMap<>();
        pieces.forEachRemaining(piece ->
                blocks.computeIfAbsent(piece.block, number -> new ArrayList<>()).add(piece));
        List<Example> examples = new ArrayList<>();
        blocks.forEach((number, parts) -> {
            int[] ids = parts.stream()
                    .sorted(Comparator.comparingInt(part -> part.offset))
                    .flatMapToInt(part -> Arrays.stream(part.ids))
                    .toArray();
            examples.add(LearnedReader.example(TokenExample.ofText(ids), number));
        });
        return Shard.of(examples.iterator());
    }
}
