package org.lora4j.spark;

import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;

/**
 * The parameters of a transformer that say which adapters it uses, and how it adds the outputs.
 *
 * @serial exclude
 */
abstract class ScoringParams extends Model<LoRATransformer> {
    private static final long serialVersionUID = 1L;

    private static final String ARRAY = "array";
    private static final String VECTOR = "vector";

    private final String uid;
    private final Param<String> outputType;
    private final Param<String> adapterCol;
    private final Param<String> adapterFolder;
    private final Param<String> reasonCol;
    private final LongParam maxAdapterBytes;
    private final IntParam batchSize;

    ScoringParams(String uid) {
        this.uid = uid;
        TextParams texts = new TextParams(uid);
        outputType = texts.oneOf("outputType", "type of the outputs", ARRAY, VECTOR);
        adapterCol = texts.any("adapterCol", "column of the names of adapters; null stands for the base alone");
        adapterFolder = texts.any(
                "adapterFolder",
                "folder with a sub-folder for each adapter, on any file system of Hadoop that every executor reaches");
        reasonCol = texts.any("reasonCol", "column that tells why a row has no output, if handleInvalid is keep");
        maxAdapterBytes = new LongParam(
                uid,
                "maxAdapterBytes",
                "most bytes of the adapters that an executor has loaded (>= 0)",
                ParamValidators.gtEq(0));
        batchSize = new IntParam(
                uid, "batchSize", "number of rows that are computed together (>= 1)", ParamValidators.gtEq(1));
        setDefault(outputType, ARRAY);
        setDefault(reasonCol, "reason");
        setDefault(maxAdapterBytes, 256L << 20);
        setDefault(batchSize, 512);
    }

    @Override
    public String uid() {
        return uid;
    }

    /**
     * Returns the parameter of the type of the outputs.
     *
     * @return the parameter
     */
    public Param<String> outputType() {
        return outputType;
    }

    /**
     * Sets the type of the outputs.
     *
     * @param value array or vector
     * @return this
     */
    public LoRATransformer setOutputType(String value) {
        return (LoRATransformer) set(outputType, value);
    }

    /**
     * Returns the parameter of the column that names the adapter of each row.
     *
     * @return the parameter
     */
    public Param<String> adapterCol() {
        return adapterCol;
    }

    /**
     * Sets the column that names the adapter of each row.
     *
     * @param value a column of strings; null stands for the base alone
     * @return this
     */
    public LoRATransformer setAdapterCol(String value) {
        return (LoRATransformer) set(adapterCol, value);
    }

    /**
     * Returns the parameter of the folder in which each adapter has a sub-folder of its name.
     *
     * @return the parameter
     */
    public Param<String> adapterFolder() {
        return adapterFolder;
    }

    /**
     * Sets the folder in which each adapter has a sub-folder of its name.
     *
     * @param value a path of any file system of Hadoop. A path of {@code file:}, such as a mounted share, must be there on every
     *     executor
     * @return this
     */
    public LoRATransformer setAdapterFolder(String value) {
        return (LoRATransformer) set(adapterFolder, value);
    }

    /**
     * Returns the parameter of the column that tells why a row has no output.
     *
     * @return the parameter
     */
    public Param<String> reasonCol() {
        return reasonCol;
    }

    /**
     * Sets the column that tells why a row has no output.
     *
     * @param value a new column of strings, null where there is an output
     * @return this
     */
    public LoRATransformer setReasonCol(String value) {
        return (LoRATransformer) set(reasonCol, value);
    }

    /**
     * Returns the parameter of how many bytes the adapters that an executor has loaded may take.
     *
     * @return the parameter
     */
    public LongParam maxAdapterBytes() {
        return maxAdapterBytes;
    }

    /**
     * Sets how many bytes the adapters that an executor has loaded may take.
     *
     * @param value a number of bytes; those that were not used for the longest time are dropped
     * @return this
     */
    public LoRATransformer setMaxAdapterBytes(long value) {
        return (LoRATransformer) set(maxAdapterBytes, value);
    }

    /**
     * Returns the parameter of the number of rows that are computed together.
     *
     * @return the parameter
     */
    public IntParam batchSize() {
        return batchSize;
    }

    /**
     * Sets the number of rows that are computed together.
     *
     * @param value at least 1
     * @return this
     */
    public LoRATransformer setBatchSize(int value) {
        return (LoRATransformer) set(batchSize, value);
    }

    final boolean outputsVectors() {
        return getOrDefault(outputType).equals(VECTOR);
    }
}
