package org.lora4j.spark.internal.train;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.param.Param;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.DefaultSteps;
import org.lora4j.spark.internal.base.BaseNetwork;
import org.lora4j.spark.internal.param.EncoderHead;
import org.lora4j.spark.internal.param.InvalidRows;
import org.lora4j.spark.internal.param.LossName;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.rows.LabelReader;
import org.lora4j.spark.internal.rows.LabelledReader;
import org.lora4j.spark.internal.rows.TableColumns;
import org.lora4j.spark.param.HasLabel;

/**
 * Rows with an input and a label.
 *
 * @param stage the estimator
 * @param loss the loss
 * @param outputCheck refuses a base with another number of outputs than the stage needs
 */
public record LabelledRows(HasLabel<?> stage, LossName loss, LongConsumer outputCheck)
        implements TrainingForm<BaseNetwork> {
    @Override
    public BaseNetwork read(Configuration hadoop, long mostBytes) {
        return BaseNetwork.read(stage.getBasePath(), BaseColumns.encoder(stage), hadoop, mostBytes, false);
    }

    @Override
    public void requireFit(StructType schema, BaseNetwork base) {
        BaseColumns.requireFit(stage, schema, base);
        if (base.isEncoder() && !BaseColumns.hasTexts(stage, schema)) {
            base.requireTokensAreEnough();
        }
        outputCheck.accept(base.network().outputSize());
    }

    /** The classifier of a decoder has another name than that of an encoder, which {@code adapterConfig} takes. */
    @Override
    public LoRAConfig config(LoRAConfig config, BaseNetwork base) {
        if (!base.isDecoder() || !config.modulesToSave().contains(EncoderHead.CLASSIFIER_MODULE)) {
            return config;
        }
        return config.toBuilder()
                .modulesToSave(config.modulesToSave().stream()
                        .map(module -> module.equals(EncoderHead.CLASSIFIER_MODULE) ? EncoderHead.SCORE_MODULE : module)
                        .distinct()
                        .toList())
                .build();
    }

    @Override
    public boolean hasWeights() {
        return stage.isDefined(stage.weightCol());
    }

    @Override
    public int inputs(BaseNetwork base) {
        return base.isEncoder() ? -1 : Math.toIntExact(base.network().inputSize());
    }

    /** Tokens do not say where their texts were cut. */
    @Override
    public @Nullable String task(StructType schema, BaseNetwork base) {
        return base.isEncoder() && BaseColumns.hasTexts(stage, schema)
                ? base.texts().json(loss.problem())
                : null;
    }

    @Override
    public int defaultSteps() {
        return DefaultSteps.ENOUGH;
    }

    @Override
    public List<Param<?>> params() {
        return List.of(stage.featuresCol(), stage.maskCol(), stage.pairCol(), stage.labelCol(), stage.weightCol());
    }

    @Override
    public JavaRDD<Shard> shards(Broadcast<BaseNetwork> base, Dataset<?> table, int batchSize, int workers, long seed) {
        boolean skipsInvalid = InvalidRows.of(stage.getHandleInvalid()) != InvalidRows.ERROR;
        LabelReader labels = new LabelReader(
                base.value().network().outputSize(), base.value().network().dataType(), loss);
        LabelledReader reader = LabelledReader.of(
                base, BaseColumns.mask(stage) != null, BaseColumns.pair(stage) != null, labels, skipsInvalid);
        boolean hasIds = stage.isDefined(stage.idCol());
        return new OrderedRows(hasIds, skipsInvalid || hasWeights(), reader)
                .shards(select(table, seed), batchSize, workers);
    }

    /** The columns in the order of {@link LabelledReader}, after the key. */
    private Dataset<Row> select(Dataset<?> table, long seed) {
        Column features = TableColumns.column(stage.getFeaturesCol());
        Column label = TableColumns.column(stage.getLabelCol());
        Column mask = columnOrNull(BaseColumns.mask(stage), DataTypes.createArrayType(DataTypes.IntegerType));
        String pairCol = BaseColumns.pair(stage);
        Column pair = columnOrNull(pairCol, DataTypes.StringType);
        Column weight = hasWeights()
                ? TableColumns.column(stage.getWeightCol()).cast(DataTypes.DoubleType)
                : functions.lit(1.0);
        Column key;
        if (stage.isDefined(stage.idCol())) {
            key = TableColumns.column(stage.getIdCol());
        } else {
            List<Column> content = new ArrayList<>(List.of(functions.lit(seed), features, label, mask));
            if (hasWeights()) {
                content.add(weight);
            }
            if (pairCol != null) {
                content.add(pair);
            }
            key = functions.xxhash64(content.toArray(Column[]::new));
        }
        return table.select(
                key.as(OrderedRows.KEY),
                features.as("features"),
                label.as("label"),
                weight.as("weight"),
                mask.as("mask"),
                pair.as("pair"));
    }

    private static Column columnOrNull(@Nullable String column, DataType type) {
        return column == null ? functions.lit(null).cast(type) : TableColumns.column(column);
    }
}
