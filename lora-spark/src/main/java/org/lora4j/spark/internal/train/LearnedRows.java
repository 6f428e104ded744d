package org.lora4j.spark.internal.train;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.lora4j.spark.internal.base.BaseDecoder;
import org.lora4j.spark.internal.param.InvalidRows;
import org.lora4j.spark.internal.param.LossName;
import org.lora4j.spark.internal.rows.DecoderColumns;
import org.lora4j.spark.internal.rows.LearnedReader;
import org.lora4j.spark.internal.rows.TableColumns;
import org.lora4j.spark.param.HasDecoder;

/**
 * Texts and conversations that a language model learns. Each conversation is an example. Plain texts are put one after the
 * other and cut into blocks, each of which is an example.
 *
 * @param stage the estimator
 */
public record LearnedRows(HasDecoder<?> stage) implements TrainingForm<BaseDecoder> {
    @Override
    public BaseDecoder read(Configuration hadoop, long mostBytes) {
        return BaseDecoder.read(stage, hadoop, mostBytes);
    }

    @Override
    public void requireFit(StructType schema, BaseDecoder base) {
        DecoderColumns columns = DecoderColumns.of(stage, schema, true);
        base.maxTokens();
        if (columns.form() == DecoderColumns.Form.MESSAGES
                && base.decoder().template().isEmpty()) {
            throw new IllegalArgumentException("messagesCol: the decoder in " + stage.getBasePath()
                    + " must have a chat template, in chat_template.jinja or in tokenizer_config.json, found none; use"
                    + " a model that was trained for chats, or promptCol and completionCol");
        }
    }

    @Override
    public LossName loss() {
        return LossName.NEXT_TOKEN;
    }

    @Override
    public boolean hasWeights() {
        return false;
    }

    @Override
    public int inputs(BaseDecoder base) {
        return -1;
    }

    @Override
    public int defaultSteps() {
        return 0;
    }

    @Override
    public List<Param<?>> params() {
        return DecoderColumns.params(stage);
    }

    @Override
    public JavaRDD<Shard> shards(Broadcast<BaseDecoder> base, Dataset<?> table, int batchSize, int workers, long seed) {
        DecoderColumns columns = DecoderColumns.of(stage, table.schema(), true);
        Dataset<Row> selected = select(columns, table, seed);
        boolean skipsInvalid = InvalidRows.of(stage.getHandleInvalid()) != InvalidRows.ERROR;
        LearnedReader reader = new LearnedReader(columns.reader(base, selected.schema()), skipsInvalid);
        OrderedRows order = new OrderedRows(stage.isDefined(stage.idCol()), skipsInvalid, reader);
        return columns.form() == DecoderColumns.Form.TEXT
                ? new PackedTexts(reader, base.value().maxTokens())
                        .shards(order, order.rows(selected), batchSize, workers)
                : order.shards(selected, batchSize, workers);
    }

    private Dataset<Row> select(DecoderColumns columns, Dataset<?> table, long seed) {
        List<Column> texts = columns.names().stream().map(TableColumns::column).toList();
        List<Column> hashed = new ArrayList<>(texts);
        hashed.add(0, functions.lit(seed));
        Column key = stage.isDefined(stage.idCol())
                ? TableColumns.column(stage.getIdCol())
                : functions.xxhash64(hashed.toArray(Column[]::new));
        List<Column> all = new ArrayList<>(texts);
        all.add(0, key.as(OrderedRows.KEY));
        return table.select(all.toArray(Column[]::new));
    }
}
