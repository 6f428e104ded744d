package org.lora4j.spark.internal.score;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.lora4j.nn.input.Sequences;
import org.lora4j.spark.internal.base.BaseTagger;
import org.lora4j.spark.internal.base.InvalidRowException;
import org.lora4j.spark.internal.rows.TableColumns;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.TextTags;
import org.lora4j.text.tokens.TextWords;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The parts of texts that a model finds. Short texts are computed together, whatever their adapters are.
 *
 * @param text the index of the column of the texts
 */
public record FoundSpans(int text) implements RowOutputs<BaseTagger, FoundSpans.Tokens> {
    /**
     * A text with its tokens.
     *
     * @param tags what is done with it
     * @param text the text
     * @param windows its tokens, in one or several windows
     */
    public record Tokens(Tag.OnModel tags, TextWords text, Sequences windows) {}

    /** The type of the column: spans, of which the offsets count code points, as those of Python do. */
    public static DataType type() {
        return DataTypes.createArrayType(
                new StructType()
                        .add("start", DataTypes.IntegerType, false)
                        .add("end", DataTypes.IntegerType, false)
                        .add("label", DataTypes.StringType, false)
                        .add("score", DataTypes.DoubleType, false)
                        .add("text", DataTypes.StringType, false),
                false);
    }

    @Override
    public int width() {
        return 1;
    }

    @Override
    public Tokens read(ScoringTask.Scorer<BaseTagger> scorer, Row row, String adapter) {
        TableColumns.requireValue(row, text, "textCol: the texts");
        Tag.OnModel tags = tags(scorer, adapter);
        TextWords words = TextWords.of(row.getString(text));
        try {
            return new Tokens(tags, words, tags.tokens(List.of(words)));
        } catch (IllegalArgumentException e) {
            throw new InvalidRowException("a row cannot be computed: " + e.getMessage(), e);
        }
    }

    private static Tag.OnModel tags(ScoringTask.Scorer<BaseTagger> scorer, String adapter) {
        String name = scorer.name(adapter);
        Tag.OnModel known = scorer.base().value().tags(name);
        if (known == null) {
            // It is so long ago that it was loaded that only its numbers are still here.
            scorer.reload(name);
            known = Objects.requireNonNull(scorer.base().value().tags(name));
        }
        return known;
    }

    @Override
    public List<Object[]> compute(ScoringTask.Scorer<BaseTagger> scorer, List<Usable<Tokens>> rows) {
        Object[][] columns = new Object[rows.size()][];
        for (List<Integer> some : RowRuns.of(rows, input -> input.windows().tokens())) {
            List<List<INDArray>> computed =
                    together(scorer, some.stream().map(rows::get).toList());
            for (int i = 0; i < some.size(); i++) {
                columns[some.get(i)] = new Object[] {spans(rows.get(some.get(i)).input(), computed.get(i))};
            }
        }
        return new ArrayList<>(List.of(columns));
    }

    /** The outputs of the windows of each row, {@code [tokens, tags]}. Adapters can have different tags. */
    private static List<List<INDArray>> together(ScoringTask.Scorer<BaseTagger> scorer, List<Usable<Tokens>> rows) {
        List<int[]> ids = new ArrayList<>();
        List<String> adapters = new ArrayList<>();
        for (Usable<Tokens> row : rows) {
            Sequences windows = row.input().windows();
            for (int w = 0; w < windows.count(); w++) {
                int start = windows.start(w);
                ids.add(IntStream.range(start, start + windows.length(w))
                        .map(windows::id)
                        .toArray());
                adapters.add(scorer.name(row.adapter()));
            }
        }
        List<INDArray> outputs = scorer.model().predictEach(Sequences.of(ids.toArray(int[][]::new)), adapters);
        List<List<INDArray>> each = new ArrayList<>();
        int from = 0;
        for (Usable<Tokens> row : rows) {
            int to = from + row.input().windows().count();
            each.add(outputs.subList(from, to));
            from = to;
        }
        return each;
    }

    private static Row[] spans(Tokens row, List<INDArray> outputs) {
        INDArray all = outputs.size() == 1 ? outputs.get(0) : Nd4j.concat(0, outputs.toArray(INDArray[]::new));
        TextTags tags = row.tags().read(List.of(row.text()), all).get(0);
        return tags.inCodePoints().spans().stream()
                .map(span -> RowFactory.create(span.start(), span.end(), span.label(), span.score(), span.text()))
                .toArray(Row[]::new);
    }
}
