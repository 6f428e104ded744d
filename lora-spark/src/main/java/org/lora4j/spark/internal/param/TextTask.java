package org.lora4j.spark.internal.param;

/** What a language model computes of a row. */
public enum TextTask implements Choice {
    SCORE,
    GENERATE
}
