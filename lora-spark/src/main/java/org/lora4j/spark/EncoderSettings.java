package org.lora4j.spark;

import java.io.Serializable;

/**
 * How an encoder becomes a network.
 *
 * @param head what it ends with
 * @param labels the number of classes of a new classifier; 0 for the classifier of the file
 * @param maxTokens the most tokens of a text; 0 for the most that tokenizer and encoder allow
 */
record EncoderSettings(EncoderHead head, int labels, int maxTokens) implements Serializable {}
