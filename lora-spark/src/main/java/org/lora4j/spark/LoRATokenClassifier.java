package org.lora4j.spark;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.base.AdapterBytes;
import org.lora4j.spark.internal.param.Choice;
import org.lora4j.spark.internal.param.TextParam;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.rows.TableColumns;
import org.lora4j.spark.internal.rows.TagColumns;
import org.lora4j.spark.internal.score.FoundSpans;
import org.lora4j.spark.internal.train.TaggedRows;
import org.lora4j.spark.internal.train.Training;
import org.lora4j.spark.param.HasTraining;
import org.lora4j.spark.param.RoundListener;
import org.lora4j.text.task.Tag;

/**
 * Trains an adapter that finds parts of texts, such as names, products or personal data, on an encoder or a decoder. The rows are words
 * with a tag each, or texts with spans:
 *
 * <pre>{@code
 * LoRATagger model = new LoRATokenClassifier()
 *         .setBasePath("hdfs:///models/minilm")
 *         .setTextCol("text").setLabelCol("label")          // array<struct<start,end,label>>
 *         .setIdCol("id").setRank(8).setAlpha(16)
 *         .fit(table);
 * }</pre>
 *
 * <p><b>Rows.</b> A table with {@link #tokensCol} has words, and in {@link #tagsCol} their tags in any scheme, such as {@code B-PER} and
 * {@code O}. Another one has texts in {@link #textCol}, and in {@link #labelCol} their spans, as {@link LoRATagger} finds them: {@code
 * start} and {@code end} count code points, and begin and end with words. The adapter learns the tags of IOB2 for all labels of the table.
 *
 * <p><b>What it computes.</b> As with {@link LoRAEstimator}, each {@link #batchSize} rows are a batch, and each step is a job. The loss of
 * a batch is the mean over all its tokens that learn a tag, {@code L = Σ −ln p / n}: the driver weights the gradients of a worker with the
 * number of such tokens that it has. So the result is that of a {@link org.lora4j.train.Trainer} with a {@link
 * org.lora4j.text.train.TrainableTag} on one machine, except for rounding. The classifier of the tags is new, and begins with random
 * numbers, as with {@code lora tag --start random}.
 *
 * @serial exclude
 */
