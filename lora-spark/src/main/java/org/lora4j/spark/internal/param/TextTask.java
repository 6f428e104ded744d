package org.lora4j.spark;

/** What a language model computes of a row. */
enum TextTask implements Choice {
    SCORE,
    GENERATE
}
