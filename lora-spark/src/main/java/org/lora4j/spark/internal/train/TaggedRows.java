package org.lora4j.spark.internal.train;

import java.util.List;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.DefaultSteps;
import org.lora4j.spark.internal.base.BaseTagger;
import org.lora4j.spark.internal.param.InvalidRows;
import org.lora4j.spark.internal.param.LossName;
import org.lora4j.spark.internal.rows.TableColumns;
import org.lora4j.spark.internal.rows.TagColumns;
import org.lora4j.spark.internal.rows.TagReader;
import org.lora4j.spark.param.HasTraining;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.tokens.TagScheme;

/**
 * Texts with labels of their parts.
 *
 * @param stage the estimator
 * @param columns where the texts and the labels are
 * @param tag the tags that are learned
 * @param params the parameters of the estimator that decide what a row is
 */
public record TaggedRows(HasTraining<?> stage, TagColumns columns, Tag tag, List<Param<?>> params)
        implements TrainingForm<BaseTagger> {
    /** A column of more labels is none of labels, and a model has an output for several tags of each. */
    private static final int MOST_LABELS = 1_000;

    /**
     * Finds the tags of a table: those of IOB2 for each label of a span, in the order of their names.
     *
     * @throws IllegalArgumentException if no row has a span, or there are more than 1,000 labels
     */
    public static Labels tags(HasTraining<?> stage, TagColumns columns, Dataset<?> table) {
        TagReader reader = new TagReader(null, columns, skipsInvalid(stage));
        OrderedRows order = new OrderedRows(stage.isDefined(stage.idCol()), reader.skipsInvalid(), reader);
        JavaRDD<Row> rows = select(stage, columns, table, 0).javaRDD();
        JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(table.sparkSession().sparkContext());
        TreeSet<String> labels = new TreeSet<>(new JobNames(spark)
                .run(
                        "LoRA: find the labels",
                        () -> rows.filter(row -> order.named(row, reader::isUsed))
                                .flatMap(row -> order.named(row, reader::labels).iterator())
                                .distinct()
                                .take(MOST_LABELS + 1)));
        if (labels.isEmpty() || labels.size() > MOST_LABELS) {
            throw new IllegalArgumentException("the table must have spans of 1 to " + MOST_LABELS + " labels, found "
                    + (labels.isEmpty() ? "none" : "more") + " in the column '" + columns.second() + "'");
        }
        return Labels.of(TagScheme.IOB2.tags(List.copyOf(labels)));
    }

    private static boolean skipsInvalid(HasTraining<?> stage) {
        return InvalidRows.of(stage.getHandleInvalid()) != InvalidRows.ERROR;
    }

    @Override
    public BaseTagger read(Configuration hadoop, long mostBytes) {
        return BaseTagger.read(stage.getBasePath(), 0, hadoop, mostBytes).learning(tag);
    }

    /** The columns were checked before the labels were read. */
    @Override
    public void requireFit(StructType schema, BaseTagger base) {
        base.learner();
    }

    @Override
    public LoRAConfig config(LoRAConfig config, BaseTagger base) {
        return tag.head().config(config, base.network());
    }

    @Override
    public LossName loss() {
        return LossName.TOKEN_CLASSES;
    }

    @Override
    public boolean hasWeights() {
        return false;
    }

    @Override
    public int inputs(BaseTagger base) {
        return -1;
    }

    @Override
    public String task(StructType schema, BaseTagger base) {
        return TaskFile.json(base.learned());
    }

    @Override
    public int defaultSteps() {
        return DefaultSteps.ENOUGH;
    }

    @Override
    public JavaRDD<Shard> shards(Broadcast<BaseTagger> base, Dataset<?> table, int batchSize, int workers, long seed) {
        TagReader reader = new TagReader(base, columns, skipsInvalid(stage));
        return new OrderedRows(stage.isDefined(stage.idCol()), reader.skipsInvalid(), reader)
                .shards(select(stage, columns, table, seed), batchSize, workers);
    }

    /** The key, and the two columns. */
    private static Dataset<Row> select(HasTraining<?> stage, TagColumns columns, Dataset<?> table, long seed) {
        Column first = TableColumns.column(columns.first());
        Column second = TableColumns.column(columns.second());
        Column key = stage.isDefined(stage.idCol())
                ? TableColumns.column(stage.getIdCol())
                : functions.xxhash64(functions.lit(seed), first, second);
        return table.select(key.as(OrderedRows.KEY), first, second);
    }
}