public final class LoRATokenClassifier extends Estimator<LoRATagger>
        implements HasTraining<LoRATokenClassifier>, DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private final String uid;
    private transient @Nullable RoundListener listener;

    /** Creates an estimator with the defaults and a random uid. */
    public LoRATokenClassifier() {
        this(Identifiable.randomUID("loraTokenClassifier"));
    }

    /**
     * Creates an estimator with the defaults.
     *
     * @param uid its name among the stages of a pipeline
     */
    public LoRATokenClassifier(String uid) {
        this.uid = uid;
        Defaults.base(this);
        Defaults.training(this);
        setDefault(tokensCol(), "tokens");
        setDefault(tagsCol(), "tags");
        setDefault(textCol(), "text");
        setDefault(labelCol(), "label");
        setDefault(spansCol(), "spans");
        setDefault(subWords(), Choice.text(Tag.SubWords.FIRST.name()));
    }

    @Override
    public String uid() {
        return uid;
    }

    /** {@return the parameter of the column of the words} */
    public Param<String> tokensCol() {
        return TextParam.any(this, "tokensCol", "column of the words, an array of strings");
    }

    /**
     * Sets the column of the words. It stands beside {@link #tagsCol}.
     *
     * @param value a column of arrays of strings
     * @return this
     */
    public LoRATokenClassifier setTokensCol(String value) {
        return (LoRATokenClassifier) set(tokensCol(), value);
    }

    /** {@return the parameter of the column of the tags of the words} */
    public Param<String> tagsCol() {
        return TextParam.any(this, "tagsCol", "column of the tags of the words, an array of strings");
    }

    /**
     * Sets the column of the tags of the words.
     *
     * @param value a column of arrays of strings, such as {@code B-PER}, {@code I-PER} and {@code O}
     * @return this
     */
    public LoRATokenClassifier setTagsCol(String value) {
        return (LoRATokenClassifier) set(tagsCol(), value);
    }

    /** {@return the parameter of the column of the texts} */
    public Param<String> textCol() {
        return TextParam.any(this, "textCol", "column of the texts");
    }

    /**
     * Sets the column of the texts. It stands beside {@link #labelCol}, and the trained transformer reads it.
     *
     * @param value a column of strings
     * @return this
     */
    public LoRATokenClassifier setTextCol(String value) {
        return (LoRATokenClassifier) set(textCol(), value);
    }

    /** {@return the parameter of the column of the spans that are right} */
    public Param<String> labelCol() {
        return TextParam.any(
                this, "labelCol", "column of the spans of the texts, an array of structs with start, end and label");
    }

    /**
     * Sets the column of the spans that are right.
     *
     * @param value a column of arrays of structs with {@code start} and {@code end}, which count code points, and {@code label}; if they
     *     have {@code text} too, it must be that of the place
     * @return this
     */
    public LoRATokenClassifier setLabelCol(String value) {
        return (LoRATokenClassifier) set(labelCol(), value);
    }

    /** {@return the parameter of the column of the spans that the trained transformer finds} */
    public Param<String> spansCol() {
        return TextParam.any(this, "spansCol", "column of the parts that are found, which the trained model adds");
    }

    /**
     * Sets the column of the spans that the trained transformer finds.
     *
     * @param value a new column
     * @return this
     */
    public LoRATokenClassifier setSpansCol(String value) {
        return (LoRATokenClassifier) set(spansCol(), value);
    }

    /** {@return the parameter of which token of a word says its tag} */
    public Param<String> subWords() {
        return TextParam.oneOf(
                this, "subWords", "which token of a word of several tokens says its tag", Tag.SubWords.class);
    }

    /**
     * Sets which token of a word of several tokens says its tag.
     *
     * @param value first, which is the default, or all
     * @return this
     */
    public LoRATokenClassifier setSubWords(String value) {
        return (LoRATokenClassifier) set(subWords(), value);
    }

    /** {@return the parameter of the most tokens of a window} */
    public IntParam maxTokens() {
        return new IntParam(
                this,
                "maxTokens",
                "most tokens of a window (>= 1), into which longer texts are cut; without it, as many as the files of the"
                        + " model say, and 512 for a decoder",
                ParamValidators.gtEq(1));
    }

    /**
     * Sets the most tokens of a window. A longer text trains in windows that overlap, and each of its words counts once.
     *
     * @param value at least 1, and at most the positions of the model. The adapter keeps it
     * @return this
     */
    public LoRATokenClassifier setMaxTokens(int value) {
        return (LoRATokenClassifier) set(maxTokens(), value);
    }

    /**
     * Sets what is told of each round. It is not part of the parameters, and is not saved.
     *
     * @param value the listener
     * @return this
     */
    public LoRATokenClassifier setListener(RoundListener value) {
        listener = value;
        return this;
    }

    /** Words with tags if a column of theirs is set, or the table has them and none of the others is. */
    private TagColumns columns(StructType schema) {
        boolean asksForWords = isSet(tokensCol()) || isSet(tagsCol());
        boolean asksForTexts = isSet(textCol()) || isSet(labelCol());
        if (asksForWords && asksForTexts) {
            throw new IllegalArgumentException(
                    "the columns must be those of one form: tokensCol and tagsCol, or textCol"
                            + " and labelCol, found several that are set; clear those of the other form");
        }
        boolean hasWords = asksForWords
                || (!asksForTexts && Arrays.asList(schema.fieldNames()).contains(getOrDefault(tokensCol())));
        TagColumns columns = hasWords
                ? new TagColumns(true, getOrDefault(tokensCol()), getOrDefault(tagsCol()))
                : new TagColumns(false, getOrDefault(textCol()), getOrDefault(labelCol()));
        columns.require(schema);
        return columns;
    }

    /**
     * Trains an adapter. The table is read several times; cache it if that is expensive.
     *
     * @param dataset the table
     * @return the base with the trained adapter
     * @throws IllegalArgumentException if a parameter is missing, a column is missing or has another type, or no row has a span
     * @throws org.lora4j.train.DivergedException if the loss or a parameter is no longer finite
     */
    @Override
    public LoRATagger fit(Dataset<?> dataset) {
        transformSchema(dataset.schema());
        TagColumns columns = columns(dataset.schema());
        Tag tag = new Tag(
                TaggedRows.tags(this, columns, dataset),
                Choice.of(Tag.SubWords.class, getOrDefault(subWords())),
                isDefined(maxTokens()) ? OptionalInt.of((int) getOrDefault(maxTokens())) : OptionalInt.empty());
        TaggedRows rows = new TaggedRows(
                this, columns, tag, List.of(tokensCol(), tagsCol(), textCol(), labelCol(), subWords(), maxTokens()));
        AdapterBytes adapter =
                new Training<>(this, rows, listener, dataset).run().adapter();
        LoRATagger tagger = new LoRATagger(Identifiable.randomUID("loraTagger"), adapter);
        BaseColumns.copyBase(this, tagger);
        BaseColumns.copy(this, textCol(), tagger, tagger.textCol());
        BaseColumns.copy(this, spansCol(), tagger, tagger.spansCol());
        return tagger.setParent(this);
    }

    /**
     * Checks the columns, and adds that of the spans that are found.
     *
     * @param schema the columns of a table
     * @return the columns of the transformed table
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public StructType transformSchema(StructType schema) {
        BaseColumns.requireBase(this);
        columns(schema);
        BaseColumns.requireRows(this, schema);
        TableColumns.requireNew(schema, "spansCol", getOrDefault(spansCol()));
        return schema.add(getOrDefault(spansCol()), FoundSpans.type(), true);
    }

    @Override
    public LoRATokenClassifier copy(ParamMap extra) {
        LoRATokenClassifier copy = defaultCopy(extra);
        copy.listener = listener;
        return copy;
    }

    /**
     * Returns what loads saved estimators.
     *
     * @return a reader
     */
    public static MLReader<LoRATokenClassifier> read() {
        return new DefaultParamsReader<>();
    }

    /**
     * Loads a saved estimator.
     *
     * @param path the folder
     * @return the estimator
     */
    public static LoRATokenClassifier load(String path) {
        return read().load(path);
    }
}
